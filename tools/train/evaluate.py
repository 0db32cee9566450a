#!/usr/bin/env python3
"""The figures of docs/models.md, from the shipped GGUF files and a data set.

    python tools/train/evaluate.py --data data/test.jsonl --samples 16

Intervals are 95%: Wilson for a share of problems; a bootstrap over problems
where several samples of one problem are averaged or two shares are compared.
"""
import argparse
import json
import sys
from collections import defaultdict
from math import sqrt
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/oracle"))

import gguf_forward  # noqa: E402
import chat  # noqa: E402
from generate import problem_set  # noqa: E402
from model import Config, Model, sample  # noqa: E402
from problems import KINDS, boxed, label_steps, same_answer  # noqa: E402
from tokenizer import Tokenizer  # noqa: E402
from train_prm import auc, score  # noqa: E402


def model_from_gguf(path):
    """(Model, Tokenizer) with the weights as they are in the file."""
    g = gguf_forward.GGUF(path)
    tok = Tokenizer([m.split(" ") for m in g.meta["tokenizer.ggml.merges"]])
    t = {k: torch.from_numpy(np.array(v)) for k, v in g.tensor.items()}
    model = Model(Config(len(tok), g.get("block_count"), g.get("embedding_length"),
                         g.get("attention.head_count"), g.get("feed_forward_length")))
    state = {"embed.weight": t["output.weight"], "norm.weight": t["output_norm.weight"]}
    for i in range(g.get("block_count")):
        b, s = f"blk.{i}.", f"layers.{i}."
        state[s + "norm1.weight"], state[s + "norm2.weight"] = t[b + "attn_norm.weight"], t[b + "ffn_norm.weight"]
        for part in ("weight", "bias"):
            state[s + "qkv." + part] = torch.cat([t[f"{b}attn_{n}.{part}"] for n in "qkv"])
        state[s + "out.weight"] = t[b + "attn_output.weight"]
        state[s + "gate_up.weight"] = torch.cat([t[b + "ffn_gate.weight"], t[b + "ffn_up.weight"]])
        state[s + "down.weight"] = t[b + "ffn_down.weight"]
    model.load_state_dict(state)
    return model.eval(), tok


def wilson(k, n, z=1.96):
    p, d = k / n, 1 + z * z / n
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
    mid = (p + z * z / (2 * n)) / d
    return mid - half, mid + half


def bootstrap(values, rng, rounds=2000):
    """Interval of the mean of values (problems)."""
    means = values[rng.integers(0, len(values), (rounds, len(values)))].mean(1)
    return np.quantile(means, (0.025, 0.975))


