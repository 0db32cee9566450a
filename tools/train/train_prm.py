#!/usr/bin/env python3
"""Fine-tune the reasoner into a process reward model on its own, labelled steps.

    python tools/train/train_prm.py --dir WORK

1. Sample answers to fresh training problems from the reasoner (kept in WORK/prm_samples.json).
2. Label each step by the generator's arithmetic (problems.label_steps).
3. Train on `+` against `-` at the tag after each step. Resumes from WORK/prm.pt.
"""
import argparse
import json
import random
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import chat
import prm
from batches import IGNORE
from export import load
from generate import draw
from model import sample
from problems import KINDS, label_steps
from tokenizer import Tokenizer
from train import optimisers


def collect(model, tok, split, n, seed, temperatures=(1.0, 1.0, 0.7)):
    """n sampled answers: [(problem text, steps, labels)]."""
    rng, out = random.Random(f"prm/{seed}"), []
    problems = [draw(rng, split) for _ in range(n)]
    prompts = [tok.encode(chat.prompt(p.text)) for p in problems]
    for t in range(len(temperatures)):
        part = range(t, n, len(temperatures))
        answers = sample(model, [prompts[i] for i in part], temperatures[t], max_tokens=130,
                         end=tok.id[chat.END], seed=seed)
        for i, a in zip(part, answers):
            steps = tok.decode(a).split("\n")
            out.append((problems[i].text, steps, label_steps(KINDS[problems[i].kind], problems[i], steps)))
    return out


def answers(model, tok, cache, n, seed, part=12000):
    """(train, held): n labelled answers and 2,000 of validation problems. Drawn in parts, each written to cache."""
    data = json.loads(cache.read_text()) if cache.exists() else {"train": [], "held": []}
    rows, held = data["train"], data["held"]

    def keep():
        scratch = cache.with_suffix(".tmp")
        scratch.write_text(json.dumps(data))
        scratch.replace(cache)

    if not held:
        held += collect(model, tok, "validation", 2000, seed + 1, (1.0,))
        keep()
    while len(rows) < n:
        begun, missing = time.time(), min(part, n - len(rows))
        rows += collect(model, tok, "train", missing, seed + len(rows))
        keep()
        print(f"{len(rows)} of {n} answers, {missing / (time.time() - begun):.0f} a second", flush=True)
    return rows, held


