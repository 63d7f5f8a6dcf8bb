"""Files of weights: the recipes of conversion run as the docstrings print them."""

import inspect
import re
import textwrap

import jax
import numpy as np
import pytest

from jgen.features import load_dinov2, load_inception_v3, load_vgg16
from tests.features import test_dinov2, test_inception_v3, test_vgg16
from tests.helpers.dinov2_weights import random_state

VGG16 = test_vgg16.VGG16(((5, 3),), test_vgg16.NARROW)
CASES = {
    "VGG16": (load_vgg16, VGG16, lambda rng: test_vgg16.weights(test_vgg16.NARROW, rng)),
    "InceptionV3": (
        load_inception_v3,
        test_inception_v3.NARROW,
        lambda _: test_inception_v3.published_shapes(test_inception_v3.NARROW),
    ),
    "DINOv2": (load_dinov2, test_dinov2.NARROW, lambda rng: random_state(test_dinov2.NARROW, rng)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_recipe_in_the_docstring_converts_a_torch_file(name, tmp_path, monkeypatch, rng):
    """A published file may hold tensors that are not contiguous, which safetensors refuses."""
    torch = pytest.importorskip("torch", reason="the recipe needs torch, of the extra bench")
    load, module, make = CASES[name]
    recipe = textwrap.dedent(inspect.getdoc(load).split("::\n\n")[1].split("\n\n")[0])
    (source,) = re.findall(r'"(\S+\.pth)"', recipe)
    monkeypatch.chdir(tmp_path)
    tensors = {key: torch.tensor(array) for key, array in make(rng).items()}
    last = {
        key: tensor.to(memory_format=torch.channels_last)
        for key, tensor in tensors.items()
        if tensor.ndim == 4
    }
    torch.save(tensors | last, source)
    exec(recipe, {})
    (path,) = tmp_path.glob("*.safetensors")
    params = load(module, path)
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves(params))
