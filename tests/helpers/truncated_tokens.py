"""Truncate the distribution of a next token in NumPy, by the definitions."""

import numpy as np


def truncated_probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    """Return the probability of each token ``[vocabulary]``; of equal logits the lower token comes first."""
    logits = np.asarray(logits) / temperature
    order = sorted(range(len(logits)), key=lambda i: (-logits[i], i))[: top_k or len(logits)]
    probs = np.exp(logits[order] - logits.max())
    probs /= probs.sum()
    size = next((n for n in range(1, len(order)) if probs[:n].sum() >= (top_p or 1.0)), len(order))
    result = np.zeros(len(logits))
    result[order[:size]] = probs[:size] / probs[:size].sum()
    return result


SETTINGS = {
    "temperature, top-k and top-p": {"temperature": 2.0, "top_k": 3, "top_p": 0.7},
    "greedy": {"top_k": 1},
    "none": {},
    "temperature": {"temperature": 0.5},
    "top-k": {"top_k": 2},
    "top-p": {"top_p": 0.6},
    "all tokens": {"top_k": 5, "top_p": 1.0},
}
