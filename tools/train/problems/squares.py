"""ax^2+by^2=s in positive integers: choose x, and see whether a square is left for y."""
import re
from math import isqrt

from . import latex
from .base import Problem

NAME = "Sums of Squares"
poly = latex.poly


def _lines(a, b, s, x):
    """Choose x; divide what is left by b; its root with the excess, which should be 0."""
    left = s - a * x * x
    steps = [f"x={x}", f"{poly((b, 'y^2'))}={s}-{a * x * x}={left}"]
    if b > 1:
        steps.append(f"y^2={left // b}")
    y = isqrt(left // b)
    excess = left // b - y * y
    return steps + [f"{left // b}={y}^2+{excess}", f"{excess}=0", f"\\boxed{{({x},{y})}}"]


def _candidates(a, b, s):
    """Every x that leaves a positive multiple of b."""
    return [x for x in range(1, 13) if s - a * x * x > 0 and (s - a * x * x) % b == 0 and s - a * x * x < 100 * b]


def make(rng, level):
    """The number of x to choose from grows from 2 to 9; one of them leaves a square."""
    lo, hi = ((2, 2), (3, 3), (4, 4), (5, 5), (6, 9))[level - 1]
    while True:
        a, b = rng.randint(1, 9), rng.randint(1, 9)
        x, y = rng.randint(1, 9), rng.randint(1, 9)
        s = a * x * x + b * y * y
        options = _candidates(a, b, s)
        if s > 300 or not lo <= len(options) <= hi:
            continue
        if sum(isqrt((s - a * p * p) // b) ** 2 == (s - a * p * p) // b for p in options) == 1:
            break
    equation = f"${poly((a, 'x^2'), (b, 'y^2'))}={s}$"
    text = (f"Find positive integers $(x,y)$ with {equation}." if rng.random() < 0.5 else
            f"Solve {equation} in positive integers. Give $(x,y)$.")
    detours = [_lines(a, b, s, p) for p in options if p != x]
    return Problem(text, _lines(a, b, s, x), f"({x},{y})", {"x": x, "y": y}, 0, detours)


_ROOT = re.compile(r"(\d+)=(\d+)\^2\+(\d+)")


def check(problem, step, seen):
    """x is right, equations hold at the solution, the root is exact."""
    x, y = problem.data["x"], problem.data["y"]
    m = _ROOT.fullmatch(step)
    if m:
        return tuple(map(int, m.groups())) == (y * y, y, 0)
    if step == "0=0":
        return bool(seen) and bool(_ROOT.fullmatch(seen[-1]))
    sides = [latex.value(p, x=x, y=y) for p in step.split("=")]
    return len(sides) > 1 and ("x" in step or "y" in step) and len(set(sides)) == 1
