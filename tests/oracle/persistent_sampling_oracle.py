#!/usr/bin/env python3
"""Oracle for the persistent-sampling maths: slow, exact, readable. Needs mpmath only.

Writes golden JSON files (50-digit arithmetic, rounded to float64) that a fast
implementation is checked against. Formulas and symbols: docs/algorithm.md.

usage: persistent_sampling_oracle.py OUTPUT_DIR
"""
import itertools
import json
import os
import random
import sys

from mpmath import mp, mpf, exp, log

mp.dps = 50


def lse(values):
    top = max(values)
    return top + log(sum(exp(v - top) for v in values))


def ess(logw):
    """1 / sum W^2 with W normalised to one (eq. 17)."""
    z = lse(logw)
    return 1 / sum(exp(2 * (v - z)) for v in logw)


def balance_logw(ell, beta, events):
    """Eq. 15 with unequal counts: events is a list of (beta_e, log_z_e, n_e)."""
    total = sum(n for _, _, n in events)
    out = []
    for x in ell:
        mix = lse([log(mpf(n) / total) + b * x - z for b, z, n in events])
        out.append(beta * x - mix)
    return out


def solve_beta(ess_at, beta_prev, beta_max, target, tol=mpf(10) ** -30):
    """Largest beta in [beta_prev, beta_max] with ESS(beta) >= target, by bisection."""
    if ess_at(beta_prev) <= target:
        return beta_prev
    if ess_at(beta_max) >= target:
        return beta_max
    lo, hi = mpf(beta_prev), mpf(beta_max)
    while hi - lo > tol:
        mid = (lo + hi) / 2
        if ess_at(mid) >= target:
            lo = mid
        else:
            hi = mid
    return lo


def floats(xs):
    return [float(x) for x in xs]


def golden_balance(rng):
    """Cases with pool size n = sum of the events' counts, as in every real run."""
    cases = []
    for k in range(12):
        if k == 0:
            c = dict(ell=[1.0, 2.0, 3.0] * 2, events=[(0.2, 0.1, 3), (0.5, 0.3, 3)], beta=0.8)
        else:
            t = rng.randint(1, 6)
            scale = 10 ** rng.uniform(-1, 3)            # scores may be in the thousands
            events = [(0.0, 0.0, rng.randint(2, 9))]
            for _ in range(t - 1):
                events.append((events[-1][0] + rng.random() / t, rng.uniform(-2, 2) * scale ** 0.5, rng.randint(1, 9)))
            n = sum(count for _, _, count in events)
            c = dict(ell=[-scale * rng.random() for _ in range(n)], events=events,
                     beta=min(1.0, events[-1][0] + rng.random() / 4))
        ell = [mpf(x) for x in c["ell"]]
        events = [(mpf(b), mpf(z), n) for b, z, n in c["events"]]
        logw = balance_logw(ell, mpf(c["beta"]), events)
        z = lse(logw)
        target = 0.5 * len(ell) if k % 2 else 1.7
        beta_next = solve_beta(lambda b: ess(balance_logw(ell, b, events)), mpf(c["events"][-1][0]), mpf(1), mpf(target))
        cases.append(dict(
            ell=c["ell"], beta=c["beta"],
            events=[dict(beta=b, log_z=zz, count=n) for b, zz, n in c["events"]],
            log_w=floats(logw), W=floats([exp(v - z) for v in logw]), ess=float(ess(logw)),
            log_z=float(z - log(len(logw))), ess_target=target, beta_next=float(beta_next)))
    return cases


