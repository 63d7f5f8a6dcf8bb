"""Mutants of metrics of nearest neighbours and of rankings."""

import numpy as np

from tests.evaluation.classification import test_auroc
from tests.evaluation.neighbours import test_auth_pct, test_density_coverage, test_precision_recall
from tests.evaluation.neighbours.test_nearest_neighbours import check_balls, check_neighbours, samples
from tests.helpers.mutant import Mutant

NEAREST, PRECISION = "evaluation.neighbours.nearest_neighbours", "evaluation.neighbours.precision_recall"


def check_copies(module):
    """Check neighbours and balls of samples with copies."""
    rng = np.random.default_rng(0)
    x, y = samples(rng, "copies", 3)
    check_neighbours(module, rng, x, 3)
    check_balls(module, x, y, 3)


def of_nearest(right, wrong):
    return Mutant(NEAREST, right, wrong, check=check_copies)


def of_precision(right, wrong, check):
    return Mutant(PRECISION, right, wrong, check=check)


MUTANTS = {
    "neighbours, a row its own neighbour": of_nearest("others = i + start != j", "others = j >= 0"),
    "neighbours, a strict < in balls": of_nearest("exact <= radii[i[is_open]", "exact < radii[i[is_open]"),
    "neighbours, a strict < among ties": of_nearest(
        "distances <= squared[here]", "distances < squared[here]"
    ),
    "neighbours, k off by one": of_nearest(
        "[:, None] + np.arange(k)", "[:, None] + np.maximum(np.arange(k) - 1, 0)"
    ),
    "precision, roles of the balls swapped": of_precision(
        "ball_counts(generated, of_generated[None], real).by_point[0] > 0",
        "ball_counts(real, of_real[None], generated).by_centre[0] > 0",
        test_precision_recall.check_counts,
    ),
    "precision, a collapsed generator has recall": of_precision(
        "of_real, of_generated = nearest(real, k), nearest(generated, k)",
        "real, generated = generated, real; of_real, of_generated = nearest(real, k), nearest(generated, k)",
        test_precision_recall.check_collapse,
    ),
    "precision, the null of k and one more": of_precision(
        "inside = balls[index].num_balls > 0",
        "inside = balls[index].num_balls >= 0",
        test_precision_recall.check_null,
    ),
    "density, the row itself in its ball": Mutant(
        "evaluation.neighbours.density_coverage",
        ".by_point[0] - 1  #",
        ".by_point[0]  #",
        check=test_density_coverage.check_counts,
    ),
    "authentic, equal distances": Mutant(
        "evaluation.neighbours.auth_pct",
        "own.squared[closest, 0] < across.squared[:, 0]",
        "own.squared[closest, 0] <= across.squared[:, 0]",
        check=test_auth_pct.check_share,
    ),
    "AUROC, ties not halved": Mutant(
        "evaluation.classification.auroc",
        "ranks = rankdata(np.concatenate([x, y]))",
        'ranks = rankdata(np.concatenate([x, y]), "max")',
        check=test_auroc.check_pairs,
    ),
}
