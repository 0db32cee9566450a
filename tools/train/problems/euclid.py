"""Greatest common divisor by Euclid: one division a line; of three numbers from level 4 on."""
import re
from math import gcd

from .base import Problem

NAME = "Greatest Common Divisors"
_STEPS = (2, 3, 4, 4, 5)


def _divisions(a, b):
    """Lines a=b*q+r until the remainder is 0."""
    lines = []
    while b:
        lines.append(f"{a}={b}\\cdot{a // b}+{a % b}")
        a, b = b, a % b
    return lines


def make(rng, level):
    """The number of divisions grows with the level."""
    while True:
        numbers = [rng.randint(12, 99) for _ in range(3 if level >= 4 else 2)]
        numbers[:2] = sorted(numbers[:2], reverse=True)
        a, b = numbers[:2]
        steps = _divisions(a, b)
        g = gcd(a, b)
        if len(numbers) == 3:
            steps += _divisions(numbers[2], g)
            g = gcd(g, numbers[2])
        if b < a and abs(len(steps) - _STEPS[level - 1]) <= (level >= 4) and (g > 1 or rng.random() < 0.2):
            break
    told = ", ".join(f"${n}$" for n in numbers[:-1]) + f" and ${numbers[-1]}$"
    return Problem(f"Find the greatest common divisor of {told}.", steps + [f"\\boxed{{{g}}}"], str(g),
                   {"numbers": numbers})


_DIVIDE = re.compile(r"(\d+)=(\d+)\\cdot(\d+)\+(\d+)")


def check(problem, step, seen):
    """The division is true, with r < b, and is the one whose turn it is."""
    a, b, *rest = problem.data["numbers"]
    for _ in seen:                                    # every earlier line was right
        a, b = b, a % b
        if not b and rest:
            a, b = rest.pop(0), a
    m = _DIVIDE.fullmatch(step)
    if not m or not b:
        return False
    return tuple(map(int, m.groups())) == (a, b, a // b, a % b)
