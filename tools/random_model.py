#!/usr/bin/env python3
"""A GGUF of random weights in the shape of a Qwen2: what speed, memory and loading can be measured on where no real
model is at hand. Its text is noise.

usage: tools/random_model.py OUT.gguf                     0.5B in Q8_0, about 500 MB
       tools/random_model.py OUT.gguf --like 1.5B --type F16     3 GB
       tools/random_model.py OUT.gguf --layers 2 --width 128     any other size

Needs numpy and gguf (pip install numpy gguf). Norms and biases are float32; the same arguments give the same file.
"""
import argparse

import gguf
import numpy as np

SHAPES = {  # of Qwen2; each has 2 heads for keys and values
    "0.5B": {"layers": 24, "width": 896, "feed_forward": 4864, "head": 64},
    "1.5B": {"layers": 28, "width": 1536, "feed_forward": 8960, "head": 128},
}


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
    writer.add_head_count(a.width // a.head)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(1e6)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(gguf.LlamaFileType[f"MOSTLY_{a.type}"])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out")
    p.add_argument("--like", choices=SHAPES, default="0.5B")
    for name in SHAPES["0.5B"]:
        p.add_argument("--" + name.replace("_", "-"), type=int)
    p.add_argument("--type", choices=("Q8_0", "F16"), default="Q8_0")
    p.add_argument("--vocabulary", type=int, default=151936)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    for name, value in SHAPES[a.like].items():
        if getattr(a, name) is None:
            setattr(a, name, value)
    rng = np.random.default_rng(a.seed)
    writer = gguf.GGUFWriter(a.out, "qwen2")
    add_shape(writer, a)
    add_tokenizer(writer, a.vocabulary)

    def matrix(name, rows, columns):
        w = rng.standard_normal((rows, columns), dtype=np.float32) / np.float32(np.sqrt(columns))
        kind = gguf.GGMLQuantizationType[a.type]
        writer.add_tensor(name, gguf.quants.quantize(w, kind), raw_dtype=kind)

    def vector(name, n, value):
        writer.add_tensor(name, np.full(n, value, dtype=np.float32))

    keys = 2 * a.head
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
