#!/usr/bin/env python3
"""Write a balanced set of problems as JSON lines.

    python tools/train/generate.py --split test --n 500 --seed 7 --out FILE

A problem's split is decided by a hash of its normalised text (10% test, 10%
validation, the rest training), so sets of any seed and size never share a
problem with another split.
"""
import argparse
import hashlib
import itertools
import json
import random
import sys

from problems import KINDS, LEVELS


def normalise(text):
    """Text without spaces and case: two problems are the same if these agree."""
    return "".join(text.split()).lower()


def split_of(text):
    h = hashlib.sha256(normalise(text).encode()).digest()[0]
    return "test" if h < 26 else "validation" if h < 52 else "train"


def draw(rng, split, kind=None, level=None):
    """One random problem of the split."""
    while True:
        k, l = kind or rng.choice(sorted(KINDS)), level or rng.choice(LEVELS)
        p = KINDS[k].make(rng, l)
        if split_of(p.text) == split:
            p.kind, p.level = k, l
            return p


def problem_set(split, n, seed, exclude=()):
    """n problems, no two alike, balanced over kinds and levels (order: round robin).

    A kind has only so many problems of a level; one that has no more new ones is
    left out from then on, and named on standard error.
    """
    rng = random.Random(f"{split}/{seed}")
    seen, out = {normalise(t) for t in exclude}, []
    cells = [(k, l) for l in LEVELS for k in sorted(KINDS)]
    spent = set()
    for turn in itertools.count():
        kind, level = cells[turn % len(cells)]
        if len(out) == n:
            return out
        if len(spent) == len(cells):
            raise SystemExit(f"only {len(out)} new problems are left; ask for no more")
        if (kind, level) in spent:
            continue
        for _ in range(10000):
            p = draw(rng, split, kind, level)
            if normalise(p.text) not in seen:
                break
        else:
            spent.add((kind, level))
            print(f"{kind} level {level} has no more new problems and is left out", file=sys.stderr)
            continue
        seen.add(normalise(p.text))
        p.unique_id = f"{split}/{kind}/{level}/{turn // len(cells)}"
        out.append(p)


def record(p):
    return {"problem": p.text, "solution": p.solution, "answer": p.answer,
            "subject": KINDS[p.kind].NAME, "level": p.level, "unique_id": p.unique_id}


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--split", choices=("train", "validation", "test"), default="test")
    a.add_argument("--n", type=int, default=500)
    a.add_argument("--seed", type=int, default=0)
    a.add_argument("--exclude", action="append", default=[], help="JSON lines whose problems must not occur")
    a.add_argument("--out", required=True)
    args = a.parse_args()
    taken = [json.loads(line)["problem"] for f in args.exclude for line in open(f)]
    with open(args.out, "w") as f:
        for p in problem_set(args.split, args.n, args.seed, taken):
            f.write(json.dumps(record(p)) + "\n")


if __name__ == "__main__":
    main()
