"""Make up targets and the probabilities that a classifier gives for them."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def one_hot(answers, n_classes, confidence=1.0):
    rest = (1 - confidence) / (n_classes - 1)
    probabilities = np.full((len(answers), n_classes), rest)
    probabilities[np.arange(len(answers)), answers] = confidence
    return probabilities


def random_case(n=400, n_classes=8, seed=0):
    rng = np.random.default_rng(seed)
    targets = rng.choice(n_classes, size=n, p=rng.dirichlet(np.ones(n_classes)))
    logits = rng.normal(size=(n, n_classes)) + 1.5 * np.eye(n_classes)[targets]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return targets.astype(np.int64), probabilities


answer_cases = st.tuples(st.integers(1, 40), st.integers(2, 8)).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
        hnp.arrays(np.float64, shape, elements=st.floats(0.01, 1)),
        hnp.arrays(np.int64, shape[0], elements=st.integers(0, 5)),
    )
)
"""Targets (N,), weights (N, K) that are proportional to probabilities, and groups (N,)."""

BAD_INPUTS = (
    (np.array([], np.int64), np.zeros((0, 3))),
    (np.array([0, 1]), np.ones((3, 2)) / 2),
    (np.array([2]), np.ones((1, 2)) / 2),
    (np.array([-1]), np.ones((1, 2)) / 2),
    (np.array([0]), np.ones(1)),
)
"""Targets and probabilities that do not fit together."""
