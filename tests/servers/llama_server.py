#!/usr/bin/env python3
"""llama.cpp's own server, out of the Python package that has it built for any x86-64: until SIGTERM or SIGINT.

    llama_server.py MODEL.gguf PORT [--api-key KEY] [--parallel 8] [--context 16384] [--threads 1]

The context is that of all slots together. One thread: on busy cores more of them wait for each other.
"""
import argparse
import signal

import xllamacpp

a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
a.add_argument("model")
a.add_argument("port", type=int)
a.add_argument("--api-key")
a.add_argument("--parallel", type=int, default=8)
a.add_argument("--context", type=int, default=16384)
a.add_argument("--threads", type=int, default=1)
args = a.parse_args()

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
set_up = xllamacpp.CommonParams()
set_up.model.path, set_up.hostnames, set_up.port = args.model, ["127.0.0.1"], args.port
set_up.n_parallel, set_up.n_ctx, set_up.warmup = args.parallel, args.context, False
set_up.cpuparams.n_threads = set_up.cpuparams_batch.n_threads = args.threads
set_up.endpoint_metrics = True
set_up.api_keys = [args.api_key] if args.api_key else []
server = xllamacpp.Server(set_up)
signal.sigwait([signal.SIGTERM, signal.SIGINT])
