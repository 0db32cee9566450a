"""The generator: right solutions, wrong detours, splits that never meet."""
import json
import random

import pytest
from generate import draw, normalise, problem_set, record, split_of
from problems import KINDS, LEVELS, boxed, label_steps, same_answer

KIND = pytest.mark.parametrize("kind", sorted(KINDS))


@KIND
def test_solutions_are_right_and_detours_wrong(kind):
    rng = random.Random(5)
    for level in LEVELS:
        for _ in range(100):
            p = KINDS[kind].make(rng, level)
            assert p.steps[-1] == f"\\boxed{{{p.answer}}}"
            assert all(label_steps(KINDS[kind], p, p.steps)), p
            for detour in p.detours:
                labels = label_steps(KINDS[kind], p, detour)
                assert all(labels[:p.choice]) and not any(labels[p.choice:]), (p, detour)


@KIND
def test_a_changed_digit_is_seen(kind):
    """Some line after a changed digit is always labelled wrong, or the line stays true."""
    rng, seen, changed = random.Random(6), 0, 0
    for _ in range(200):
        p = KINDS[kind].make(rng, rng.choice(LEVELS))
        steps = list(p.steps)
        i = rng.randrange(len(steps))
        at = [j for j, c in enumerate(steps[i]) if c.isdigit()]
        if not at:
            continue
        j = rng.choice(at)
        digit = rng.choice([d for d in "123456789" if d != steps[i][j]])
        steps[i] = steps[i][:j] + digit + steps[i][j + 1:]
        labels = label_steps(KINDS[kind], p, steps)
        assert all(labels[:i])
        changed += 1
        seen += not labels[i]
    # The rest keep the line true: 1^{121} to 1^{171}, or congruent factors modulo a small m.
    assert seen >= (0.6 if kind == "powers" else 0.85) * changed


def test_shipped_sets(root):
    texts = {}
    for split in ("test", "validation"):
        rows = [json.loads(line) for line in open(root / "data" / f"{split}.jsonl")]
        assert len(rows) == 500
        assert rows == [record(p) for p in problem_set(split, 500, 1)]
        cells = {}
        for r in rows:
            assert set(r) == {"problem", "solution", "answer", "subject", "level", "unique_id"}
            assert split_of(r["problem"]) == split
            assert same_answer(r["answer"], boxed(r["solution"].split("\n")[-1]))
            cells[r["subject"], r["level"]] = cells.get((r["subject"], r["level"]), 0) + 1
        assert set(cells.values()) == {7, 8} and len(cells) == len(KINDS) * len(LEVELS) == 70
        texts[split] = {normalise(r["problem"]) for r in rows}
        assert len(texts[split]) == 500
    assert not texts["test"] & texts["validation"]
    rng = random.Random(1)
    train = {normalise(draw(rng, "train").text) for _ in range(5000)}
    assert not train & (texts["test"] | texts["validation"])


def test_answers_are_compared_exactly():
    assert same_answer("\\frac{2}{4}", "\\frac{1}{2}") and same_answer("x+1", "1+x")
    assert same_answer("(x+2)(x-1)", "(x-1)(x+2)") and not same_answer("(1,2)", "(2,1)")
    assert not same_answer("40\\%", "40") and not same_answer("3", "4") and not same_answer("3", None)
    assert not same_answer("3", "junk {")