def batches(tok, rows, rng, size):
    """Shuffled batches (ids (B,T), targets (B,T)): 1 or 0 at tags, IGNORE elsewhere."""
    encoded = []
    for text, steps, labels in rows:
        ids, tags = prm.encode(tok, text, steps)
        encoded.append((ids, dict(zip(tags, labels))))
    encoded.sort(key=lambda e: len(e[0]) + rng.random())
    out, i = [], 0
    while i < len(encoded):
        j, width = i, 0
        while j < len(encoded):
            w = -(-len(encoded[j][0]) // 8) * 8
            if j > i and w * (j - i + 1) > size:
                break
            width, j = w, j + 1
        ids = torch.full((j - i, width), tok.id[chat.PAD])
        targets = torch.full((j - i, width), IGNORE)
        for r, (a, marks) in enumerate(encoded[i:j]):
            ids[r, :len(a)] = torch.tensor(a)
            for at, good in marks.items():
                targets[r, at] = int(good)
        out.append((ids, targets))
        i = j
    rng.shuffle(out)
    return out


def margins(model, tok_ids, ids):
    """Logits (B,T,2) of (negative, positive) at every position."""
    return F.linear(model.hidden(ids), model.embed.weight[tok_ids])


def auc(scores, labels):
    """Probability that a right step scores above a wrong one; ties count half."""
    order = torch.tensor(scores).argsort()
    ranks = torch.empty(len(scores), dtype=torch.double)
    ranks[order] = torch.arange(1, len(scores) + 1, dtype=torch.double)
    labels = torch.tensor(labels)
    p, n = int(labels.sum()), int((~labels).sum())
    return float((ranks[labels].sum() - p * (p + 1) / 2) / (p * n))


@torch.no_grad()
def score(model, tok, rows, size=16384):
    """Probability of `+` after each step, [[float]] in the order of rows."""
    pair = torch.tensor([tok.id["-"], tok.id["+"]])
    out, order = [None] * len(rows), sorted(range(len(rows)), key=lambda i: len(rows[i][0]) + sum(map(len, rows[i][1])))
    while order:
        encoded = [prm.encode(tok, *rows[i][:2]) for i in order[:150]]
        ids = torch.full((len(encoded), max(len(e[0]) for e in encoded)), tok.id[chat.PAD])
        for r, (a, _) in enumerate(encoded):
            ids[r, :len(a)] = torch.tensor(a)
        p = margins(model, pair, ids).softmax(-1)[..., 1]
        for r, (i, (_, tags)) in enumerate(zip(order[:150], encoded)):
            out[i] = p[r, tags].tolist()
        order = order[150:]
    return out


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--dir", required=True)
    a.add_argument("--minutes", type=float, default=1e6, help="training time in all, resumed runs included")
    a.add_argument("--max-tokens", type=float, default=44e6, help="training tokens in all, padding not counted")
    a.add_argument("--samples", type=int, default=120000)
    a.add_argument("--lr", type=float, default=1.5e-3)
    a.add_argument("--batch", type=int, default=4096)
    a.add_argument("--seed", type=int, default=1)
    a.add_argument("--threads", type=int, default=2)
    args = a.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    work = Path(args.dir)
    tok = Tokenizer.load(work / "tokenizer.json")
    model = load(work / "reasoner.pt")
    rows, held = answers(model, tok, work / "prm_samples.json", args.samples, args.seed)

    with torch.no_grad():                       # the tag begins as the newline it replaces
        model.embed.weight[tok.id[chat.TAG]] = model.embed.weight[tok.newline]
    opts = optimisers(model, args.lr)
    state = {"step": 0, "tokens": 0, "seconds": 0.0, "epoch": 0}
    checkpoint = work / "prm.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        for o, s in zip(opts, saved["opts"]):
            o.load_state_dict(s)
        state = saved["state"]

    def save():
        torch.save({"config": model.cfg.dict(), "model": model.state_dict(),
                    "opts": [o.state_dict() for o in opts], "state": state}, checkpoint)

    pair = torch.tensor([tok.id["-"], tok.id["+"]])

    def loss_of(ids, targets):
        return F.cross_entropy(margins(model, pair, ids).float().flatten(0, 1), targets.flatten(),
                               ignore_index=IGNORE)

    def quality(n=600):
        p = score(model, tok, held[:n])
        flat = [x for row in p for x in row]
        return auc(flat, [good for _, _, labels in held[:n] for good in labels])

    compiled = torch.compile(loss_of, dynamic=True)
    begun, saved_at, losses = time.time() - state["seconds"], time.time(), []
    while True:
        for ids, targets in batches(tok, rows, random.Random(f"{args.seed}/{state['epoch']}"), args.batch):
            state["seconds"] = time.time() - begun
            done = max(state["seconds"] / (60 * args.minutes), state["tokens"] / args.max_tokens)
            if done >= 1:
                save()
                print(json.dumps({**state, "auc": quality(2000)}), flush=True)
                return
            rate = args.lr * min((state["step"] + 1) / 50, 1, (1 - done) / 0.5)
            with torch.autocast("cpu", torch.bfloat16):
                loss = compiled(ids, targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for o in opts:
                for g in o.param_groups:
                    g["lr"] = rate
                o.step()
                o.zero_grad(set_to_none=True)
            losses.append(loss.item())
            state["step"] += 1
            state["tokens"] += int((ids != tok.id[chat.PAD]).sum())
            if state["step"] % 100 == 0:
                print(json.dumps({**state, "loss": sum(losses) / len(losses)}), flush=True)
                losses = []
            if time.time() - saved_at > 120:
                save()
                print(json.dumps({**state, "auc": quality()}), flush=True)
                saved_at = time.time()
        state["epoch"] += 1


if __name__ == "__main__":
    main()