def vote(answers, weights):
    """Answer of the heaviest class of equal answers; None is no answer."""
    classes = []
    for a, w in zip(answers, weights):
        if a is None:
            continue
        for c in classes:
            if same_answer(c[0], a):
                c[1] += w
                break
        else:
            classes.append([a, w])
    return max(classes, key=lambda c: c[1])[0] if classes else None


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--data", default=str(ROOT / "data/test.jsonl"))
    a.add_argument("--split", default="test", help="how --data was generated, with --data-seed: steps are labelled from it")
    a.add_argument("--data-seed", type=int, default=1)
    a.add_argument("--samples", type=int, default=16)
    a.add_argument("--seed", type=int, default=0)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--models", default=str(ROOT / "models"))
    args = a.parse_args()
    torch.set_num_threads(args.threads)
    rng = np.random.default_rng(args.seed)

    rows = [json.loads(line) for line in open(args.data)]
    problems = problem_set(args.split, len(rows), args.data_seed)
    if [p.text for p in problems] != [r["problem"] for r in rows]:
        sys.exit(f"{args.data} is not what generate.py writes for --split {args.split} --seed {args.data_seed}")
    n, m = len(rows), args.samples
    model, tok = model_from_gguf(f"{args.models}/reasoner.gguf")
    prompts = [tok.encode(chat.prompt(p.text)) for p in problems]
    end = tok.id[chat.END]
    greedy = [tok.decode(x).split("\n") for x in sample(model, prompts, 0.0, end=end)]
    raw = sample(model, [q for q in prompts for _ in range(m)], 1.0, end=end, seed=args.seed)
    tokens = np.array([len(x) + 1 for x in raw])
    steps = [tok.decode(x).split("\n") for x in raw]
    answers = [boxed(s[-1]) for s in steps]
    good = np.array([same_answer(problems[i // m].answer, x) for i, x in enumerate(answers)]).reshape(n, m)
    greedy_good = np.array([same_answer(p.answer, boxed(s[-1])) for p, s in zip(problems, greedy)])
    of = lambda i: slice(i * m, (i + 1) * m)
    right = lambda picks: np.array([same_answer(p.answer, x) for p, x in zip(problems, picks)])
    majority = right([vote(answers[of(i)], [1] * m) for i in range(n)])

    def share(name, hits):
        lo, hi = wilson(hits.sum(), n)
        print(f"{name:34} {100 * hits.mean():5.1f}  [{100 * lo:.1f}, {100 * hi:.1f}]")

    def gain(name, hits):
        d = hits - good.mean(1)
        lo, hi = bootstrap(d, rng)
        print(f"{name:34} {100 * d.mean():+5.1f}  [{100 * lo:+.1f}, {100 * hi:+.1f}]")

    print(f"{n} problems, {m} samples each at temperature 1; tokens an answer: mean {tokens.mean():.1f}, "
          f"95% below {np.quantile(tokens, .95):.0f}, most {tokens.max()}")
    lo, hi = bootstrap(good.mean(1), rng)
    print(f"{'one sample (mean of all)':34} {100 * good.mean():5.1f}  [{100 * lo:.1f}, {100 * hi:.1f}]")
    share("greedy", greedy_good)
    gain("  greedy - one sample", greedy_good)
    share(f"majority of {m}", majority)
    share(f"oracle: any of {m}", good.any(1))
    if Path(f"{args.models}/prm.gguf").exists():
        judge, jtok = model_from_gguf(f"{args.models}/prm.gguf")
        texts = [(problems[i // m].text, s) for i, s in enumerate(steps)]
        probs = score(judge, jtok, texts)
        labels = [label_steps(KINDS[problems[i // m].kind], problems[i // m], s) for i, s in enumerate(steps)]
        flat = [(x, y, i // m, i % m) for i, (ps, ls) in enumerate(zip(probs, labels)) for x, y in zip(ps, ls)]
        first = [(x, y, g) for x, y, g, j in flat if j == 0]
        by = defaultdict(list)
        for f in first:
            by[f[2]].append(f)
        draws = []
        for _ in range(300):
            some = [f for g in rng.integers(0, n, n) for f in by[g]]
            draws.append(auc([f[0] for f in some], [f[1] for f in some]))
        lo, hi = np.quantile(draws, (0.025, 0.975))
        print(f"{'PRM: AUC of steps, all samples':34} {auc([f[0] for f in flat], [f[1] for f in flat]):.4f}")
        print(f"{'PRM: AUC of steps, first sample':34} {auc([f[0] for f in first], [f[1] for f in first]):.4f}  [{lo:.4f}, {hi:.4f}]")
        for name, fold in (("last", lambda p: p[-1]), ("min", min), ("prod", np.prod)):
            w = [float(fold(p)) for p in probs]
            weighted = right([vote(answers[of(i)], w[of(i)]) for i in range(n)])
            best = right([answers[i * m + int(np.argmax(w[of(i)]))] for i in range(n)])
            share(f"PRM-weighted vote of {m}, {name}", weighted)
            gain("  - one sample", weighted)
            share(f"PRM best of {m}, {name}", best)
    print("\nby kind: one sample, greedy, oracle; by level the same")
    for key in sorted(KINDS) + [1, 2, 3, 4, 5]:
        at = [i for i, p in enumerate(problems) if key in (p.kind, p.level)]
        print(f"  {key!s:14} {100 * good[at].mean():5.1f} {100 * greedy_good[at].mean():5.1f} {100 * good[at].any(1).mean():5.1f}")


if __name__ == "__main__":
    main()