class LineageRun:
    """A recorded run in steps mode with lineage weights on a known language model.

    A prefix is a tuple of tokens; token `vocab` is the end-of-answer token and a prefix of
    `depth` tokens is forced to be finished. Events happen after the iterations in `event_after`.
    """

    def __init__(self, rng, vocab, depth, particles, iterations, decay, p_end, event_after, tilt=0.0):
        self.rng, self.V, self.D, self.M, self.T = rng, vocab, depth, particles, iterations
        self.decay, self.tilt, self.p_end, self.event_after = decay, mpf(tilt), mpf(p_end), event_after
        rows = [[mpf(rng.random()) + mpf("0.1") for _ in range(vocab)] for _ in range(vocab + 1)]
        self.trans = [[p / sum(row) for p in row] for row in rows]
        self.ell, self.finished = {(): mpf(0)}, []
        self.grow(())

    def grow(self, x):
        for c in range(self.V + 1 if self.p_end > 0 else self.V):
            y = x + (c,)
            self.ell[y] = self.ell[x] * mpf("0.8") + mpf(self.rng.gauss(0, 0.9))
            if self.is_finished(y):
                self.finished.append(y)
            else:
                self.grow(y)

    def is_finished(self, x):
        return len(x) == self.D or (x and x[-1] == self.V)

    def q(self, x):
        p, prev = mpf(1), self.V
        for c in x:
            p, prev = p * (self.p_end if c == self.V else (1 - self.p_end) * self.trans[prev][c]), c
        return p

    def step(self, x):
        if self.rng.random() < self.p_end:
            return x + (self.V,)
        row = self.trans[x[-1] if x else self.V]
        return x + (self.rng.choices(range(self.V), floats(row))[0],)

    def log_share(self, d, deepest, h):
        """log rho(d), relative to the deepest open depth."""
        if d == deepest:
            return mpf(0)
        if self.decay == 0:
            return mpf("-inf")
        return (deepest - d) * log(mpf(self.decay)) + self.tilt * (h[d] - h[deepest])

    def log_m(self, x):
        counts = self.counts[len(x)]
        total = sum(counts.values())
        return lse([log(mpf(n) / total) + self.events[e]["beta"] * self.ell[x[:a]] - self.events[e]["log_z"][a]
                    for (e, a), n in counts.items()])

    def run(self):
        pool = {d: [] for d in range(self.D + 1)}
        self.counts = {d: {} for d in range(self.D + 1)}      # (event, launch depth) -> launched, finished ones included
        self.events = [dict(beta=mpf(0), log_z={0: mpf(0)})]
        particles, cohort, age = [(0, 0, ())] * self.M, {(0, 0): self.M}, 0
        snapshots, selections = [], []
        for t in range(1, self.T + 1):
            age += 1
            for (e, a), n in cohort.items():
                if a + age <= self.D:
                    self.counts[a + age][(e, a)] = n
            going = []
            for e, a, x in particles:
                y = self.step(x)
                pool[len(y)].append(y)
                snapshots.append(dict(event=e, launch_depth=a, depth=len(y), finished=bool(self.is_finished(y)),
                                      path_ell=floats([self.ell[y[:k]] for k in range(len(y) + 1)])))
                if not self.is_finished(y):
                    going.append((e, a, y))
            particles = going
            if t not in self.event_after:
                continue
            beta = mpf(min(1, t / (self.T - 2)))
            open_ = {d: [x for x in pool[d] if not self.is_finished(x)] for d in range(1, self.D)}
            open_[0] = [()]
            depths = [d for d in range(self.D) if open_[d]]
            deepest, candidates, logw, log_z = max(depths), [], [], {}
            h = {d: lse([self.ell[x] for x in open_[d]]) - log(len(open_[d])) for d in depths}
            h[0] = h[depths[1]] if len(depths) > 1 else mpf(0)      # the root has no score of its own
            for d in depths:
                lv = [beta * self.ell[x] - (self.log_m(x) if d else 0) for x in open_[d]]
                log_z[d] = lse(lv) - (log(sum(self.counts[d].values())) if d else 0)
                logw += [v - lse(lv) + self.log_share(d, deepest, h) for v in lv]
                candidates += [(d, x) for x in open_[d]]
            z = lse(logw)
            W = [exp(v - z) for v in logw]
            picks = self.rng.choices(range(len(candidates)), floats(W), k=self.M)
            selections.append(dict(iteration=t, snapshots_so_far=len(snapshots), beta=float(beta),
                                   log_z={str(d): float(v) for d, v in log_z.items()},
                                   candidate_depth=[d for d, _ in candidates],
                                   candidate_ell=floats([self.ell[x] for _, x in candidates]),
                                   W=floats(W), ess=float(1 / sum(w * w for w in W)), picked=picks))
            self.events.append(dict(beta=beta, log_z=log_z))
            particles = [(len(self.events) - 1,) + candidates[i] for i in picks]
            cohort, age = {}, 0
            for e, a, _ in particles:
                cohort[(e, a)] = cohort.get((e, a), 0) + 1
        final = [(d, self.ell[x] - self.log_m(x) - log(sum(self.counts[d].values())))
                 for d in range(1, self.D + 1) for x in pool[d] if self.is_finished(x)]
        return dict(vocab=self.V, max_depth=self.D, particles=self.M, iterations=self.T, depth_decay=self.decay, depth_tilt=float(self.tilt),
                    events=[dict(beta=float(e["beta"]), log_z={str(d): float(v) for d, v in e["log_z"].items()})
                            for e in self.events],
                    launched={str(d): [dict(event=e, launch_depth=a, count=n) for (e, a), n in c.items()]
                              for d, c in self.counts.items() if c},
                    snapshots=snapshots, selections=selections,
                    finished_depth=[d for d, _ in final], finished_log_weight=floats([v for _, v in final]),
                    log_z_hat=float(lse([v for _, v in final])),
                    log_z_true=float(log(sum(self.q(x) * exp(self.ell[x]) for x in self.finished))))


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    rng = random.Random(20261123)
    json.dump(golden_balance(rng), open(os.path.join(out, "balance_weights.json"), "w"), indent=1)
    runs = [LineageRun(rng, *args).run() for args in [
        (3, 4, 4, 6, 0.5, 0.0, (1, 2, 3, 4, 5)),       # an event after every step, fixed length
        (3, 4, 8, 8, 0.3, 0.0, (1, 2, 4, 7)),          # cohorts of several steps
        (2, 5, 16, 10, 0.7, 0.25, (2, 3, 6, 8)),       # answers of different lengths
        (2, 6, 24, 12, 0.4, 0.30, tuple(range(1, 12))),
        (2, 5, 12, 9, 0.3, 0.20, (1, 2, 4, 5, 7, 8), 1.5),   # tilt, some cohorts of several steps
        (3, 5, 10, 5, 0.0, 0.0, (1, 2, 3, 4))]]              # never back: a particle filter
    json.dump(runs, open(os.path.join(out, "lineage_runs.json"), "w"), indent=1)


if __name__ == "__main__":
    main()
