"""Sums and differences of two to five fractions."""
from fractions import Fraction
from math import lcm

from . import latex
from .base import Problem

NAME = "Fractions"


def make(rng, level):
    """Two to five fractions; the common denominator grows."""
    count, top = ((2, 24), (3, 12), (3, 24), (4, 24), (5, 24))[level - 1]
    while True:
        dens = [rng.randint(2, 12 if level > 1 else 6) for _ in range(count)]
        common = lcm(*dens)
        if common > top or len(set(dens)) < 2 if count == 2 or common <= 12 else 3:
            continue
        nums = [rng.randint(1, 9) for _ in dens]
        signs = [1] + [rng.choice((1, -1)) for _ in dens[1:]]
        if any(Fraction(n, d).denominator != d for n, d in zip(nums, dens)):
            continue
        scaled = [s * n * (common // d) for s, n, d in zip(signs, nums, dens)]
        if max(map(abs, scaled)) <= 50 and sum(scaled):
            break
    text = ""
    for s, n, d in zip(signs, nums, dens):
        text += ("-" if s < 0 else "+" if text else "") + f"\\frac{{{n}}}{{{d}}}"
    total = Fraction(sum(scaled), common)
    steps = [f"\\frac{{{latex.poly(*((v, '') for v in scaled))}}}{{{common}}}",
             f"\\frac{{{sum(scaled)}}}{{{common}}}",
             f"\\boxed{{{latex.frac(total)}}}"]
    for i in range(2, count):
        joined = str(sum(scaled[:i])) + "".join(f"{v:+d}" for v in scaled[i:])
        steps.insert(i - 1, f"\\frac{{{joined}}}{{{common}}}")
    return Problem(f"Compute ${text}$ in lowest terms.", steps, latex.frac(total),
                   {"value": total})


def check(problem, step, seen):
    """Every line is an expression of the same value."""
    return latex.value(step) == problem.data["value"]
