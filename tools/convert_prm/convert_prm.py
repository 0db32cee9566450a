#!/usr/bin/env python3
"""Convert a Qwen2ForProcessRewardModel folder to a base GGUF and a head GGUF.

    python tools/convert_prm/convert_prm.py Qwen2.5-Math-PRM-7B --out prm.gguf --head prm_head.gguf --type q8_0

Reads config.json, *.safetensors, tokenizer.json and tokenizer_config.json. The
base is an ordinary qwen2 model whose embeddings libllama returns after the final
norm; the head is score.0, ReLU, score.2 and a softmax over two labels, read at
the tag <extra_0>, where label 1 is "right". Needs numpy and gguf only.
"""
import argparse
import json
import re
import struct
import sys
from pathlib import Path

import gguf
import numpy as np

TYPES = {"f32": gguf.GGMLQuantizationType.F32, "f16": gguf.GGMLQuantizationType.F16,
         "bf16": gguf.GGMLQuantizationType.BF16, "q8_0": gguf.GGMLQuantizationType.Q8_0}
FILE_TYPES = {"f32": gguf.LlamaFileType.ALL_F32, "f16": gguf.LlamaFileType.MOSTLY_F16,
              "bf16": gguf.LlamaFileType.MOSTLY_BF16, "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0}
NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}


def safetensors(path):
    """Yield (name, float32 array) of one .safetensors file."""
    with open(path, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(size))
    raw = np.memmap(path, np.uint8, "r", offset=8 + size)
    for name, t in header.items():
        if name == "__metadata__":
            continue
        data = raw[slice(*t["data_offsets"])]
        if t["dtype"] == "BF16":
            x = (data.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        elif t["dtype"] in ("F16", "F32"):
            x = data.view({"F16": np.float16, "F32": np.float32}[t["dtype"]]).astype(np.float32)
        else:
            sys.exit(f"{path}: tensor {name} has type {t['dtype']}; BF16, F16 and F32 can be converted")
        yield name, x.reshape(t["shape"])


def gguf_name(name):
    """GGUF name of a base tensor, or None if it belongs to the head."""
    fixed = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
             "lm_head.weight": "output.weight"}
    if name in fixed:
        return fixed[name]
    m = re.fullmatch(r"model\.layers\.(\d+)\.(.+)\.(weight|bias)", name)
    if m and m.group(2) in NAMES:
        return f"blk.{m.group(1)}.{NAMES[m.group(2)]}.{m.group(3)}"
    return None


def add_tokenizer(w, folder, config):
    spec = json.loads((folder / "tokenizer.json").read_text())
    if spec["model"]["type"] != "BPE":
        sys.exit(f"{folder}/tokenizer.json: expected a BPE model, found {spec['model']['type']}")
    tokens = {i: t for t, i in spec["model"]["vocab"].items()}
    kinds = {i: gguf.TokenType.NORMAL for i in tokens}
    for t in spec["added_tokens"]:
        tokens[t["id"]] = t["content"]
        kinds[t["id"]] = gguf.TokenType.CONTROL if t["special"] else gguf.TokenType.USER_DEFINED
    ids = range(config["vocab_size"])
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("qwen2")
    w.add_token_list([tokens.get(i, f"[PAD{i}]") for i in ids])
    w.add_token_types([kinds.get(i, gguf.TokenType.UNUSED) for i in ids])
    merges = [m if isinstance(m, str) else " ".join(m) for m in spec["model"]["merges"]]
    w.add_token_merges(merges)
    w.add_add_bos_token(False)
    names = {t: i for i, t in tokens.items()}
    extra = folder / "tokenizer_config.json"
    extra = json.loads(extra.read_text()) if extra.exists() else {}
    text = lambda v: v["content"] if isinstance(v, dict) else v
    for key, add in (("eos_token", w.add_eos_token_id), ("pad_token", w.add_pad_token_id)):
        if text(extra.get(key)) in names:
            add(names[text(extra[key])])
    if isinstance(extra.get("chat_template"), str):
        w.add_chat_template(extra["chat_template"])
    return names


def convert(folder, out, head, kind="f16", tag="<extra_0>", positive=1):
    """Write the base to `out` and the head to `head`."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text())
    if "Qwen2ForProcessRewardModel" not in config.get("architectures", []):
        sys.exit(f"{folder}/config.json: expected architecture Qwen2ForProcessRewardModel, "
                 f"found {config.get('architectures')}")
    w = gguf.GGUFWriter(out, "qwen2", use_temp_file=True)
    w.add_name(folder.name)
    w.add_context_length(config["max_position_embeddings"])
    w.add_embedding_length(config["hidden_size"])
    w.add_block_count(config["num_hidden_layers"])
    w.add_feed_forward_length(config["intermediate_size"])
    w.add_head_count(config["num_attention_heads"])
    w.add_head_count_kv(config["num_key_value_heads"])
    theta = config.get("rope_theta") or config.get("rope_parameters", {}).get("rope_theta", 10000.0)
    w.add_rope_freq_base(theta)
    w.add_layer_norm_rms_eps(config["rms_norm_eps"])
    w.add_file_type(FILE_TYPES[kind])
    names = add_tokenizer(w, folder, config)
    if tag not in names:
        sys.exit(f"{folder}/tokenizer.json has no token {tag}; name the step tag with --tag")
    w.add_string("prm.kind", "head")
    h = gguf.GGUFWriter(head, "prm-head")
    h.add_name(f"{folder.name} head")
    h.add_string("prm.head.tag", tag)
    h.add_uint32("prm.head.positive", positive)
    h.add_string("prm.head.activation", "relu")
    found = set()
    for path in sorted(folder.glob("*.safetensors")):
        for name, x in safetensors(path):
            if name.startswith("score."):
                found.add(name)
                h.add_tensor("head." + name.removeprefix("score."), x)
                continue
            target = gguf_name(name)
            if target is None:
                sys.exit(f"{path}: tensor {name} has no place in a qwen2 GGUF")
            found.add(target)
            if x.ndim == 1:
                w.add_tensor(target, x)
            else:
                w.add_tensor(target, gguf.quants.quantize(x, TYPES[kind]), raw_dtype=TYPES[kind])
    need = {f"score.{i}.{p}" for i in (0, 2) for p in ("weight", "bias")} | {"token_embd.weight", "output_norm.weight"}
    need |= {f"blk.{i}.{n}.weight" for i in range(config["num_hidden_layers"]) for n in NAMES.values()}
    if need - found:
        sys.exit(f"{folder}: missing {', '.join(sorted(need - found)[:4])}")
    for writer in (w, h):
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("folder")
    a.add_argument("--out", required=True)
    a.add_argument("--head", required=True)
    a.add_argument("--type", choices=sorted(TYPES), default="f16", help="of the base's matrices; the head stays f32")
    a.add_argument("--tag", default="<extra_0>")
    a.add_argument("--positive", type=int, default=1, help="index of the label 'right'")
    args = a.parse_args()
    convert(args.folder, args.out, args.head, args.type, args.tag, args.positive)


if __name__ == "__main__":
    main()
