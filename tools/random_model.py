#!/usr/bin/env python3
"""A GGUF of random weights in the shape of Qwen2 0.5B: what speed, memory and loading can be measured on where no real
model is at hand. Its text is noise.

usage: tools/random_model.py OUT.gguf [--layers 24] [--width 896] [--vocabulary 151936] [--seed 1]

Needs numpy and gguf (pip install numpy gguf). Matrices are Q8_0, norms and biases float32; the same arguments give the
same file. About 500 MB at full size.
"""
import argparse

import gguf
import numpy as np

HEAD = 64  # width of a head; Qwen2 0.5B has 14 of them over 896, and 2 for keys and values


def byte_tokens():
    """The 256 bytes as the characters byte-level BPE writes for them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spelled, extra = {b: chr(b) for b in plain}, 256
    for b in range(256):
        if b not in spelled:
            spelled[b] = chr(extra)
            extra += 1
    return [spelled[b] for b in range(256)]


def add_tokenizer(writer, size):
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    words = [f"w{i}" for i in range(size - 256 - len(special))]
    types = [gguf.TokenType.NORMAL] * (size - len(special)) + [gguf.TokenType.CONTROL] * len(special)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(byte_tokens() + words + special)
    writer.add_token_types(types)
    writer.add_token_merges(["a b"])
    writer.add_eos_token_id(size - 1)
    writer.add_bos_token_id(size - 3)
    writer.add_add_bos_token(False)


def add_shape(writer, a):
    writer.add_name("random weights")
    writer.add_block_count(a.layers)
    writer.add_context_length(32768)
    writer.add_embedding_length(a.width)
    writer.add_feed_forward_length(a.feed_forward)
    writer.add_head_count(a.width // HEAD)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("--layers", type=int, default=24)
    p.add_argument("--width", type=int, default=896)
    p.add_argument("--feed-forward", type=int, default=4864)
    p.add_argument("--vocabulary", type=int, default=151936)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    rng = np.random.default_rng(a.seed)
    writer = gguf.GGUFWriter(a.out, "qwen2")
    add_shape(writer, a)
    add_tokenizer(writer, a.vocabulary)

    def matrix(name, rows, columns):
        w = rng.standard_normal((rows, columns), dtype=np.float32) / np.float32(np.sqrt(columns))
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(w, kind), raw_dtype=kind)

    def vector(name, n, value):
        writer.add_tensor(name, np.full(n, value, dtype=np.float32))

    keys = 2 * HEAD
    matrix("token_embd.weight", a.vocabulary, a.width)
    vector("output_norm.weight", a.width, 1)
    for i in range(a.layers):
        b = f"blk.{i}"
        vector(f"{b}.attn_norm.weight", a.width, 1)
        vector(f"{b}.ffn_norm.weight", a.width, 1)
        for name, n in (("q", a.width), ("k", keys), ("v", keys)):
            matrix(f"{b}.attn_{name}.weight", n, a.width)
            vector(f"{b}.attn_{name}.bias", n, 0)
        matrix(f"{b}.attn_output.weight", a.width, a.width)
        matrix(f"{b}.ffn_gate.weight", a.feed_forward, a.width)
        matrix(f"{b}.ffn_up.weight", a.feed_forward, a.width)
        matrix(f"{b}.ffn_down.weight", a.width, a.feed_forward)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
