"""The shipped reasoner in libllama, in numpy and in the fixtures that the C tests read."""
import json
import random

import chat
import gguf_forward
import numpy as np
import pytest
from generate import problem_set
from tokenizer import Tokenizer

MODELS = ("reasoner", "prm")
TOLERANCE = 0.05   # logits, libllama's F16 products against float32


def tokenizer_of(path):
    g = gguf_forward.GGUF(path)
    tok = Tokenizer([m.split(" ") for m in g.meta["tokenizer.ggml.merges"]])
    assert tok.tokens == g.meta["tokenizer.ggml.tokens"]
    return tok


@pytest.mark.parametrize("name", MODELS)
def test_tokenizer_equals_libllama(root, libllama, name):
    path = root / f"models/{name}.gguf"
    tok, lib = tokenizer_of(path), libllama(path)
    texts = [json.loads(line)[k] for s in ("test", "validation") for line in open(root / f"data/{s}.jsonl")
             for k in ("problem", "solution")]
    rng = random.Random(2)
    printable = [chr(c) for c in range(32, 127)] + ["\n", "é", "√", "≤", "日", "  "]
    texts += ["".join(rng.choices(printable, k=40)) for _ in range(300)]
    texts += [chat.prompt(texts[0], chat.SYSTEM), f"1+2{chat.TAG}", "It's  two  spaces \n\n and\ttabs"]
    for text in texts:
        ids = tok.encode(text)
        assert ids == lib.tokens(text), text
        assert tok.decode(ids) == text


@pytest.mark.parametrize("name", MODELS)
def test_chat_template_equals_training(root, libllama, name):
    lib = libllama(root / f"models/{name}.gguf")
    assert lib.chat("What is $1+1$?") == chat.prompt("What is $1+1$?")


@pytest.mark.parametrize("name", MODELS)
def test_libllama_equals_numpy(root, libllama, name):
    path = root / f"models/{name}.gguf"
    tok, lib, g = tokenizer_of(path), libllama(path), gguf_forward.GGUF(path)
    for p in problem_set("validation", 20, 3):
        ids = tok.encode(chat.prompt(p.text) + p.solution)
        ours, theirs = gguf_forward.logits(g, ids), lib.rows("logits", ids)
        used = np.unique(ids)              # rows of tokens that occur
        assert np.abs(ours[:, used] - theirs[:, used]).max() < TOLERANCE


def test_fixture_is_of_this_model(root):
    g = gguf_forward.GGUF(root / "models/reasoner.gguf")
    for row in json.load(open(root / "tests/fixtures/reasoner_logp.json")):
        lp = gguf_forward.answer_logp(g, row["prompt_tokens"], row["answer_tokens"])
        assert np.abs(lp - row["logp"]).max() < 1e-4
