"""Powers modulo m by squaring: each line is c*b^e, congruent to the first."""
from . import latex
from .base import Problem

NAME = "Powers Modulo m"


def make(rng, level):
    """The exponent, so the number of squarings, grows with the level."""
    lo, hi = ((16, 63), (32, 99), (64, 255), (128, 511), (256, 999))[level - 1]
    m = rng.randint(5, (12, 12, 13, 13, 13)[level - 1])
    base, e = rng.randint(2, m - 1), rng.randint(lo, hi)
    answer = pow(base, e, m)
    text = f"Find the remainder of ${base}{latex.power(e)}$ modulo ${m}$."
    steps, c, b, n = [], 1, base, e
    while n > 1:
        if n % 2:
            c = c * b % m
        b, n = b * b % m, n // 2
        last = f"{b}{latex.power(n)}" if n > 1 else f"{b}"
        steps.append((f"{c}\\cdot" if c != 1 else "") + last)
        if b in (0, 1) or c == 0:
            break
    steps.append(f"\\boxed{{{answer}}}")
    return Problem(text, steps, str(answer), {"m": m, "value": answer})


def check(problem, step, seen):
    """Every line is congruent to the power modulo m."""
    v = latex.value(step)
    return v.denominator == 1 and int(v) % problem.data["m"] == problem.data["value"]
