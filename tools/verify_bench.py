#!/usr/bin/env python3
"""Time and verdicts of Math-Verify on a file of pairs, to set beside bench_verify and `persamp verify`.

    python -m venv /somewhere/outside && /somewhere/outside/bin/pip install math-verify
    /somewhere/outside/bin/python tools/verify_bench.py pairs.jsonl --persamp build/persamp

Each line needs gold and response (or pred). Prints the median, the 99th percentile and the worst processor time per
response (parsing the response and comparing; parsing the gold answer apart), then, with --persamp, on how many lines
the two verdicts are the same, and the lines on which they are not.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time


def read(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                pair = json.loads(line)
                yield pair["gold"], pair.get("response", pair.get("pred"))


def quantile(times, q):
    return times[min(len(times) - 1, int(q * len(times)))]


def report(name, times):
    times = sorted(times)
    print(f"{name:10} median {quantile(times, 0.5) * 1e6:.1f} us, 99% {quantile(times, 0.99) * 1e6:.1f} us, "
          f"worst {times[-1] * 1e6:.1f} us")


def boxed(text):
    """A bare LaTeX answer needs delimiters for Math-Verify to see it."""
    return text if "$" in text or "\\boxed" in text else f"${text}$"


def run_math_verify(pairs):
    from math_verify import parse, verify

    verdicts, gold_times, times = [], [], []
    parse("$1$"), verify(parse("$1$"), parse("$2$"))  # load the parser's tables before anything is timed
    for gold, response in pairs:
        start = time.process_time()
        parsed_gold = parse(boxed(gold))
        middle = time.process_time()
        verdict = verify(parsed_gold, parse(response))
        times.append(time.process_time() - middle)
        gold_times.append(middle - start)
        verdicts.append(bool(verdict))
    report("gold", gold_times)
    report("response", times)
    return verdicts


def disagreements(command, pairs, verdicts):
    """The output of `persamp verify --mode math_verify` with Math-Verify's verdicts as the expected ones."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for (gold, response), verdict in zip(pairs, verdicts):
            file.write(json.dumps({"gold": gold, "response": response, "expected": verdict}) + "\n")
        file.flush()
        run = subprocess.run([command, "verify", "--pairs", file.name, "--mode", "math_verify", "--show"],
                             capture_output=True, text=True, check=False)
    return run.stdout + run.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", help="JSON lines with gold and response or pred")
    parser.add_argument("--persamp", help="the persamp command, to compare verdicts")
    arguments = parser.parse_args()
    pairs = list(read(arguments.pairs))
    verdicts = run_math_verify(pairs)
    if arguments.persamp:
        print(disagreements(arguments.persamp, pairs, verdicts), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
