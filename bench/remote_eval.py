#!/usr/bin/env python3
"""What of a server's speed an evaluation gets: the same requests by `persamp eval` and by a bare load generator.

    bench/remote_eval.py [--problems 24] [--rounds 3] [--slots 8] [SETTING…]

A llama-server with the shipped model. One evaluation goes through a recorder, which keeps the bodies of its requests for
tokens. Then, by turns, the evaluation itself (in a new folder) and build/bench/bench_remote, which sends these bodies
with as many in flight and reads nothing. Both draw the same tokens, so the ratio of the times is that of the tokens a
second. Prints a line of JSON. Settings (--key=value) are the evaluation's.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/remote"))
from bare_load import recorder, replay  # noqa: E402
from servers import ROOT, Server  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--problems", type=int, default=24)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--slots", type=int, default=8)
options, settings = parser.parse_known_args()
COMMAND = os.environ.get("PERSAMP_COMMAND", str(ROOT / "build/persamp"))


def evaluate(url, folder):
    """(seconds that the problems took, tokens drawn for them)"""
    environment = dict(os.environ, NO_PROXY="*", OPENAI_BASE_URL="")
    subprocess.run([COMMAND, "eval", "--engine.type=openai", f"--engine.openai.base_url={url}/v1", "--limit",
                    str(options.problems), f"--evaluation.dataset_path={ROOT}/data/test.jsonl",
                    f"--evaluation.output_dir={folder}", *settings], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, env=environment)
    lines = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    seconds = json.loads((folder / "summary.json").read_text())["methods"][0]["seconds_of_last_run"]
    return seconds, sum(line["tokens"]["generated"] + line["tokens"]["discarded"] for line in lines)


def main():
    with tempfile.TemporaryDirectory(prefix="persamp-bench-") as place, \
            Server("llama-server", flags=["--parallel", str(options.slots)]) as server:
        place, kept = pathlib.Path(place), []
        with recorder(server, kept) as url:
            evaluate(url, place / "recorded")
        (place / "requests").write_text("".join(kept))
        ours, theirs, ratios = [], [], []
        for i in range(options.rounds):
            seconds, tokens = evaluate(server.url, place / f"run-{i}")
            bare = replay(server, place / "requests", options.slots)
            ours.append(tokens / seconds)
            theirs.append(tokens / bare)
            ratios.append(bare / seconds)
        print(json.dumps({"name": "eval over llama-server beside a bare load generator",
                          "ratio": round(statistics.median(ratios), 3), "ours": round(statistics.median(ours)),
                          "theirs": round(statistics.median(theirs)), "unit": "tokens/s", "requests": len(kept),
                          "runs": options.rounds}))


main()
