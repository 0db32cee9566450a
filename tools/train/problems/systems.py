"""Two equations in positive integers: choose x from the first, check the second.

Several x give a whole positive y in the first equation; only the check of the
second equation, three lines later, shows whether the choice was right.
"""
import re

from . import latex
from .base import Problem

NAME = "Systems of Equations"
poly = latex.poly


def _lines(eq1, eq2, x, y):
    a, b, s = eq1
    c, d, t = eq2
    first = poly((c * x, ""))
    check = f"{first}{'+' if d > 0 else '-'}{abs(d * y)}={c * x + d * y}"
    return [f"x={x}", f"{poly((b, 'y'))}={s}-{a * x}={s - a * x}" if b > 1
            else f"y={s}-{a * x}={s - a * x}"] + (
            [f"y={y}"] if b > 1 else []) + [check, f"{c * x + d * y}={t}", f"\\boxed{{({x},{y})}}"]


def _candidates(a, b, s):
    return [(x, (s - a * x) // b) for x in range(1, 13)
            if s - a * x > 0 and (s - a * x) % b == 0 and (s - a * x) // b <= 20]


def make(rng, level):
    """The number of x to choose from grows from 2 to 6."""
    lo, hi = ((2, 2), (2, 3), (3, 4), (4, 5), (5, 6))[level - 1]
    while True:
        a, b = rng.randint(1, 6), rng.randint(1, 6)
        x, y = rng.randint(1, 9), rng.randint(1, 10)
        c, d = rng.randint(1, 4), rng.choice((1, -1)) * rng.randint(1, 4)
        s = a * x + b * y
        options = _candidates(a, b, s)
        if s > 60 or not lo <= len(options) <= hi or a * d == b * c:
            continue
        t = c * x + d * y
        if all(abs(c * p + d * q) < 100 for p, q in options):
            break
    eq1, eq2 = (a, b, s), (c, d, t)
    text = (f"Find positive integers $(x,y)$ with ${poly((a, 'x'), (b, 'y'))}={s}$ "
            f"and ${poly((c, 'x'), (d, 'y'))}={t}$.")
    detours = [_lines(eq1, eq2, p, q) for p, q in options if p != x]
    return Problem(text, _lines(eq1, eq2, x, y), f"({x},{y})",
                   {"x": x, "y": y, "eq1": eq1, "eq2": eq2}, 0, detours)


_CHECK = re.compile(r"(-?\d+)([+-]\d+)=(-?\d+)")


def check(problem, step, seen):
    """Claims about x and y hold; the check line has the second equation's terms."""
    x, y = problem.data["x"], problem.data["y"]
    m = _CHECK.fullmatch(step)
    if m:
        p, q, t = map(int, m.groups())
        c, d, want = problem.data["eq2"]
        return (p, q, t) == (c * x, d * y, want)
    if not step.strip("-=0123456789"):                # the value found against the one asked
        return bool(seen) and bool(_CHECK.fullmatch(seen[-1])) and step == f"{problem.data['eq2'][2]}={problem.data['eq2'][2]}"
    sides = [latex.value(p, x=x, y=y) for p in step.split("=")]
    return len(sides) > 1 and ("x" in step or "y" in step) and len(set(sides)) == 1
