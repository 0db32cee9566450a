"""School mathematics with written-out solutions, and a program that checks them.

Each kind is a module with

    NAME     subject as it stands in the data files
    make(rng, level)  -> Problem     one random problem, level 1..5
    check(problem, step, seen) -> bool   is this line valid for this problem?

`KINDS` maps the short name (used in unique_id) to the module.
"""
from . import (absolute, arithmetic, coins, euclid, expressions, fractions, linear,
               measures, powers, quadratics, remainders, squares, subsets, systems)
from .base import Problem, boxed, label_steps, same_answer

KINDS = {m.__name__.rsplit(".", 1)[1]: m for m in
         (absolute, arithmetic, coins, euclid, expressions, fractions, linear,
          measures, powers, quadratics, remainders, squares, subsets, systems)}
LEVELS = (1, 2, 3, 4, 5)

__all__ = ["KINDS", "LEVELS", "Problem", "boxed", "label_steps", "same_answer"]
