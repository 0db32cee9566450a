"""So many coins of three kinds make a sum: guess how many of the first and second."""
import re

from .base import Problem

NAME = "Coins"


def _lines(values, n, total, a, b):
    """Two guesses, the third by subtraction, the sum that they make against the sum that was asked."""
    c = n - a - b
    u, v, w = (k * m for k, m in zip((a, b, c), values))
    return [f"a={a}", f"b={b}", f"c={n}-{a + b}={c}", f"{u}+{v}+{w}={u + v}+{w}={u + v + w}",
            f"{u + v + w}={total}", f"\\boxed{{({a},{b},{c})}}"]


def _splits(n):
    return [(a, b) for a in range(1, n - 1) for b in range(1, n - a)]


def make(rng, level):
    """level + 3 coins: 3 to 21 ways to choose, one of them right."""
    n = level + 3
    while True:
        values = rng.sample(range(2, 21), 3)
        a, b = rng.choice(_splits(n))
        amount = lambda p, q: p * values[0] + q * values[1] + (n - p - q) * values[2]
        total = amount(a, b)
        if all(amount(p, q) < 100 for p, q in _splits(n)) and sum(amount(p, q) == total for p, q in _splits(n)) == 1:
            break
    told = f"${values[0]}$, ${values[1]}$ and ${values[2]}$"
    text = (f"There are ${n}$ coins, $a$, $b$ and $c$ of the values {told}, at least one of each. "
            f"Together they are worth ${total}$. Find $(a,b,c)$.")
    at = rng.randrange(2)                             # which guess goes astray
    detours = [_lines(values, n, total, p, q) for p, q in _splits(n)
               if ((p, q) != (a, b) if at == 0 and p != a else p == a and q != b and at == 1)]
    if not detours:
        at, detours = 0, [_lines(values, n, total, p, q) for p, q in _splits(n) if p != a]
    return Problem(text, _lines(values, n, total, a, b), f"({a},{b},{n - a - b})",
                   {"counts": (a, b, n - a - b), "values": values, "total": total}, at, detours)


_COUNT = re.compile(r"([abc])=(?:(\d+)-(\d+)=)?(\d+)")


def check(problem, step, seen):
    """The counts are the right ones, in order, and the sums are true."""
    counts, values, total = (problem.data[k] for k in ("counts", "values", "total"))
    i = len(seen)
    if i < 3:
        m = _COUNT.fullmatch(step)
        if not m or m.group(1) != "abc"[i] or int(m.group(4)) != counts[i]:
            return False
        return (m.group(2) is None) == (i < 2) and (
            i < 2 or (int(m.group(2)), int(m.group(3))) == (sum(counts), counts[0] + counts[1]))
    u, v, w = (k * m for k, m in zip(counts, values))
    return step == (f"{u}+{v}+{w}={u + v}+{w}={total}" if i == 3 else f"{total}={total}") and i < 5
