"""Regret of Optuna's TPE on the functions of tests/tune/functions.h, and the paired difference in log10 to ours:

    build/bench/bench_tune >ours
    $(tools/get-optuna) bench/tune_regret.py ours
"""
import math
import sys
import warnings

import numpy as np
import optuna

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)

ALPHA = np.array([1, 1.2, 3, 3.2])
A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
P = 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
                     [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])


def branin(t):
    x, y = t.suggest_float("x", -5, 10), t.suggest_float("y", 0, 15)
    inner = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return inner**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10 - 0.397887357729739


def hartmann(t):
    x = np.array([t.suggest_float("x%d" % d, 0, 1) for d in range(6)])
    return 3.322368011415515 - float(ALPHA @ np.exp(-(A * (x - P) ** 2).sum(axis=1)))


def choices(t):
    x = [t.suggest_categorical("x%d" % d, list(range(6))) for d in range(4)]
    return sum(abs(x[d] - (d + 1)) / 5 for d in range(4)) + 0.5 * (x[0] != 1 and x[1] == 2)


ours = {}
for line in open(sys.argv[1]):
    name, seed, best = line.split()
    ours.setdefault(name, []).append(float(best))
for f in (branin, hartmann, choices):
    theirs = []
    for seed in range(len(ours[f.__name__])):
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, multivariate=True))
        study.optimize(f, n_trials=60)
        theirs.append(study.best_value)
    # Of a space that is found exactly the regret is 0: the floor keeps its logarithm finite.
    a, b = (np.log10(np.maximum(v, 1e-3)) for v in (np.array(ours[f.__name__]), np.array(theirs)))
    d = a - b
    half = 1.96 * d.std(ddof=1) / math.sqrt(len(d))
    print("%-9s ours %.3f, Optuna's %.3f, difference %.3f (95%%: %.3f to %.3f)" % (f.__name__, a.mean(), b.mean(), d.mean(), d.mean() - half, d.mean() + half))
