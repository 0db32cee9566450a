"""The shipped reasoner in libllama, in numpy and in the fixtures that the C tests read."""
import json
import random

import chat
import export
import gguf_forward
import numpy as np
import pytest
import torch
from evaluate import model_from_gguf
from generate import problem_set
from model import Config, Model
from tokenizer import Tokenizer, learn_merges

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


def torch_logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids]))[0].numpy()


@pytest.mark.parametrize("name", MODELS)
def test_pytorch_equals_libllama(root, libllama, name):
    """The shipped weights in the module that trained them, and in libllama."""
    path = root / f"models/{name}.gguf"
    (model, tok), lib = model_from_gguf(path), libllama(path)
    for p in problem_set("validation", 5, 4):
        ids = tok.encode(chat.prompt(p.text) + p.solution)
        used = np.unique(ids)
        assert np.abs(torch_logits(model, ids)[:, used] - lib.rows("logits", ids)[:, used]).max() < TOLERANCE


def test_export_of_any_checkpoint(tmp_path, libllama):
    """A random model of another shape: PyTorch before the export, libllama and PyTorch after it."""
    torch.manual_seed(3)
    tok = Tokenizer(learn_merges([p.text for p in problem_set("validation", 40, 5)], 20))
    model = Model(Config(len(tok), layers=2, width=64, heads=2, hidden=96)).eval()
    path = tmp_path / "random.gguf"
    export.write_model(path, model, tok, "random")
    lib, (again, again_tok) = libllama(path), model_from_gguf(path)
    ids = tok.encode(chat.prompt("Compute $7\\cdot12$."))
    before = torch_logits(model, ids)
    assert again_tok.tokens == tok.tokens and lib.tokens(tok.decode(ids)) == ids
    assert np.abs(before - torch_logits(again, ids)).max() < TOLERANCE
    assert np.abs(before - lib.rows("logits", ids)).max() < TOLERANCE
    assert np.abs(before).max() > 4 * TOLERANCE           # the tolerance tells models apart


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
