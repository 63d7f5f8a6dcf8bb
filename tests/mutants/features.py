"""Mutants of feature networks: other borders, statistics, resizes and layers than the published ones."""

from functools import partial

import numpy as np

from tests.features import (
    test_dinov2,
    test_dinov2_features,
    test_extractor,
    test_inception_v3,
    test_legacy_resize,
    test_pca_features,
)
from tests.helpers.extractor_checks import check_rows_alone
from tests.helpers.mutant import Mutant


def check_resize(module):
    test_legacy_resize.check_against_a_loop(module.legacy_resize)


def check_pillow(module):
    test_dinov2_features.check_resize(module.bicubic, np.random.default_rng(0))


def check_batches(module):
    extractor = module.from_network("own", test_extractor.project, test_extractor.WEIGHTS, batch_size=3)
    x = np.random.default_rng(0).normal(size=(8, 6))
    np.testing.assert_allclose(extractor(x), np.tanh(x @ test_extractor.WEIGHTS), rtol=1e-5, atol=1e-6)
    check_rows_alone(extractor, x)


def check_components(module):
    test_pca_features.check_projections(module.pca_features)


resize = partial(Mutant, "features.legacy_resize", check=check_resize)
inception = partial(Mutant, "features.inception_v3", check=test_inception_v3.check_parity)
dinov2 = partial(Mutant, "features.dinov2", check=test_dinov2.check_parity)
gated = partial(Mutant, "features.dinov2", check=test_dinov2.check_gates)
MUTANTS = {
    "legacy resize, half-pixel centres": resize(
        "np.arange(size, dtype=np.float32) *",
        "-0.5 * (1 - length / size) + np.arange(size, dtype=np.float32) *",
    ),
    "legacy resize, corners aligned": resize(
        "np.float32(length / size)", "np.float32((length - 1) / (size - 1))"
    ),
    "legacy resize, the border extrapolated": resize(
        "np.minimum(lower + 1, length - 1)", "(lower + 1) % length"
    ),
    "Inception, averages that count the padding": inception(
        "count_include_pad=False", "count_include_pad=True"
    ),
    "Inception, the average of the paper in the last block": inception(
        'x, nn.max_pool(x, (3, 3), padding="SAME"))', "x, _average(x))"
    ),
    "Inception, another constant of the normalisation": inception("EPS = 1e-3", "EPS = 1e-5"),
    "Inception, mean and variance swapped": inception(
        'factor * arrays[f"{name}.bn.running_mean"]', 'factor * arrays[f"{name}.bn.running_var"]'
    ),
    "Inception, statistics left out of the kernel": inception(
        ".transpose(2, 3, 1, 0) * factor", ".transpose(2, 3, 1, 0)"
    ),
    "Inception, kernels transposed": inception(
        ".transpose(2, 3, 1, 0) * factor",
        '.transpose(3, 2, 1, 0).reshape(arrays[f"{name}.conv.weight"].transpose(2, 3, 1, 0).shape) * factor',
    ),
    "Inception, scaled by 127.5": inception("side)) - 128) / 128", "side)) - 127.5) / 127.5"),
    "Inception, columns before rows": inception(
        'double = conv(conv(x, "branch7x7dbl_1", channels, 1), "branch7x7dbl_2", channels, (7, 1))',
        'double = conv(conv(x, "branch7x7dbl_1", channels, 1), "branch7x7dbl_2", channels, (7, 1))[:, ::-1]',
    ),
    "Inception, branches in another order": inception(
        '[conv(x, "branch1x1", 64, 1), five, three, pool]', '[conv(x, "branch1x1", 64, 1), three, five, pool]'
    ),
    "Inception, the bias in the logits without it": inception(
        "logits + bias[None], logits)", "logits, logits + bias[None])"
    ),
    "DINOv2, another constant of the layer norm": dinov2("epsilon=1e-6", "epsilon=1e-5"),
    "DINOv2, the approximate GELU": dinov2("approximate=False", "approximate=True"),
    "DINOv2, scores without their scale": dinov2("/ math.sqrt(heads[-1])", ""),
    "DINOv2, the embedding interpolated without its offset": dinov2("OFFSET = 0.1", "OFFSET = 0.0"),
    "DINOv2, Keys's a of -1/2": dinov2(
        "near = ((-0.75 + 2) * distance - (-0.75 + 3))", "near = ((-0.5 + 2) * distance - (-0.5 + 3))"
    ),
    "DINOv2, height and width swapped": dinov2('"ir,jc,rcd->ijd"', '"ir,jc,crd->ijd"'),
    "DINOv2, no layer scale": dinov2("return x * self.param(", "return x + 0 * self.param("),
    "DINOv2, the mean token": dinov2('self._norm("norm", t[:, 0])', 'self._norm("norm", t.mean(1))'),
    "DINOv2, another mean of colours": dinov2(
        "MEAN, STD = (0.485, 0.456, 0.406)", "MEAN, STD = (0.5, 0.5, 0.5)"
    ),
    "DINOv2, the gate and its value swapped": gated("gate, value = jnp", "value, gate = jnp"),
    "DINOv2, resized without smoothing": Mutant(
        "features.dinov2_features", "antialias=True", "antialias=False", check=check_pillow
    ),
    "extractor, a batch filled up in front": Mutant(
        "features.extractor", "[rows, filler]", "[filler, rows]", check=check_batches
    ),
    "extractor, the filler among the features": Mutant(
        "features.extractor", "features[: len(rows)]", "features", check=check_batches
    ),
    "components, whitened": Mutant(
        "features.pca_features", "directions[:k].T)", "directions[:k].T / 2)", check=check_components
    ),
    "components, the mean left in": Mutant(
        "features.pca_features", " - mean[None]", "", check=check_components
    ),
}
