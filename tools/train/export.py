#!/usr/bin/env python3
"""Write a checkpoint as GGUF: reasoner, or PRM with its head file.

    python tools/train/export.py reasoner --dir WORK --out models/reasoner.gguf
    python tools/train/export.py prm --dir WORK --out models/prm.gguf --head models/prm_head.gguf

Matrices are F16; the output matrix, norms and biases are F32.
"""
import argparse
from pathlib import Path

import gguf
import numpy as np
import torch

import chat
from model import Config, Model
from tokenizer import CONTROL, PIECES, Tokenizer

POSITIVE, NEGATIVE = "+", "-"


def load(path):
    saved = torch.load(path)
    model = Model(Config(**saved["config"]))
    model.load_state_dict(saved["model"])
    return model.eval()


def add_tokenizer(w, tok):
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list(tok.tokens)
    kinds = gguf.TokenType
    w.add_token_types([kinds.CONTROL] * len(CONTROL) + [kinds.USER_DEFINED] * len(PIECES)
                      + [kinds.NORMAL] * (len(tok) - len(CONTROL) - len(PIECES)))
    w.add_token_merges([" ".join(m) for m in tok.merges])
    w.add_eos_token_id(tok.id[chat.END])
    w.add_pad_token_id(tok.id[chat.PAD])
    w.add_add_bos_token(False)
    w.add_chat_template(chat.TEMPLATE)


def add_tensors(w, model):
    f16 = lambda t: t.detach().float().numpy().astype(np.float16)
    f32 = lambda t: t.detach().float().numpy()
    w.add_tensor("token_embd.weight", f16(model.embed.weight))
    for i, layer in enumerate(model.layers):
        b = f"blk.{i}."
        w.add_tensor(b + "attn_norm.weight", f32(layer.norm1.weight))
        for name, weight, bias in zip("qkv", layer.qkv.weight.chunk(3), layer.qkv.bias.chunk(3)):
            w.add_tensor(f"{b}attn_{name}.weight", f16(weight))
            w.add_tensor(f"{b}attn_{name}.bias", f32(bias))
        w.add_tensor(b + "attn_output.weight", f16(layer.out.weight))
        w.add_tensor(b + "ffn_norm.weight", f32(layer.norm2.weight))
        gate, up = layer.gate_up.weight.chunk(2)
        w.add_tensor(b + "ffn_gate.weight", f16(gate))
        w.add_tensor(b + "ffn_up.weight", f16(up))
        w.add_tensor(b + "ffn_down.weight", f16(layer.down.weight))
    w.add_tensor("output_norm.weight", f32(model.norm.weight))
    w.add_tensor("output.weight", f32(model.embed.weight))


def finish(w):
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def write_model(path, model, tok, name, extra=()):
    c = model.cfg
    w = gguf.GGUFWriter(path, "qwen2")
    w.add_name(name)
    w.add_license("MIT")
    w.add_context_length(c.context)
    w.add_embedding_length(c.width)
    w.add_block_count(c.layers)
    w.add_feed_forward_length(c.hidden)
    w.add_head_count(c.heads)
    w.add_head_count_kv(c.heads)
    w.add_rope_freq_base(c.rope_base)
    w.add_layer_norm_rms_eps(c.eps)
    w.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    add_tokenizer(w, tok)
    for key, value in extra:
        w.add_string(key, value)
    add_tensors(w, model)
    finish(w)


def write_head(path, model, tok):
    """One linear layer from the state at the tag to (negative, positive)."""
    rows = model.embed.weight[[tok.id[NEGATIVE], tok.id[POSITIVE]]].detach().float().numpy()
    w = gguf.GGUFWriter(path, "prm-head")
    w.add_name("persamp prm head")
    w.add_license("MIT")
    w.add_string("prm.head.tag", chat.TAG)
    w.add_uint32("prm.head.positive", 1)
    w.add_string("prm.head.activation", "none")
    w.add_tensor("head.0.weight", rows)
    w.add_tensor("head.0.bias", np.zeros(2, np.float32))
    finish(w)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("what", choices=("reasoner", "prm"))
    a.add_argument("--dir", required=True)
    a.add_argument("--out", required=True)
    a.add_argument("--head")
    args = a.parse_args()
    tok = Tokenizer.load(Path(args.dir) / "tokenizer.json")
    model = load(Path(args.dir) / f"{args.what}.pt")
    extra = [] if args.what == "reasoner" else [
        ("prm.kind", "token"), ("prm.token.tag", chat.TAG),
        ("prm.token.positive", POSITIVE), ("prm.token.negative", NEGATIVE)]
    write_model(args.out, model, tok, f"persamp {args.what}", extra)
    if args.head:
        write_head(args.head, model, tok)


if __name__ == "__main__":
    main()
