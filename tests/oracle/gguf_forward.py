"""A Qwen2 forward pass in numpy float32, read straight from a GGUF file.

Independent of PyTorch and of libllama: the third opinion on every number.
T positions, C width, H query heads, K key heads, D head size, V vocabulary.
"""
import gguf
import numpy as np


class GGUF:
    """Metadata by key and tensors (dequantised to float32) by name."""

    def __init__(self, path):
        r = gguf.GGUFReader(path)
        self.meta = {k: f.contents() for k, f in r.fields.items()}
        self.tensor = {t.name: gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32)
                       .reshape(t.shape[::-1].tolist()) for t in r.tensors}
        arch = self.meta.get("general.architecture")
        self.get = lambda key, default=None: self.meta.get(f"{arch}.{key}", default)


def _norm(x, weight, eps):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def _rope(x, base):
    """x (T,H,D), half-split convention."""
    T, _, D = x.shape
    angle = np.arange(T)[:, None] * base ** (-np.arange(0, D, 2) / D)
    cos, sin = np.cos(angle)[:, None].astype(np.float32), np.sin(angle)[:, None].astype(np.float32)
    a, b = x[..., : D // 2], x[..., D // 2:]
    return np.concatenate((a * cos - b * sin, a * sin + b * cos), -1)


def hidden(g, ids):
    """ids [T] -> states after the final norm (T,C)."""
    t, T = g.tensor, len(ids)
    H = g.get("attention.head_count")
    K = g.get("attention.head_count_kv", H)
    eps, base = g.get("attention.layer_norm_rms_epsilon"), g.get("rope.freq_base", 10000.0)
    x = t["token_embd.weight"][ids]
    for i in range(g.get("block_count")):
        w = lambda name: t[f"blk.{i}.{name}"]
        h = _norm(x, w("attn_norm.weight"), eps)
        q, k, v = ((h @ w(f"attn_{n}.weight").T + w(f"attn_{n}.bias")).reshape(T, m, -1)
                   for n, m in (("q", H), ("k", K), ("v", K)))
        q, k = _rope(q, base), np.repeat(_rope(k, base), H // K, 1)
        v = np.repeat(v, H // K, 1)
        s = np.einsum("thd,shd->hts", q, k) / np.sqrt(np.float32(q.shape[-1]))
        s = np.where(np.tril(np.ones((T, T), bool)), s, -np.inf)
        s = np.exp(s - s.max(-1, keepdims=True))
        s /= s.sum(-1, keepdims=True)
        x = x + np.einsum("hts,shd->thd", s, v).reshape(T, -1) @ w("attn_output.weight").T
        h = _norm(x, w("ffn_norm.weight"), eps)
        gate, up = h @ w("ffn_gate.weight").T, h @ w("ffn_up.weight").T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w("ffn_down.weight").T
    return _norm(x, t["output_norm.weight"], eps)


def logits(g, ids):
    """(T,V)"""
    return hidden(g, ids) @ g.tensor.get("output.weight", g.tensor["token_embd.weight"]).T


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def answer_logp(g, prompt, answer):
    """Log-probability of each answer token after prompt + the answer before it."""
    lp = log_softmax(logits(g, prompt + answer))
    at = np.arange(len(answer)) + len(prompt)
    return lp[at - 1, answer]


def head_probs(head, states):
    """Probability of the positive label from states (N,C) by a head file."""
    t, x = head.tensor, states
    x = x @ t["head.0.weight"].T + t["head.0.bias"]
    if "head.2.weight" in t:
        x = np.maximum(x, 0) @ t["head.2.weight"].T + t["head.2.bias"]
    return np.exp(log_softmax(x))[:, head.meta["prm.head.positive"]]
