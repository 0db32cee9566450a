"""The process reward model's input: a tag after each step, read as `+` against `-`.

    <|im_start|>user\\n{problem}<|im_end|>\\n<|im_start|>assistant\\n{step}<|step|>{step}<|step|>...

The tag takes the place of the newline and stays in the sequence, so steps can
be added one at a time.
"""
import numpy as np

import chat


def encode(tok, problem, steps):
    """(ids, positions of the tags)."""
    ids, tags = tok.encode(chat.prompt(problem)), []
    for step in steps:
        ids += tok.encode(step) + [tok.id[chat.TAG]]
        tags.append(len(ids) - 1)
    return ids, tags


def probabilities(logits, tok):
    """logits (N,V) at tags -> probability that all is right so far (N)."""
    return 1 / (1 + np.exp(logits[:, tok.id["-"]] - logits[:, tok.id["+"]]))
