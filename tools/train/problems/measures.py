"""Percent problems and angles of triangles: answers with a unit."""
import re

from . import latex
from .base import Problem

NAME = "Percent and Angles"
poly = latex.poly
_PERCENT = (5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80)


def make(rng, level):
    """Levels 1, 2: a percentage; 3 to 5: 3 to 5 changes of a price; half are angles."""
    if rng.random() < (0.2, 0.5, 0.5, 0.5, 0.5)[level - 1]:
        return _angles(rng, level)
    if level <= 2:
        return _what_percent(rng) if rng.random() < 0.5 else _percent_of(rng)
    return _price(rng, level)


def _what_percent(rng):
    while True:
        whole, pct = rng.randint(4, 100), rng.randint(1, 99)
        if whole * pct % 100 == 0:
            break
    part = whole * pct // 100
    steps = [f"\\frac{{{part}}}{{{whole}}}"]
    reduced = latex.frac(latex.Fraction(part, whole))
    if reduced != steps[0]:
        steps.append(reduced)
    den = latex.Fraction(part, whole).denominator
    if den != 100:
        steps.append(f"\\frac{{{pct}}}{{100}}")
    steps.append(f"\\boxed{{{pct}\\%}}")
    return Problem(f"What percent of ${whole}$ is ${part}$?", steps, f"{pct}\\%",
                   {"value": latex.Fraction(part, whole)})


def _percent_of(rng):
    while True:
        whole, pct = rng.randint(4, 100), rng.randint(1, 99)
        if whole * pct % 100 == 0:
            break
    q = latex.Fraction(pct, 100)
    steps = [f"\\frac{{{pct}}}{{100}}\\cdot{whole}", f"{latex.frac(q)}\\cdot{whole}",
             f"{q.numerator}\\cdot{whole // q.denominator}", f"\\boxed{{{whole * pct // 100}}}"]
    return Problem(f"What is ${pct}\\%$ of ${whole}$?", steps, str(whole * pct // 100),
                   {"value": q * whole})


def _price(rng, changes):
    """A chain of percent changes that stays in whole numbers."""
    while True:
        price = start = rng.choice(range(20, 97, 2))
        told, states, lines = [], [start], []
        for _ in range(changes):
            pct, up = rng.choice(_PERCENT), rng.random() < 0.5
            if price * pct % 100 or not 5 <= price + (price * pct // 100) * (1 if up else -1) <= 99:
                break
            delta = price * pct // 100
            new = price + delta if up else price - delta
            told.append(f"{'rises' if up else 'falls'} by ${pct}\\%$")
            lines.append(f"{price}{'+' if up else '-'}{delta}={new}")
            states.append(new)
            price = new
        if len(told) == changes:
            break
    text = f"A price of ${start}$ {', then '.join(told)}. What is it now?"
    return Problem(text, lines + [f"\\boxed{{{price}}}"], str(price), {"states": states})


def _angles(rng, level):
    """Angles ax+b of a triangle; which one is the largest is chosen first."""
    parts = 2 if level <= 2 else 3
    while True:
        x = rng.randint(5, 30)
        coef = [rng.randint(1, 4) for _ in range(3)]
        const = [rng.choice((1, -1)) * rng.randint(1, 40) if i < parts and level > 1 else 0 for i in range(3)]
        if level > 1:
            const[2] = 180 - sum(c * x for c in coef) - const[0] - const[1]
        sizes = [c * x + k for c, k in zip(coef, const)]
        if (sum(sizes) == 180 and min(sizes) >= 10 and abs(const[2]) <= 60
                and sorted(sizes)[2] > sorted(sizes)[1] and len(set(zip(coef, const))) == 3):
            break
    terms = [poly((c, "x"), (k, "")) for c, k in zip(coef, const)]
    text = (f"A triangle has angles ${terms[0]}$, ${terms[1]}$ and ${terms[2]}$ degrees. "
            f"Find the largest.")
    total, rest = sum(coef), sum(const)

    def lines(i):
        out = [terms[i]]
        if rest:
            out.append(f"{poly((total, 'x'), (rest, ''))}=180")
        out.append(f"{total}x={180 - rest}")
        out.append(f"x={x}")
        if const[i]:
            out.append(f"{coef[i] * x}{const[i]:+d}={sizes[i]}")
        return out + [f"\\boxed{{{sizes[i]}^\\circ}}"]

    best = max(range(3), key=lambda i: sizes[i])
    detours = [lines(i) for i in range(3) if i != best and coef[i] * x + const[i] > 0]
    return Problem(text, lines(best), f"{sizes[best]}^\\circ",
                   {"x": x, "term": terms[best], "size": sizes[best]}, 0, detours)


def check(problem, step, seen):
    """Percent: value kept; price: next state of the chain; angles: holds at x."""
    d = problem.data
    if "value" in d:
        return latex.value(step) == d["value"]
    if "states" in d:
        left, right = step.split("=")
        start, end = d["states"][len(seen)], d["states"][len(seen) + 1]
        m = re.match(r"\d+", left)
        return m and int(m.group()) == start and latex.value(left) == latex.value(right) == end
    if "=" not in step:
        return not seen and latex.same_polynomial(step, d["term"])
    left, right = step.split("=")
    if "x" in left:
        return (latex.value(left, x=d["x"]) == latex.value(right)
                and latex.value(left, x=d["x"] + 1) != latex.value(right))
    return latex.value(left) == latex.value(right) == d["size"]
