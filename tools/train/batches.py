"""Endless, seeded training batches: examples of similar length side by side.

Pool number i is a function of (seed, i) alone, so training resumes exactly.
"""
import random

import torch

import chat
from generate import draw

POOL = 2048          # examples that are sorted by length together
IGNORE = -100


def example(rng, tok, detours=0.35, system=0.1):
    """(ids, targets) of one training text; IGNORE where there is no loss.

    Loss is on the answer. Now and then the early choice is replaced by a wrong
    one and the rest follows from it honestly: there the line of the choice has
    no loss, so the model learns true arithmetic after any choice but is taught
    only right choices.
    """
    p = draw(rng, "train")
    steps, silent = p.steps, None
    if p.detours and rng.random() < detours:
        steps, silent = rng.choice(p.detours), p.choice
    ids = tok.encode(chat.prompt(p.text, chat.SYSTEM if rng.random() < system else None))
    targets = [IGNORE] * len(ids)
    for i, step in enumerate(steps):
        piece = tok.encode(step) + [tok.id[chat.END] if i + 1 == len(steps) else tok.newline]
        ids += piece
        targets += [IGNORE] * len(piece) if i == silent else piece
    return ids, targets


def mixture(rng, tok, drills=0.15):
    """One training text: a problem, or now and then a page of single facts."""
    return drill(rng, tok) if rng.random() < drills else example(rng, tok)


def drill(rng, tok, lines=12):
    """(ids, targets) of single facts, loss on what follows the equals sign."""
    ids = tok.encode(chat.prompt("Practice."))
    targets = [IGNORE] * len(ids)
    for _ in range(lines):
        form = rng.randrange(5)
        if form < 3:
            a, b = rng.randint(-30, 99), rng.randint(1, 60)
            sign = rng.choice("+-")
            left, right = f"{a}{sign}{b}", a + b if sign == "+" else a - b
        elif form == 3:
            a, b = rng.randint(-9, 9), rng.randint(2, 12)
            left, right = f"{a}\\cdot{b}", a * b
        else:
            a, b = rng.randint(2, 99), rng.randint(2, 12)
            left, right = f"{a}", f"{b}\\cdot{a // b}+{a % b}"
        head, tail = tok.encode(f"{left}="), tok.encode(f"{right}\n")
        if form == 4:                                # the divisor is given
            given = tok.encode(f"{b}\\cdot")
            head, tail = head + given, tail[len(given):]
        ids += head + tail
        targets += [IGNORE] * len(head) + tail
    return ids, targets


def pool(tok, seed, index, rows_tokens, make=mixture):
    """Pool `index` cut into batches (ids, targets) of about rows_tokens, shuffled.

    ids (B,T) holds inputs, targets (B,T) the tokens that follow; T is a multiple of 8.
    """
    rng = random.Random(f"{seed}/{index}")
    examples = sorted((make(rng, tok) for _ in range(POOL)), key=lambda e: len(e[0]))
    out, i = [], 0
    while i < len(examples):
        j, width = i, 0
        while j < len(examples):
            w = -(-(len(examples[j][0]) - 1) // 8) * 8
            if j > i and w * (j - i + 1) > rows_tokens:
                break
            width, j = w, j + 1
        ids = torch.full((j - i, width), tok.id[chat.PAD])
        targets = torch.full((j - i, width), IGNORE)
        for r, (a, b) in enumerate(examples[i:j]):
            ids[r, :len(a) - 1] = torch.tensor(a[:-1])
            targets[r, :len(b) - 1] = torch.tensor(b[1:])
        out.append((ids, targets))
        i = j
    rng.shuffle(out)
    return out
