#!/usr/bin/env python3
"""bench/confidence.py RESULTS.jsonl…: how sure a result should say it is where its share of draws is an estimate.

The estimate of `answer.confidence: draws` is held back by a prior and by a root of the estimate of all answers
(docs/compare.md). Of the results in the files that have draws this prints, for a grid of the two, the Brier score of the
best answer's confidence, and beside it that of its weight and of the bare estimate; then how many are right by
the size of the estimate of all. (Of all that have an answer: what persamp itself counts has those without one, too.)

    bench/confidence.py runs/choose/equal/results.persistent.2480-tokens.seed-42.jsonl
"""
import json
import math
import sys

PRIORS = (0, 0.25, 0.5, 1)
ROOTS = (1, 10, 15, 20, 30, math.inf)


def read(path):
    """Of each result: right or not, the chosen class's weight and draws, all draws, and how much was seen."""
    for line in open(path):
        r = json.loads(line)
        classes = r.get("answers") or []
        chosen = [c for c in classes if c["answer"] == r.get("pred_best")]
        if r.get("error") or not chosen or chosen[0].get("draws") is None:
            continue
        shared = 1 if r["shared_text"] is None else r["shared_text"]
        yield {
            "right": r["correct_best"],
            "weight": chosen[0]["weight"],
            "draws": chosen[0]["draws"],
            "all": min(1, sum(c["draws"] for c in classes)),
            "seen": 1 + (sum(c["votes"] for c in classes) - 1) * (1 - shared),
        }


def held_back(r, prior, root):
    share = r["draws"] / r["all"] if r["all"] > 0 else 0
    return (r["seen"] * share + prior) / (r["seen"] + 2 * prior) * r["all"] ** (1 / root)


def brier(results, confidence):
    return sum((confidence(r) - r["right"]) ** 2 for r in results) / len(results)


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    results = [r for path in sys.argv[1:] for r in read(path)]
    if not results:
        sys.exit("no result in these files has draws: they are of searches and votes with log-probabilities alone")
    print(f"{len(results)} results, {sum(r['right'] for r in results)} right")
    print(f"weight {brier(results, lambda r: r['weight']):.3f}, bare estimate {brier(results, lambda r: r['draws']):.3f}")
    print("prior, root " + "".join(f"{root:8g}" for root in ROOTS))
    for prior in PRIORS:
        row = (brier(results, lambda r, root=root: held_back(r, prior, root)) for root in ROOTS)
        print(f"{prior:11g} " + "".join(f"{score:8.3f}" for score in row))
    for low, high in ((0, 1e-6), (1e-6, 1e-4), (1e-4, 1e-2), (1e-2, 1)):
        some = [r["right"] for r in results if low <= r["all"] < high or (high == 1 and r["all"] == 1)]
        if some:
            print(f"estimate of all from {low:g} to {high:g}: {sum(some)} of {len(some)} right")


if __name__ == "__main__":
    main()
