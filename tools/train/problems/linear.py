"""Linear equations in x; the answer is an integer or a fraction of either sign."""
from fractions import Fraction

from . import latex
from .base import Problem

NAME = "Linear Equations"
poly, frac = latex.poly, latex.frac


def _coef(rng, lo=2, hi=9):
    return rng.randint(lo, hi)


def make(rng, level):
    """Brackets and both sides come in with the level."""
    while True:
        p = _try(rng, level)
        if p:
            return p


def _try(rng, level):
    sg = lambda: rng.choice((1, -1))
    a, b = _coef(rng, 2, 6), sg() * _coef(rng, 1, 7)
    c, d = sg() * _coef(rng, 2, 5), sg() * _coef(rng, 1, 7)
    e, f = (sg() * _coef(rng, 2, 6) if level != 3 else 0), sg() * rng.randint(1, 25)
    steps = []
    right = poly((e, "x"), (f, ""))
    opened = right
    if level == 5:                                   # ex+f is g(x+h)+f
        h = sg() * rng.randint(1, 7)
        right = f"{e}({poly((1, 'x'), (h, ''))}){f:+d}"
        opened = poly((e, "x"), (e * h, ""), (f, ""))
        f += e * h
    if level == 1:                                   # ax+b = ex+f
        left, lx, lc = poly((a, "x"), (b, "")), a, b
    elif level == 2:                                 # a(x+b) = ex+f
        left, lx, lc = f"{a}({poly((1, 'x'), (b, ''))})", a, a * b
        steps.append(f"{poly((lx, 'x'), (lc, ''))}={right}")
    else:                                            # a(x+b)+c(x+d) = ex+f
        left = f"{a}({poly((1, 'x'), (b, ''))}){'+' if c > 0 else '-'}{abs(c)}({poly((1, 'x'), (d, ''))})"
        steps.append(f"{poly((a, 'x'), (a * b, ''), (c, 'x'), (c * d, ''))}={opened}")
        lx, lc = a + c, a * b + c * d
        steps.append(f"{poly((lx, 'x'), (lc, ''))}={poly((e, 'x'), (f, ''))}")
    m, n = lx - e, f - lc
    if m == 0 or lx == 0:
        return None
    x = Fraction(n, m)
    if x.denominator > 9 or abs(x.numerator) > 20 or abs(n) > 60:
        return None
    if x.denominator > 1 and rng.random() < 0.5:     # keep most answers whole
        return None
    if e:
        steps.append(f"{poly((lx, 'x'))}={poly((e, 'x'), (n, ''))}")
    steps.append(f"{poly((m, 'x'))}={n}")
    steps.append(f"\\boxed{{{frac(x)}}}")
    return Problem(f"Solve ${left}={right}$ for $x$.", steps, frac(x), {"x": x})


def check(problem, step, seen):
    """The line is an equation that holds at the solution and nowhere else."""
    left, right = step.split("=")
    x = problem.data["x"]
    return (latex.value(left, x=x) == latex.value(right, x=x)
            and latex.value(left, x=x + 1) != latex.value(right, x=x + 1))
