"""The shipped PRM: token kind and head kind agree; fixture and model belong together."""
import json

import gguf_forward
import numpy as np
import prm
import pytest
from test_reasoner import tokenizer_of


@pytest.fixture(scope="module")
def rows(root):
    return json.load(open(root / "tests/fixtures/prm_probs.json"))


def test_fixture_is_of_this_model(root, rows):
    path = root / "models/prm.gguf"
    tok, g = tokenizer_of(path), gguf_forward.GGUF(path)
    assert g.meta["prm.kind"] == "token" and g.meta["prm.token.tag"] in tok.id
    assert {g.meta["prm.token.positive"], g.meta["prm.token.negative"]} == {"+", "-"}
    for row in rows:
        ids, tags = prm.encode(tok, row["question"], row["steps"])
        probs = prm.probabilities(gguf_forward.logits(g, ids)[tags], tok)
        assert np.abs(probs - row["probs"]).max() < 1e-3     # two float32 computations


def test_head_equals_token_in_libllama(root, libllama, rows):
    path = root / "models/prm.gguf"
    tok, lib = tokenizer_of(path), libllama(path)
    head = gguf_forward.GGUF(root / "models/prm_head.gguf")
    assert head.meta["prm.head.tag"] == gguf_forward.GGUF(path).meta["prm.token.tag"]
    for row in rows:
        ids, tags = prm.encode(tok, row["question"], row["steps"])
        token = prm.probabilities(lib.rows("logits", ids)[tags], tok)
        by_head = gguf_forward.head_probs(head, lib.rows("states", ids)[tags])
        assert np.abs(token - by_head).max() < 1e-4
        assert np.abs(token - row["probs"]).max() < 0.02
