"""Quadratics with integer roots by guessing a factor pair.

The line that splits the constant term looks fine with any factor pair. The next
lines add the pair and compare the sum with the linear coefficient.
"""
import re

from . import latex
from .base import Problem

NAME = "Quadratic Equations"
poly = latex.poly


def _bracket(r):
    """(x-r)"""
    return f"({poly((1, 'x'), (-r, ''))})"


def _lines(k, b, u, v, factor):
    """Solution of k(x^2+bx+uv) from the split u*v: roots -u and -v if u+v=b."""
    lo, hi = sorted((-u, -v))
    product = f"{_bracket(lo)}{_bracket(hi)}"
    number = lambda n: f"({n})" if n < 0 else str(n)
    steps = [f"{k}({poly((1, 'x^2'), (b, 'x'), (u * v, ''))}){'' if factor else '=0'}"] if k > 1 else []
    steps += [f"{u * v}={u}\\cdot{number(v)}", f"{u}+{number(v)}={u + v}", f"{u + v}={b}"]
    if factor:
        answer = f"{k if k > 1 else ''}{product}"
        return steps + [f"\\boxed{{{answer}}}"], answer
    answer = f"({lo},{hi})"
    return steps + [f"{product}=0", f"\\boxed{{{answer}}}"], answer


def _ordered(u, v):
    """The pair with the larger size last; ties by sign."""
    return tuple(sorted((u, v), key=lambda t: (abs(t), t)))


def make(rng, level):
    """Levels 1 and 2: one sign. Levels 3 to 5: mixed signs and more factor pairs."""
    lo, hi = ((4, 36), (8, 60), (6, 36), (18, 60), (36, 96))[level - 1]
    while True:
        u, v = rng.randint(1, 18), rng.randint(1, 18)
        if lo <= u * v <= hi:
            break
    if level <= 2:
        s = rng.choice((1, -1))
        u, v = s * u, s * v
    else:
        su, sv = rng.choice(((1, -1), (-1, 1), (1, -1), (-1, 1), (-1, -1), (1, 1)))
        u, v = su * u, sv * v
    u, v = _ordered(u, v)
    b, c = u + v, u * v
    k = rng.choice([k for k in (1, 1, 2, 3, 4) if k * abs(c) < 100])
    factor = rng.random() < 0.4
    quad = poly((k, "x^2"), (k * b, "x"), (k * c, ""))
    text = (f"Factor ${quad}$." if factor else
            f"Find the roots of ${quad}=0$ as a pair, smaller first." if rng.random() < 0.5 else
            f"Solve ${quad}=0$. Give the pair of roots, smaller first.")
    steps, answer = _lines(k, b, u, v, factor)
    detours = []
    for p in range(1, 19):
        if c % p == 0 and abs(c // p) <= 40:
            for q in (p, -p):
                pair = _ordered(q, c // q)
                lines, _ = _lines(k, b, *pair, factor)
                if pair != (u, v) and lines not in detours:
                    detours.append(lines)
    return Problem(text, steps, answer, {"k": k, "u": u, "v": v}, int(k > 1), detours)


_SPLIT = re.compile(r"(-?\d+)=(-?\d+)\\cdot\(?(-?\d+)\)?")
_SUM = re.compile(r"(-?\d+)\+\(?(-?\d+)\)?=(-?\d+)")


def check(problem, step, seen):
    """The pair named is the right one, the sum is right, the brackets multiply out."""
    k, u, v = (problem.data[n] for n in "kuv")
    m = _SPLIT.fullmatch(step)
    if m:
        c, p, q = map(int, m.groups())
        return c == u * v and sorted((p, q)) == sorted((u, v))
    m = _SUM.fullmatch(step)
    if m:
        p, q, s = map(int, m.groups())
        return sorted((p, q)) == sorted((u, v)) and s == u + v
    left, equals, right = step.partition("=")
    if not step.strip("-=0123456789"):                # the sum found against the coefficient
        return bool(equals) and left == right == str(u + v) and bool(seen) and bool(_SUM.fullmatch(seen[-1]))
    if equals and right != "0":
        return False
    given = poly((1, "x^2"), (u + v, "x"), (u * v, ""))
    return latex.same_polynomial(left, f"{k}({given})") or (
        bool(equals) and latex.same_polynomial(left, given))
