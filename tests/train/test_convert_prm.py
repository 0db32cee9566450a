"""tools/convert_prm on a random small checkpoint, against its own PyTorch computation."""
import json

import gguf_forward
import numpy as np
import pytest
import tokenizer
from convert_prm import convert

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


class Qwen2ForProcessRewardModel(torch.nn.Module):
    """The published class without its loss: Qwen2Model, then Linear, ReLU, Linear."""

    def __init__(self, config):
        super().__init__()
        self.model = transformers.Qwen2Model(config)
        c = config.hidden_size
        self.score = torch.nn.Sequential(torch.nn.Linear(c, c), torch.nn.ReLU(), torch.nn.Linear(c, 2))

    def forward(self, ids):
        return self.score(self.model(ids).last_hidden_state)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """(folder, model): 2 layers, 4 query and 2 key heads, bfloat16 on disk."""
    safetensors = pytest.importorskip("safetensors.torch")
    folder = tmp_path_factory.mktemp("prm") / "tiny-prm"
    folder.mkdir()
    chars = list(tokenizer.byte_chars().values())
    vocab = {t: i for i, t in enumerate(chars + ["ab", "abc"])}
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<extra_0>"]
    json.dump({"model": {"type": "BPE", "vocab": vocab, "merges": [["a", "b"], "ab c"]},
               "added_tokens": [{"id": len(vocab) + i, "content": t, "special": True} for i, t in enumerate(special)]},
              open(folder / "tokenizer.json", "w"))
    json.dump({"eos_token": "<|im_end|>", "pad_token": {"content": "<|endoftext|>"}},
              open(folder / "tokenizer_config.json", "w"))
    config = transformers.Qwen2Config(
        vocab_size=288, hidden_size=64, intermediate_size=160, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, rope_theta=10000.0)
    config.architectures = ["Qwen2ForProcessRewardModel"]
    plain = config.to_dict()
    plain["rope_theta"] = 10000.0
    json.dump(plain, open(folder / "config.json", "w"), default=str)
    torch.manual_seed(0)
    model = Qwen2ForProcessRewardModel(config).eval()
    for p in model.parameters():                     # a random net that says something
        p.data.mul_(4 if p.ndim == 2 else 1).add_(0.05 * torch.randn_like(p) * (p.ndim == 1))
        p.data = p.data.to(torch.bfloat16).float()   # parameters only: the buffers stay exact
    safetensors.save_file({k: v.to(torch.bfloat16).contiguous() for k, v in model.state_dict().items()},
                          folder / "model.safetensors")
    return folder, model


IDS = [257, *range(40, 90), 261, *range(100, 120), 261, 5, 6, 261]


@pytest.mark.parametrize("kind, tolerance", [("f32", 1e-4), ("bf16", 1e-4), ("f16", 2e-3), ("q8_0", 0.05)])
def test_probabilities_equal_pytorch(checkpoint, libllama, tmp_path, kind, tolerance):
    folder, model = checkpoint
    base, head = tmp_path / "base.gguf", tmp_path / "head.gguf"
    convert(folder, base, head, kind)
    g, h = gguf_forward.GGUF(base), gguf_forward.GGUF(head)
    tag = g.meta["tokenizer.ggml.tokens"].index(h.meta["prm.head.tag"])
    tags = [i for i, t in enumerate(IDS) if t == tag]
    assert len(tags) == 3
    with torch.no_grad():
        expected = model(torch.tensor([IDS]))[0].softmax(-1)[tags, 1].numpy()
    assert expected.std() > 0.003                    # the test would be empty otherwise
    assert np.abs(gguf_forward.head_probs(h, gguf_forward.hidden(g, IDS)[tags]) - expected).max() < tolerance
    states = libllama(base).rows("states", IDS)[tags]
    # libllama multiplies bf16 and q8_0 weights with activations rounded to the same type
    loose = {"f32": 1e-4, "bf16": 2e-2, "f16": 2e-3, "q8_0": 0.05}[kind]
    assert np.abs(gguf_forward.head_probs(h, states) - expected).max() < loose


def test_tokenizer_in_libllama(checkpoint, libllama, tmp_path):
    convert(checkpoint[0], tmp_path / "b.gguf", tmp_path / "h.gguf", "f32")
    g = gguf_forward.GGUF(tmp_path / "b.gguf")
    ids = libllama(tmp_path / "b.gguf").tokens("xabc<extra_0>ab<|im_end|>")
    assert "".join(g.meta["tokenizer.ggml.tokens"][i] for i in ids) == "xabc<extra_0>ab<|im_end|>"
    assert len(ids) == 5


def test_wrong_folder_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    with pytest.raises(SystemExit, match="Qwen2ForProcessRewardModel"):
        convert(tmp_path, tmp_path / "a", tmp_path / "b")
