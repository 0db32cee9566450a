#!/usr/bin/env python3
"""A folder of class Qwen2ForProcessRewardModel, as Qwen2.5-Math-PRM-7B is one, and what PyTorch says of it.

    prm_checkpoint.py make PRM.gguf HEAD.gguf FOLDER     the shipped reward model in that form
    prm_checkpoint.py make PRM.gguf random FOLDER        … the same shape with random weights
    prm_checkpoint.py rewards FOLDER <texts.json         P(right) at each tag of each text: a list of lists

Writes FOLDER/model, which vLLM serves with `--runner pooling --tokenizer FOLDER/tokenizer`, and prints the flags. (The
tokenizer is apart because transformers gives a folder of model type qwen2 Qwen's own.) A head of one layer becomes one
of two: x = ReLU(x) - ReLU(-x). Runs in the Python that vLLM was installed into.
"""
import json
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "servers"))


def head_of(path, width):
    """score.0 and score.2 of a head file of one layer with two labels."""
    import gguf
    reader = gguf.GGUFReader(path)
    found = {t.name: gguf.dequantize(t.data, t.tensor_type).astype(np.float32) for t in reader.tensors}
    rows = found["head.0.weight"].reshape(2, width)
    bias = found.get("head.0.bias", np.zeros(2, np.float32)).reshape(2)
    first, second = np.zeros((width, width), np.float32), np.zeros((2, width), np.float32)
    first_bias = np.zeros(width, np.float32)
    for i in range(2):
        for k, sign in enumerate((1, -1)):
            first[2 * i + k], first_bias[2 * i + k], second[i, 2 * i + k] = sign * rows[i], sign * bias[i], sign
    return {"score.0.weight": first, "score.0.bias": first_bias, "score.2.weight": second,
            "score.2.bias": np.zeros(2, np.float32)}


def make(prm, head, folder):
    import gguf_to_hf
    from safetensors.numpy import load_file, save_file
    tokenizer, model = folder / "tokenizer", folder / "model"
    gguf_to_hf.convert(prm, tokenizer)
    weights = {name: x for name, x in load_file(tokenizer / "model.safetensors").items()
               if not name.endswith("o_proj.bias") and not name.startswith("lm_head")}
    config = json.loads((tokenizer / "config.json").read_text())
    width = config["hidden_size"]
    config.update(architectures=["Qwen2ForProcessRewardModel"], model_type="qwen2", num_labels=2)
    for key in ("attention_bias", "mlp_bias"):
        config.pop(key)
    if head == "random":
        random = np.random.default_rng(20261130)
        weights.update({"score.0.weight": np.zeros((width, width)), "score.0.bias": np.zeros(width),
                        "score.2.weight": np.zeros((2, width)), "score.2.bias": np.zeros(2)})
        weights = {name: (random.normal(size=x.shape) / np.sqrt(width) + ("norm" in name)).astype(np.float32)
                   for name, x in weights.items()}
    else:
        weights.update(head_of(head, width))
    model.mkdir(parents=True, exist_ok=True)
    save_file(weights, model / "model.safetensors", {"format": "pt"})
    (model / "config.json").write_text(json.dumps(config))
    tag = gguf_to_hf.Source(prm).get("prm.token.tag")
    added = json.loads((tokenizer / "tokenizer.json").read_text())["added_tokens"]
    tag_id = next(token["id"] for token in added if token["content"] == tag)
    (folder / "tag.json").write_text(json.dumps({"tag": tag, "id": tag_id}))
    print(json.dumps(["--runner", "pooling", "--tokenizer", str(tokenizer), "--pooler-config",
                      json.dumps({"step_tag_id": tag_id})]))


def rewards(folder, texts):
    import torch
    import transformers
    from safetensors.torch import load_file
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder / "tokenizer")
    model = transformers.Qwen2Model.from_pretrained(folder / "model", dtype=torch.float32).eval()
    score = load_file(folder / "model/model.safetensors")
    tag = json.loads((folder / "tag.json").read_text())["id"]
    out = []
    for text in texts:
        ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
        with torch.no_grad():
            x = model(input_ids=ids).last_hidden_state[0]
            x = torch.relu(x @ score["score.0.weight"].T + score["score.0.bias"])
            p = torch.softmax(x @ score["score.2.weight"].T + score["score.2.bias"], -1)[:, 1]
        out.append(p[ids[0] == tag].tolist())
    return out


if sys.argv[1] == "make":
    make(sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4]))
else:
    print(json.dumps(rewards(pathlib.Path(sys.argv[2]), json.load(sys.stdin))))
