"""Equations with absolute values: choose a case, solve, see whether x lies in it."""
import re
from fractions import Fraction

from . import latex
from .base import Problem

NAME = "Absolute Values"
poly, frac = latex.poly, latex.frac


def _holds(case, x):
    lo, hi = case
    return (lo is None or x >= lo) and (hi is None or x < hi)


def _case(case, v="x"):
    lo, hi = case
    if lo is None:
        return f"{v}<{hi}"
    return f"{v}\\ge{lo}" if hi is None else f"{lo}\\le{' ' * (v == 'x')}{v}<{hi}"


def _solve(knots, m, n, s, case):
    """In the case: coefficients (cx, c0) of sum |x-k| + mx + n, or None if no single x."""
    lo = case[0]
    cx, c0, opened = m, n, []
    for k in knots:
        sign = 1 if lo is not None and lo >= k else -1
        opened += [(sign, "x"), (-sign * k, "")]
        cx += sign
        c0 -= sign * k
    return opened, cx, c0


def _lines(knots, m, n, s, case):
    opened, cx, c0 = _solve(knots, m, n, s, case)
    if cx == 0:
        return None, None
    x = Fraction(s - c0, cx)
    steps = [_case(case), f"{poly(*opened, (m, 'x'), (n, ''))}={s}"]
    steps.append(f"{poly((cx, 'x'), (c0, ''))}={s}")
    if c0:
        steps.append(f"{poly((cx, 'x'))}={s - c0}")
    if cx != 1:
        steps.append(f"x={frac(x)}")
    steps += [_case(case, frac(x)), f"\\boxed{{{frac(x)}}}"]
    return steps, x


def make(rng, level):
    """One absolute value up to level 3, two above; exactly one solution."""
    while True:
        count = 1 if level <= 3 else 2
        knots = sorted(rng.sample(range(1, 11), count))
        m = rng.choice((2, 3, 4, 5) if level in (1, 4) else (2, 3, 4, 5, -2, -3, -4, -5))
        if level >= 4:
            m = rng.choice((3, 4, 5, 6) if level == 4 else (1, 3, 4, 5, -1, -3, -4, -5))
        n = 0 if level in (1, 4) else rng.choice((1, -1)) * rng.randint(1, 9)
        s = rng.randint(-20, 40)
        edges = [None] + knots + [None]
        cases = list(zip(edges[:-1], edges[1:]))
        found = [(c, *_lines(knots, m, n, s, c)) for c in cases]
        if any(steps is None for _, steps, _ in found):
            continue
        right = [(c, steps, x) for c, steps, x in found if _holds(c, x)]
        wrong = [steps for c, steps, x in found if not _holds(c, x)]
        ok = all(x.denominator <= 6 and abs(x.numerator) <= 20 for _, _, x in found)
        if len(right) == 1 and ok and (right[0][2].denominator == 1 or rng.random() < 0.4):
            break
    case, steps, x = right[0]
    bars = "+".join(f"|{poly((1, 'x'), (-k, ''))}|" for k in knots)
    rest = poly((m, "x"), (n, ""))
    text = f"Solve ${bars}{rest if m < 0 else '+' + rest}={s}$ for $x$."
    return Problem(text, steps, frac(x), {"x": x, "case": _case(case)}, 0, wrong)


_RELATION = re.compile(r"(?:(-?\d+)\\le ?)?([^<\\=]+|-?\\frac\{\d+\}\{\d+\})(?:(<|\\ge)(-?\d+))?")


def check(problem, step, seen):
    """The case contains x; equations hold at x and only there; the comparison is true."""
    x = problem.data["x"]
    if "=" in step:
        left, right = step.split("=")
        return (latex.value(left, x=x) == latex.value(right, x=x)
                and latex.value(left, x=x + 1) != latex.value(right, x=x + 1))
    m = _RELATION.fullmatch(step)
    if not m:
        return False
    lo, middle, op, bound = m.groups()
    if step != problem.data["case"] and middle == "x":
        return False
    v = latex.value(middle, x=x)
    if v != x or (lo is None and op is None):
        return False
    return ((lo is None or int(lo) <= v)
            and (op is None or (v < int(bound) if op == "<" else v >= int(bound))))
