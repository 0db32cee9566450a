"""Exact value of the small LaTeX expressions that problems and steps are made of.

Grammar: sums, products (\\cdot or juxtaposition), \\frac{a}{b}, ^n or ^{n},
parentheses, integers and variables. Values are Fractions, so that equality is
exact. Anything else raises ValueError: a line that cannot be read is not a
valid step.
"""
import re
from fractions import Fraction

_TOKEN = re.compile(r"\\frac|\\cdot|\d+|[a-z]|[-+^(){}]")
_MAX_EXPONENT = 999


class _Parser:
    def __init__(self, text, env):
        self.tokens, pos = [], 0
        while pos < len(text):
            m = _TOKEN.match(text, pos)
            if not m:
                raise ValueError(f"unreadable: {text[pos:]!r}")
            self.tokens.append(m.group())
            pos = m.end()
        self.env, self.i = env, 0

    def peek(self):
        return self.tokens[self.i] if self.i < len(self.tokens) else None

    def take(self, want=None):
        t = self.peek()
        if t is None or (want is not None and t != want):
            raise ValueError(f"expected {want}, found {t}")
        self.i += 1
        return t

    def sum(self):
        sign = -1 if self.peek() == "-" else 1
        if self.peek() in ("-", "+"):
            self.take()
        total = sign * self.product()
        while self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            total += sign * self.product()
        return total

    def product(self):
        value = self.power()
        while True:
            t = self.peek()
            if t == "\\cdot":
                self.take()
                value *= self.power()
            elif t is not None and (t in "({" or t == "\\frac" or t.isalpha()):
                value *= self.power()
            else:
                return value

    def power(self):
        base = self.atom()
        if self.peek() != "^":
            return base
        self.take()
        exponent = self.group() if self.peek() == "{" else self.digit()
        if exponent.denominator != 1 or not 0 <= exponent <= _MAX_EXPONENT:
            raise ValueError("exponent out of range")
        return base ** int(exponent)

    def digit(self):
        t = self.take()
        if len(t) != 1 or not t.isdigit():
            raise ValueError("an exponent of several digits needs braces")
        return Fraction(t)

    def group(self):
        self.take("{")
        value = self.sum()
        self.take("}")
        return value

    def atom(self):
        t = self.take()
        if t.isdigit():
            return Fraction(int(t))
        if t == "(":
            value = self.sum()
            self.take(")")
            return value
        if t == "\\frac":
            top, bottom = self.group(), self.group()
            if bottom == 0:
                raise ValueError("division by zero")
            return top / bottom
        if t in self.env:
            return self.env[t]
        raise ValueError(f"unexpected {t}")


def value(text, **env):
    """Exact value of `text` with variables from `env`; ValueError if unreadable."""
    p = _Parser(text, {k: Fraction(v) for k, v in env.items()})
    v = p.sum()
    if p.peek() is not None:
        raise ValueError(f"trailing {p.peek()!r} in {text!r}")
    return v


def same_polynomial(a, b):
    """Whether two expressions in x of degree at most 4 are the same polynomial."""
    return all(value(a, x=x) == value(b, x=x) for x in (-3, 0, 1, 5, 11))


# ---- writing -------------------------------------------------------------

def frac(q):
    """`\\frac{a}{b}` in lowest terms, or the integer."""
    q = Fraction(q)
    if q.denominator == 1:
        return str(q.numerator)
    sign = "-" if q < 0 else ""
    return f"{sign}\\frac{{{abs(q.numerator)}}}{{{q.denominator}}}"


def power(n):
    """The exponent n after a caret: one digit bare, more in braces."""
    return f"^{n}" if n < 10 else f"^{{{n}}}"


def poly(*terms):
    """Sum of (coefficient, symbol) pairs as a person writes it: 2x^2-x+3."""
    out = ""
    for c, sym in terms:
        if c == 0:
            continue
        size = abs(c)
        body = sym if sym and size == 1 else f"{size}{sym}"
        out += ("-" if c < 0 else "+" if out else "") + body
    return out or "0"
