#!/usr/bin/env python3
"""bench/score_auc.py RESULTS.jsonl [PERSAMP]: does a model's own log-probability tell right answers from wrong ones?

RESULTS.jsonl is of independent samples with their particles (`persamp eval --method=majority
--evaluation.save_particles=true`, or the row majority of bench/real_choices.sh). For each number that a prefix has without
a reward model: the probability that a right answer has more of it than a wrong one to the same problem (the AUC within
problems, ties half), with a 95% interval by bootstrap over the problems. One half: a search that selects by it selects at
random. PERSAMP (build/persamp) judges the answers.
"""
import json
import pathlib
import random
import subprocess
import sys

NUMBERS = {
    "sum of log p": lambda steps: sum(p for p, _ in steps),
    "mean of log p": lambda steps: sum(p for p, _ in steps) / sum(n for _, n in steps),
    "lowest mean of a step": lambda steps: min(p / n for p, n in steps if n > 0),
    "length in tokens": lambda steps: sum(n for _, n in steps),
}


def answers_of(line):
    """The finished answers: their text, and log p and tokens of each step."""
    particles = {p["id"]: p for p in line["particles"]}
    for p in line["particles"]:
        if p["state"] != "finished":
            continue
        chain = []
        while p:
            chain.append(p)
            p = particles.get(p["parent"])
        chain.reverse()
        yield "".join(s["text"] for s in chain), [(s["logp"], s["tokens"]) for s in chain]


def judge(persamp, gold, texts):
    """Whether each response is right, by the program's own verifier."""
    verdicts = []
    for text in texts:
        code = subprocess.run([persamp, "verify", "--gold", gold, "--response=" + text], capture_output=True).returncode
        verdicts.append(code == 0)
    return verdicts


def auc(problems, number):
    wins = pairs = 0
    for answers in problems:
        right = [number(steps) for steps, good in answers if good]
        wrong = [number(steps) for steps, good in answers if not good]
        wins += sum((r > w) + 0.5 * (r == w) for r in right for w in wrong)
        pairs += len(right) * len(wrong)
    return wins / pairs if pairs else 0.5


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    persamp = sys.argv[2] if len(sys.argv) > 2 else str(pathlib.Path(__file__).parent.parent / "build/persamp")
    problems = []
    for line in map(json.loads, open(sys.argv[1], encoding="utf-8")):
        answers = list(answers_of(line))
        verdicts = judge(persamp, line["ground_truth"], [text for text, _ in answers])
        problems.append([(steps, good) for (_, steps), good in zip(answers, verdicts)])
    both = sum(len({good for _, good in answers}) == 2 for answers in problems)
    print(f"{sum(map(len, problems))} finished answers to {len(problems)} problems, {both} of them with right and wrong ones")
    if both == 0:
        return
    print(f"{'number':24}{'AUC within problems':>20}   95% interval")
    for name, number in NUMBERS.items():
        draw = random.Random(1)
        again = sorted(auc(draw.choices(problems, k=len(problems)), number) for _ in range(2000))
        print(f"{name:24}{auc(problems, number):20.2f}   {again[50]:.2f} - {again[1949]:.2f}")


main()
