#!/usr/bin/env python3
"""The weights of bench_weights.c in numpy: float64 log-sum-exp over events, one core.

usage: bench_weights_numpy.py SNAPSHOTS EVENTS
Prints two lines: milliseconds (best of some repeats) of the plain expression over a (snapshots, events) array, and of
the same over blocks of 1,000 snapshots, which stay in the cache; and a checksum of each.
"""
import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
import sys
import time

import numpy as np


def log_mixture(ell, beta, offset):
    """LSE over events of offset_e + beta_e * ell_i (eq. 15)."""
    x = ell[:, None] * beta + offset
    top = x.max(axis=1)
    x -= top[:, None]
    np.exp(x, out=x)
    return top + np.log(x.sum(axis=1))


def in_blocks(ell, beta, offset, rows=1000):
    return np.concatenate([log_mixture(ell[i:i + rows], beta, offset) for i in range(0, len(ell), rows)])


def best_time(f, *args, repeats=5):
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        result = f(*args)
        best = min(best, time.perf_counter() - start)
    return best * 1e3, result


def main():
    n, events = int(sys.argv[1]), int(sys.argv[2])
    ell = -50.0 * (np.arange(n) * 0.6180339887498949 % 1.0)
    beta = np.arange(events) / events
    offset = np.log(1.0 / events) + 20.0 * beta
    for name, f in (("whole", log_mixture), ("blocks", in_blocks)):
        ms, result = best_time(f, ell, beta, offset)
        print(name, f"{ms:.3f} {result.sum():.15e}")


if __name__ == "__main__":
    main()
