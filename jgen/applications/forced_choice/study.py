"""Make a forced-choice study of several sets of images: pairs of sources, and attention checks."""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np

from jgen.applications.forced_choice.images import shuffle_pixels, to_png
from jgen.applications.forced_choice.store import Pair, Store
from jgen.errors import UsageError

NOISE = "shuffled pixels"


def make_study(
    path: str | Path,
    sources: Mapping[str, np.ndarray],
    *,
    num_pairs: int = 40,
    num_checks: int = 8,
    seed: int = 0,
) -> Store:
    """Write a study: random pairs of images of each two sources, and attention checks.

    An attention check shows a real image beside the same image with its pixels shuffled; its known answer is
    the real one. All raters see the same pairs, in an order and on sides that are random for each rater.

    Args:
        path: The SQLite file; it must not exist.
        sources: Name -> images ``[image, height, width, channel]`` of ``uint8`` (``check_images``); the first
            is the real set.
        num_pairs: Number of pairs of each two sources; no image is in two of them, nor in a check.
        num_checks: Number of attention checks.
        seed: Of the pairs and of each rater's order.

    Returns:
        The study, open.

    Raises:
        UsageError: For fewer than two sources, too few images, or a file that exists.
    """
    names = list(sources)
    if len(names) < 2:
        raise UsageError(f"a study compares two sources or more; got {', '.join(names) or 'none'}")
    if NOISE in names:
        raise UsageError(f"{NOISE!r} is the name of the checks: choose another name")
    rng = np.random.default_rng(seed)
    needed = {name: num_pairs * (len(names) - 1) + (num_checks if name == names[0] else 0) for name in names}
    for name, number in needed.items():
        if len(sources[name]) < number:
            raise UsageError(
                f"{name} has {len(sources[name])} images, and the study takes {number}, each once: give "
                "more images, or ask for fewer pairs"
            )
    unused = {
        name: list(sources[name][rng.permutation(len(sources[name]))[:number]])
        for name, number in needed.items()
    }
    images: list[tuple[str, bytes]] = []
    pairs: list[Pair] = []

    def add(first: tuple[str, np.ndarray], second: tuple[str, np.ndarray], is_check: bool) -> None:
        pairs.append(Pair(len(images), len(images) + 1, is_check))
        images.extend((name, to_png(image)) for name, image in (first, second))

    for first, second in combinations(names, 2):
        for _ in range(num_pairs):
            add((first, unused[first].pop()), (second, unused[second].pop()), False)
    for _ in range(num_checks):
        image = unused[names[0]].pop()
        add((names[0], image), (NOISE, shuffle_pixels(image, rng)), True)
    settings = {"sources": names, "num_pairs": num_pairs, "num_checks": num_checks, "seed": seed}
    return Store.create(path, images, pairs, settings)
