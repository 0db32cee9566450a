#!/usr/bin/env python3
"""Write tests/fixtures/ from the shipped models, so that C tests need no Python.

reasoner_tokens.json  [{text, ids}]
reasoner_logp.json    [{prompt, prompt_tokens, answer, answer_tokens, logp}]   numpy float32
prm_probs.json        [{question, steps, labels, probs}]                       PyTorch float32
"""
import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/oracle"))

import gguf_forward  # noqa: E402
import chat  # noqa: E402
from evaluate import model_from_gguf  # noqa: E402
from generate import problem_set  # noqa: E402
from problems import KINDS, label_steps  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402
from train_prm import score  # noqa: E402


def write(name, rows):
    path = ROOT / "tests/fixtures" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")


def main():
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    g = gguf_forward.GGUF(ROOT / "models/reasoner.gguf")
    tok = Tokenizer([m.split(" ") for m in g.meta["tokenizer.ggml.merges"]])
    problems = problem_set("validation", 50, 9)
    texts = [p.text for p in problems[:10]] + [p.solution for p in problems[10:20]] + [
        chat.prompt(problems[0].text), chat.prompt(problems[0].text, chat.SYSTEM),
        "Something else: é, √2 ≤ 3, 12345\n\nend", ""]
    write("reasoner_tokens.json", [{"text": t, "ids": tok.encode(t)} for t in texts])
    rows = []
    for p in problems[::6][:8]:
        prompt = chat.prompt(p.text)
        a, b = tok.encode(prompt), tok.encode(p.solution)
        lp = [round(float(x), 6) for x in gguf_forward.answer_logp(g, a, b)]
        rows.append({"prompt": prompt, "prompt_tokens": a, "answer": p.solution, "answer_tokens": b, "logp": lp})
    write("reasoner_logp.json", rows)
    if not (ROOT / "models/prm.gguf").exists():
        return
    judge, tok = model_from_gguf(ROOT / "models/prm.gguf")
    rows, asked = [], []
    for i, p in enumerate(problems[3::6][:8]):
        steps = list(p.detours[0] if i % 2 and p.detours else p.steps)
        if i % 4 == 2:                                   # a slip in the second line
            steps[1] = steps[1].translate(str.maketrans("12345678", "23456789"))
        asked.append((p.text, steps))
        rows.append({"question": p.text, "steps": steps, "labels": label_steps(KINDS[p.kind], p, steps)})
    for row, probs in zip(rows, score(judge, tok, asked)):
        row["probs"] = [round(x, 6) for x in probs]
    write("prm_probs.json", rows)


if __name__ == "__main__":
    main()
