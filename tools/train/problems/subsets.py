"""Which of the given numbers have a given sum: choose, subtract, see what is left.

Each choice looks fine until the last difference is not 0. The numbers are taken
from the largest down, so a set has one way of being written.
"""
import re
from itertools import combinations

from .base import Problem

NAME = "Subset Sums"
_SIZES = ((5, 2), (7, 2), (5, 3), (6, 3), (7, 3))      # (numbers given, numbers wanted)
_WORDS = {2: "two", 3: "three"}


def _lines(total, picks):
    """total-p=rest for the picks from the largest down, what is left against 0, the answer."""
    steps, left = [], total
    for p in sorted(picks, reverse=True):
        steps.append(f"{left}-{p}={left - p}")
        left -= p
    return steps + [f"{left}=0", f"\\boxed{{({','.join(map(str, sorted(picks)))})}}"]


def make(rng, level):
    """More numbers to choose from; exactly one set has the sum."""
    n, k = _SIZES[level - 1]
    while True:
        given = rng.sample(range(3, 40), n)
        picks = sorted(rng.sample(given, k))
        total = sum(picks)
        if total < 100 and sum(sum(c) == total for c in combinations(given, k)) == 1:
            break
    listed = ", ".join(f"${g}$" for g in given[:-1]) + f" and ${given[-1]}$"
    text = f"Which {_WORDS[k]} of {listed} have the sum ${total}$? Give them in increasing order."
    down = picks[::-1]
    at = rng.randrange(k)                             # which choice goes astray
    wrong = [c for c in combinations(sorted(given, reverse=True), k)
             if list(c[:at]) == down[:at] and c[at] != down[at]]
    detours = [_lines(total, c) for c in wrong]
    return Problem(text, _lines(total, picks), f"({','.join(map(str, picks))})",
                   {"total": total, "picks": down}, at, detours)


_TAKE = re.compile(r"(\d+)-(\d+)=(-?\d+)")


def check(problem, step, seen):
    """The next of the right numbers is taken, and the difference is true."""
    picks, i = problem.data["picks"], len(seen)
    if i == len(picks):
        return step == "0=0"
    m = _TAKE.fullmatch(step)
    left = problem.data["total"] - sum(picks[:i])
    return bool(m) and i < len(picks) and tuple(map(int, m.groups())) == (left, picks[i], left - picks[i])
