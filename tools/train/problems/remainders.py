"""Systems of remainders: guess k in n = qk+b, divide by p, compare with what was asked.

With three moduli there are two such guesses, the second on top of the first.
"""
import re

from . import latex
from .base import Problem

NAME = "Systems of Remainders"


def _lines(moduli, wanted, ks):
    """moduli (q, p, ...) and the remainders wanted; start from n = wanted[0] mod q and choose ks in turn."""
    q, n, steps = moduli[0], wanted[0], []
    for p, asked, k in zip(moduli[1:], wanted[1:], ks):
        steps.append(f"n={q}\\cdot{k}+{n}")
        n += q * k
        steps += [f"n={n}", f"{n}={p}\\cdot{n // p}+{n % p}", f"{n % p}={asked}"]
        q *= p
    return steps + [f"\\boxed{{{n}}}"]


_MODULI = {1: ((4, 3), (5, 3), (7, 3), (8, 3), (10, 3), (11, 3), (5, 4), (7, 4), (9, 4)),
           2: ((6, 5), (7, 5), (8, 5), (9, 5), (11, 5), (12, 5), (7, 6), (11, 6)),
           3: ((9, 7), (10, 7), (11, 7), (12, 7), (8, 7), (9, 8), (11, 8)),
           4: ((4, 3, 5), (5, 3, 4), (5, 4, 3), (7, 3, 2), (5, 3, 2), (7, 2, 3), (9, 5, 2)),
           5: ((7, 3, 4), (7, 4, 3), (7, 3, 5), (7, 5, 3), (5, 3, 7), (9, 2, 5), (8, 3, 5))}


def make(rng, level):
    """The number of k to choose from grows; levels 4 and 5 have three moduli."""
    moduli = rng.choice(_MODULI[level])
    total = 1
    for m in moduli:
        total *= m
    n = rng.randrange(total)
    q, ks, wanted = moduli[0], [], [n % m for m in moduli]
    for p in moduli[1:]:
        ks.append(n % (q * p) // q)
        q *= p
    told = [(n % m, m) for m in moduli[::-1]]
    form = rng.randrange(2)
    if form == 0:
        listed = [f"$n\\equiv{a}\\pmod{{{m}}}$" for a, m in told]
        text = f"Find the least $n\\ge0$ with {', '.join(listed)}."
    else:
        listed = [f"${a}$ by ${m}$" for a, m in told]
        text = f"A number $0\\le n<{total}$ leaves remainder {', '.join(listed)}. Find $n$."
    at = rng.randrange(len(ks))                       # which guess goes astray
    detours = []
    for j in range(moduli[at + 1]):
        if j != ks[at]:
            wrong = ks[:at] + [j]
            rest = [rng.randrange(p) for p in moduli[at + 2:]]
            detours.append(_lines(moduli, wanted, wrong + rest))
    return Problem(text, _lines(moduli, wanted, ks), str(n), {"n": n, "moduli": moduli},
                   4 * at, detours)


_DIVIDE = re.compile(r"(\d+)=(\d+)\\cdot(\d+)\+(\d+)")


def check(problem, step, seen):
    """n agrees with the moduli used so far, the division is true, its remainder is the one asked."""
    n, moduli = problem.data["n"], problem.data["moduli"]
    stage = len(seen) // 4
    modulus = 1
    for m in moduli[:stage + 2]:
        modulus *= m
    m = _DIVIDE.fullmatch(step)
    if m:
        v, d, t, r = map(int, m.groups())
        return v % modulus == n % modulus and d == moduli[stage + 1] and v == d * t + r and r < d
    left, right = step.split("=")
    if left.isdigit():
        return int(left) == int(right) == n % moduli[stage + 1]
    v = latex.value(right)
    return left == "n" and v.denominator == 1 and int(v) % modulus == n % modulus
