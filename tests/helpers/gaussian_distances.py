"""Distances between isotropic Gaussians in closed form, as KNOWN values of two-sample metrics."""

import numpy as np
from scipy.special import gamma, hyp1f1


def mmd_squared(distance, s1, s2, length, dim):
    """Compute MMD^2 of N(0, s1^2 I) and N(mu, s2^2 I), |mu| = distance, under exp(-r^2 / 2 l^2)."""

    def mean(squared, variance):
        total = length**2 + variance
        return (length**2 / total) ** (dim / 2) * np.exp(-squared / (2 * total))

    return mean(0, 2 * s1**2) + mean(0, 2 * s2**2) - 2 * mean(distance**2, s1**2 + s2**2)


def energy(distance, s1, s2, dim):
    """Compute the energy distance of the same."""

    def mean(squared, variance):
        scale = np.sqrt(2 * variance) * gamma((dim + 1) / 2) / gamma(dim / 2)
        return scale * hyp1f1(-0.5, dim / 2, -squared / (2 * variance))

    return 2 * mean(distance**2, s1**2 + s2**2) - mean(0, 2 * s1**2) - mean(0, 2 * s2**2)


def entropic_cost(distance, s1, s2, eps, dim):
    """Compute entropic OT of the same with squared cost (Janati et al. 2020, eps = 2 sigma^2)."""
    squared_sigma = eps / 2
    root = np.sqrt(4 * s1**2 * s2**2 + squared_sigma**2)
    inner = root - squared_sigma + squared_sigma * np.log(2 * squared_sigma / (root + squared_sigma))
    return distance**2 + dim * (s1**2 + s2**2 - inner)
