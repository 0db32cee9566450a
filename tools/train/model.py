"""A small Qwen2 decoder in plain PyTorch, and its batched sampler.

Shapes: B sequences, T positions, C width, H heads of D, V vocabulary.
"""
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    vocab: int
    layers: int = 5
    width: int = 192
    heads: int = 6
    hidden: int = 512
    context: int = 1024
    rope_base: float = 10000.0
    eps: float = 1e-6

    dict = asdict


def rope_tables(cfg, length):
    """cos, sin (T, D/2) in the half-split (NEOX) convention."""
    d = cfg.width // cfg.heads
    freq = cfg.rope_base ** (-torch.arange(0, d, 2).float() / d)
    angle = torch.arange(length).float()[:, None] * freq
    return angle.cos(), angle.sin()


def rotate(x, cos, sin):
    """x (B,H,T,D); cos, sin (T,D/2) or (B,1,T,D/2)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


def attend(q, k, v):
    """Causal attention written out: for short rows its backward pass beats the fused one on CPU."""
    T = q.shape[2]
    scores = q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5
    future = torch.ones(T, T, dtype=torch.bool).triu(1)
    return F.softmax(scores.float().masked_fill(future, float("-inf")), -1).to(v.dtype) @ v


class Layer(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        c, self.heads = cfg.width, cfg.heads
        self.norm1 = nn.RMSNorm(c, cfg.eps)
        self.qkv = nn.Linear(c, 3 * c)
        self.out = nn.Linear(c, c, bias=False)
        self.norm2 = nn.RMSNorm(c, cfg.eps)
        self.gate_up = nn.Linear(c, 2 * cfg.hidden, bias=False)
        self.down = nn.Linear(cfg.hidden, c, bias=False)

    def forward(self, x, cos, sin, cache=None, mask=None):
        """x (B,T,C). cache: (k, v, write position): buffers (B,H,S,D) to extend."""
        B, T, C = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, cos, sin).to(v.dtype), rotate(k, cos, sin).to(v.dtype)
        if cache is not None:
            ck, cv, at = cache
            ck[:, :, at:at + T], cv[:, :, at:at + T] = k, v
            k, v = ck[:, :, :at + T], cv[:, :, :at + T]
        y = attend(q, k, v) if mask is None else F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(y.transpose(1, 2).reshape(B, T, C))
        gate, up = self.gate_up(self.norm2(x)).chunk(2, -1)
        return x + self.down(F.silu(gate) * up)


class Model(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.cfg = cfg
        self.embed = nn.Embedding(cfg.vocab, cfg.width)
        self.layers = nn.ModuleList(Layer(cfg) for _ in range(cfg.layers))
        self.norm = nn.RMSNorm(cfg.width, cfg.eps)
        cos, sin = rope_tables(cfg, cfg.context)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, p in self.named_parameters():
            if p.ndim == 2:
                scale = 0.02 if "embed" in name else p.shape[1] ** -0.5
                if name.endswith(("out.weight", "down.weight")):
                    scale /= (2 * cfg.layers) ** 0.5
                nn.init.normal_(p, std=scale)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def hidden(self, ids):
        """ids (B,T) -> states after the final norm (B,T,C)."""
        T = ids.shape[1]
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, self.cos[:T], self.sin[:T])
        return self.norm(x)

    def logits(self, h):
        """h (...,C) -> (...,V); the output matrix is the embedding."""
        return F.linear(h, self.embed.weight)

    def forward(self, ids):
        return self.logits(self.hidden(ids))


@torch.no_grad()
def sample(model, prompts, temperature=1.0, max_tokens=160, end=None, seed=0, batch=512):
    """Answers [[int]] to prompts [[int]] (end token left off). temperature 0 is greedy.

    Prompts of equal length share a batch, so no padding stands before an answer.
    """
    gen = torch.Generator().manual_seed(seed)
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    answers, i = [None] * len(prompts), 0
    while i < len(order):
        n = len(prompts[order[i]])
        rows = [j for j in order[i:i + batch] if len(prompts[j]) == n]
        i += len(rows)
        for j, a in zip(rows, _sample_batch(model, [prompts[j] for j in rows], temperature, max_tokens, end, gen)):
            answers[j] = a
    return answers


def _sample_batch(model, prompts, temperature, max_tokens, end, gen):
    cfg, ids = model.cfg, torch.tensor(prompts)
    B, n = ids.shape
    dtype = model.embed.weight.dtype
    shape = (B, cfg.heads, n + max_tokens, cfg.width // cfg.heads)
    caches = [(torch.zeros(shape, dtype=dtype), torch.zeros(shape, dtype=dtype)) for _ in model.layers]
    out, rows, live, at = [[] for _ in range(B)], torch.arange(B), torch.ones(B, dtype=torch.bool), 0
    mask = torch.ones(n, n, dtype=torch.bool).tril()
    for _ in range(max_tokens):
        T = ids.shape[1]
        x, cos, sin = model.embed(ids), model.cos[at:at + T], model.sin[at:at + T]
        for layer, (k, v) in zip(model.layers, caches):
            x = layer(x, cos, sin, (k, v, at), mask)
        at += T
        mask = torch.ones(1, at + 1, dtype=torch.bool)
        logits = model.logits(model.norm(x[:, -1])).float()
        if temperature == 0:
            nxt = logits.argmax(-1)
        else:
            nxt = torch.multinomial(F.softmax(logits / temperature, -1), 1, generator=gen)[:, 0]
        live &= nxt != end
        for row, t in zip(rows[live].tolist(), nxt[live].tolist()):
            out[row].append(t)
        if not live.any():
            break
        if live.sum() < 0.8 * len(live):         # now and then: dropping rows copies every cache
            rows, nxt = rows[live], nxt[live]
            caches = [(k[live], v[live]) for k, v in caches]
            live = live[live]
        ids = nxt[:, None]
    return out
