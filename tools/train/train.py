#!/usr/bin/env python3
"""Train the reasoner on CPU; stops by the clock or by tokens, resumes from its checkpoint.

    python tools/train/train.py --dir WORK --max-tokens 30e6

Muon for the matrices, AdamW for the rest; bfloat16 autocast, float32 master
weights. The learning rate warms up, stays, and falls linearly to zero over the
last `--cooldown` of the budget, so that the budget can be changed on resuming.
"""
import argparse
import json
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import batches
import chat
from generate import draw, problem_set
from model import Config, Model, sample
from problems import KINDS, LEVELS, boxed, same_answer
from tokenizer import Tokenizer, learn_merges


def make_tokenizer(path):
    """The tokenizer of `path`, learned from training problems when there is none yet."""
    if not Path(path).exists():
        rng = random.Random("tokenizer")
        texts = [chat.prompt(draw(rng, "train").text, chat.SYSTEM) for _ in range(4000)]
        Tokenizer(learn_merges(texts, 220)).save(path)
    return Tokenizer.load(path)


def optimisers(model, lr):
    """Muon on the layers' matrices, AdamW on embedding, norms and biases."""
    matrices = [p for p in model.layers.parameters() if p.ndim == 2]
    ids = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in ids]
    return [torch.optim.Muon(matrices, lr=lr, momentum=0.95, weight_decay=0.01,
                             adjust_lr_fn="match_rms_adamw", ns_steps=5),
            torch.optim.AdamW(others, lr=lr, betas=(0.9, 0.95), weight_decay=0.0)]


def loss_sum(model, ids, targets):
    """Summed cross-entropy over targets that are not IGNORE."""
    return F.cross_entropy(model(ids).float().flatten(0, 1), targets.flatten(),
                           ignore_index=batches.IGNORE, reduction="sum")


def accuracy(model, tok, problems, temperature, seed=0):
    """Share of problems answered right by one sample each, and that per kind."""
    model.eval()
    prompts = [tok.encode(chat.prompt(p.text)) for p in problems]
    answers = sample(model, prompts, temperature, end=tok.id[chat.END], seed=seed)
    good = [same_answer(p.answer, boxed(tok.decode(a).split("\n")[-1])) for p, a in zip(problems, answers)]
    kinds = {k: sum(g for g, p in zip(good, problems) if p.kind == k) / sum(p.kind == k for p in problems)
             for k in KINDS}
    model.train()
    return sum(good) / len(good), kinds


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--dir", required=True, help="working folder for checkpoints and the log")
    a.add_argument("--minutes", type=float, default=1e6, help="training time in all, resumed runs included")
    a.add_argument("--max-tokens", type=float, default=30e6, help="training tokens in all, padding not counted")
    a.add_argument("--cooldown", type=float, default=0.45)
    a.add_argument("--lr", type=float, default=3e-3)
    a.add_argument("--batch", type=int, default=4096, help="padded tokens a step")
    a.add_argument("--layers", type=int, default=5)
    a.add_argument("--width", type=int, default=192)
    a.add_argument("--hidden", type=int, default=512)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--save-every", type=float, default=180, help="seconds")
    a.add_argument("--threads", type=int, default=2)
    args = a.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    work = Path(args.dir)
    work.mkdir(parents=True, exist_ok=True)
    tok = make_tokenizer(work / "tokenizer.json")
    model = Model(Config(len(tok), args.layers, args.width, args.width // 32, args.hidden))
    opts = optimisers(model, args.lr)
    state = {"step": 0, "tokens": 0, "seconds": 0.0, "pool": 0}
    checkpoint = work / "reasoner.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        for o, s in zip(opts, saved["opts"]):
            o.load_state_dict(s)
        state = saved["state"]

    def save():
        torch.save({"config": model.cfg.dict(), "model": model.state_dict(),
                    "opts": [o.state_dict() for o in opts], "state": state}, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").rename(checkpoint)

    def report(**row):
        row.update(state)
        print(json.dumps(row), flush=True)
        with open(work / "log.jsonl", "a") as f:
            f.write(json.dumps(row) + "\n")

    check = problem_set("validation", 250, 1)
    compiled = torch.compile(loss_sum, dynamic=True)
    begun, saved_at, losses = time.time() - state["seconds"], time.time(), []
    while True:
        for ids, targets in batches.pool(tok, args.seed, state["pool"], args.batch):
            state["seconds"] = time.time() - begun
            done = max(state["seconds"] / (60 * args.minutes), state["tokens"] / args.max_tokens)
            if done >= 1:
                save()
                report(sample=accuracy(model, tok, check, 1.0), greedy=accuracy(model, tok, check, 0.0))
                return
            rate = args.lr * min((state["step"] + 1) / 100, 1, (1 - done) / args.cooldown)
            with torch.autocast("cpu", torch.bfloat16):
                loss = compiled(model, ids, targets) / (targets != batches.IGNORE).sum()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for o in opts:
                for g in o.param_groups:
                    g["lr"] = rate
                o.step()
                o.zero_grad(set_to_none=True)
            losses.append(loss.item())
            state["step"] += 1
            state["tokens"] += int((ids != 0).sum())
            if state["step"] % 50 == 0:
                report(loss=sum(losses) / len(losses), lr=rate,
                       rate=int(state["tokens"] / (time.time() - begun)))
                losses = []
            if time.time() - saved_at > args.save_every:
                save()
                report(sample=accuracy(model, tok, check, 1.0))
                saved_at = time.time()
        state["pool"] += 1


if __name__ == "__main__":
    main()
