"""What a problem is, and how a written solution is judged step by step."""
import re
from dataclasses import dataclass, field

from . import latex


@dataclass
class Problem:
    """One problem with its written solution.

    text     the question, with LaTeX
    steps    lines of the reference solution; the last is \\boxed{answer}
    answer   the gold answer, LaTeX
    data     what `check` needs to judge a line (kind's own)
    choice   index of the line that holds the early choice, or None
    detours  wrong but plausible choices: each a full list of lines that follows
             from it honestly, so the later lines show that it was wrong
    """
    text: str
    steps: list
    answer: str
    data: dict
    choice: int | None = None
    detours: list = field(default_factory=list)
    kind: str = ""
    level: int = 0
    unique_id: str = ""

    @property
    def solution(self):
        return "\n".join(self.steps)


_BOX = re.compile(r"\\boxed\{((?:[^{}]|\{[^{}]*\})*)\}$")


def boxed(line):
    """Content of a line that is exactly `\\boxed{...}`, or None."""
    if not line.startswith("\\boxed{"):
        return None
    m = _BOX.match(line)
    return m.group(1) if m else None


def _canonical(answer):
    """Exact, comparable form of an answer: number, tuple or polynomial with its unit."""
    unit = ""
    for mark in ("^\\circ", "\\%"):
        if answer.endswith(mark):
            answer, unit = answer[: -len(mark)], mark
    if re.fullmatch(r"\([^,()]+(,[^,()]+)+\)", answer):
        return ("tuple", tuple(latex.value(p) for p in answer[1:-1].split(",")), unit)
    values = tuple(latex.value(answer, x=x) for x in (-3, 0, 1, 5, 11))
    return ("expr", values, unit)


def same_answer(gold, given):
    """Whether two answers are equal exactly (fractions, tuples, polynomials)."""
    if given is None:
        return False
    if gold == given:
        return True
    try:
        return _canonical(gold) == _canonical(given)
    except (ValueError, OverflowError):
        return False


def label_steps(kind, problem, steps):
    """[bool] per line: is the solution right up to and including this line?

    The kind's `check` judges each line by the problem's own arithmetic; a
    \\boxed line is judged by the answer. After the first wrong line every
    later one is wrong too: nothing built on it can be right.
    """
    labels, good = [], True
    for i, step in enumerate(steps):
        if good:
            try:
                inner = boxed(step)
                good = (same_answer(problem.answer, inner) if inner is not None
                        else bool(kind.check(problem, step, steps[:i])))
            except (ValueError, OverflowError, IndexError):
                good = False
        labels.append(good)
    return labels
