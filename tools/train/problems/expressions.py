"""Multiply out and collect: the answer is a polynomial in x."""
from . import latex
from .base import Problem

NAME = "Polynomials"
poly = latex.poly


def make(rng, level):
    """More brackets, then products of brackets."""
    sg = lambda: rng.choice((1, -1))
    a, b = rng.randint(2, 6), sg() * rng.randint(1, 7)
    c, d = sg() * rng.randint(2, 6), sg() * rng.randint(1, 7)
    p, q = rng.randint(2, 4), sg() * rng.randint(1, 7)
    lin = lambda k, t: poly((k, "x"), (t, ""))
    plus = lambda t: f"+{t}" if not t.startswith("-") else t
    if level == 1:                                    # a(px+b)+cx
        text = f"{a}({lin(p, b)}){plus(poly((c, 'x')))}"
        parts = [(a * p, "x"), (a * b, ""), (c, "x")]
    elif level == 2:                                  # a(px+b)+c(x+d)
        text = f"{a}({lin(p, b)}){plus(poly((c, '')))}({lin(1, d)})"
        parts = [(a * p, "x"), (a * b, ""), (c, "x"), (c * d, "")]
    elif level == 3:                                  # (x+b)(x+d)+cx
        text = f"({lin(1, b)})({lin(1, d)}){plus(poly((c, 'x')))}"
        parts = [(1, "x^2"), (d, "x"), (b, "x"), (b * d, ""), (c, "x")]
    elif level == 4:                                  # (px+b)(x+d)+c
        text = f"({lin(p, b)})({lin(1, d)}){plus(poly((c, '')))}"
        parts = [(p, "x^2"), (p * d, "x"), (b, "x"), (b * d, ""), (c, "")]
    else:                                             # (px+b)(x+d)+c(x+q)
        text = f"({lin(p, b)})({lin(1, d)}){plus(poly((c, '')))}({lin(1, q)})"
        parts = [(p, "x^2"), (p * d, "x"), (b, "x"), (b * d, ""), (c, "x"), (c * q, "")]
    total = {s: sum(v for v, t in parts if t == s) for s in ("x^2", "x", "")}
    answer = poly(*((total[s], s) for s in ("x^2", "x", "")))
    steps = [poly(*parts)]
    groups = [[(v, t) for v, t in parts if t == s] for s in ("x^2", "x", "")]
    for i in range(len(groups)):                      # collect one power of x a line
        line = poly(*(p for g in groups for p in g))
        if line not in steps and line != answer:
            steps.append(line)
        groups[i] = [(total[("x^2", "x", "")[i]], ("x^2", "x", "")[i])]
    steps.append(f"\\boxed{{{answer}}}")
    return Problem(f"Write ${text}$ as a polynomial.", steps, answer, {"answer": answer})


def check(problem, step, seen):
    """Every line is the same polynomial."""
    return latex.same_polynomial(step, problem.data["answer"])
