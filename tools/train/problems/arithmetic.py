"""Sums of numbers and products: 7\\cdot8-13+24, one operation a line."""
from . import latex
from .base import Problem

NAME = "Arithmetic"


def make(rng, level):
    """level + 3 terms, half of them products of single digits."""
    n = level + 3
    products = set(rng.sample(range(n), n // 2))
    terms, total = [], 0
    for i in range(n):
        factors = ((rng.randint(2, 6), rng.randint(2, 9)) if i in products
                   else (rng.randint(2, 20),))
        size = factors[0] * factors[-1] if len(factors) == 2 else factors[0]
        sign = rng.choice((1, -1)) if i else 1
        if not -20 <= total + sign * size <= 80:
            sign = -sign
        terms.append((sign, factors))
        total += sign * size

    def write(parts):
        out = ""
        for sign, f in parts:
            out += ("-" if sign < 0 else "+" if out else "") + "\\cdot".join(map(str, f))
        return out

    text = f"Compute ${write(terms)}$."
    values = [(s * (f[0] * f[1] if len(f) == 2 else f[0])) for s, f in terms]
    steps, acc = [], values[0]
    flat = [(1 if v > 0 else -1, (abs(v),)) for v in values]
    steps.append(write(flat))
    for i in range(1, n - 1):
        acc += values[i]
        steps.append(write([(1 if acc >= 0 else -1, (abs(acc),))] + flat[i + 1:]))
    steps.append(f"\\boxed{{{total}}}")
    return Problem(text, steps, str(total), {"value": total})


def check(problem, step, seen):
    """Every line is an expression of the same value."""
    return latex.value(step) == problem.data["value"]
