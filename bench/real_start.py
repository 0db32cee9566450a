#!/usr/bin/env python3
"""What a user waits for and what it costs in memory: `persamp serve` beside llama-server, the same GGUF file.

    bench/real_start.py MODEL.gguf [--rounds 3] [--setting=value…]

By turns each is started alone. Seconds from its start until it answers /health (the file is in the page cache from the
first turn on, which is not counted). Seconds to the first step of 8 answers to a question it has not seen: of persamp
the first iteration of a search by 8 particles; of llama-server 8 streams at once until each has written as many tokens
as a first step of persamp's has in the mean. Then the memory that is the process's own (RssAnon), and with the file's
pages that it has touched (VmHWM). Prints a line of JSON for each, medians over the rounds, ratio = llama-server's ÷ ours.
PERSAMP (build/persamp) is the command. Settings are persamp's.
"""
import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
ANSWERS, PATIENCE = 8, 300


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def healthy(port):
    try:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        link.request("GET", "/health")
        return link.getresponse().status == 200
    except OSError:
        return False


@contextlib.contextmanager
def started(command, port, **environment):
    """(process, seconds until it was ready)"""
    with tempfile.NamedTemporaryFile(prefix="real-start-") as log:
        begin = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                   env=dict(os.environ, **environment))
        try:
            while not healthy(port):
                if process.poll() is not None or time.monotonic() - begin > PATIENCE:
                    sys.exit(f"{command[0]} is not ready:\n" + pathlib.Path(log.name).read_text()[-2000:])
                time.sleep(0.01)
            yield process, time.monotonic() - begin
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def chunks(port, question, **fields):
    """What a stream sends, an object at a time."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    body = {"messages": [{"role": "user", "content": question}], "stream": True, **fields}
    link.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    answer = link.getresponse()
    if answer.status != 200:
        sys.exit(f"{answer.status}: {answer.read(500).decode()}")
    try:
        for line in answer:
            if line.startswith(b"data: {"):
                yield json.loads(line[6:])
    finally:
        link.close()


def first_iteration(port, question):
    """Tokens of a first step in the mean."""
    for chunk in chunks(port, question, persamp={"events": True}):
        event = chunk.get("persamp", {}).get("event")
        if event:
            return event["tokens"] / ANSWERS
    sys.exit("the search ended without an iteration")


def written(port, question, tokens, seed):
    """Read one stream until it has written so many tokens."""
    n = 0
    for chunk in chunks(port, question, seed=seed, temperature=0.7, top_p=0.95):
        n += bool(chunk.get("choices") and chunk["choices"][0]["delta"].get("content"))
        if n >= tokens:
            return


def memory(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    kib = {name: int(value) for name, value in re.findall(r"(\w+):\s+(\d+) kB", status)}
    return {"own_memory": kib["RssAnon"] / 1024, "peak_memory": kib["VmHWM"] / 1024}


def llama_server():
    """Where tests/servers has installed it."""
    cache = pathlib.Path(os.environ.get("PERSAMP_SERVERS_CACHE")
                         or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "persamp-servers")
    for path in sorted(cache.glob("llama-server-*/lib/python3*/site-packages/*/bin/llama-server")):
        return str(path)
    sys.exit("llama-server is not installed: tests/servers/start-llama-server MODEL.gguf does it")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=3)
    options, settings = parser.parse_known_args()
    persamp = os.environ.get("PERSAMP", str(ROOT / "build/persamp"))
    theirs = llama_server()
    questions = [json.loads(line)["problem"] for line in (ROOT / "data/test.jsonl").read_text().splitlines()]
    turns = []
    for turn in range(options.rounds + 1):
        question, ours, other = questions[turn], {}, {}
        port = free_port()
        with started([persamp, "serve", f"--serve.port={port}", f"--models.generator.model_path={options.model}",
                      f"--generation.n_particles={ANSWERS}", *settings], port) as (process, seconds):
            begin = time.monotonic()
            tokens = first_iteration(port, question)
            ours = {"load": seconds, "first_step": time.monotonic() - begin, **memory(process)}
        port = free_port()
        with started([theirs, "-m", options.model, "--host", "127.0.0.1", "--port", str(port), "--parallel", str(ANSWERS),
                      "-c", "16384"], port, LD_LIBRARY_PATH=str(pathlib.Path(theirs).parent)) as (process, seconds):
            begin = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(ANSWERS) as pool:
                list(pool.map(lambda seed: written(port, question, tokens, seed), range(ANSWERS)))
            other = {"load": seconds, "first_step": time.monotonic() - begin, **memory(process)}
        print(f"turn {turn}: a first step of {tokens:.1f} tokens", ours, other, file=sys.stderr)
        turns.append((ours, other))
    for name, unit in (("load", "s"), ("first_step", "s"), ("own_memory", "MiB"), ("peak_memory", "MiB")):
        ours, other = ([t[side][name] for t in turns[1:]] for side in (0, 1))
        print(json.dumps({"name": name, "ratio": round(statistics.median(b / a for a, b in zip(ours, other)), 2),
                          "ours": round(statistics.median(ours), 3), "theirs": round(statistics.median(other), 3),
                          "unit": unit, "runs": len(ours)}))


if __name__ == "__main__":
    main()
