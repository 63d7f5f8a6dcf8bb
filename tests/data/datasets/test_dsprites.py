"""Check the factors of dSprites, and that its file is read without pickle."""

import io

import numpy as np
import pytest

from jgen.data import factors, prepare
from jgen.errors import UsageError
from tests.helpers.published_files import place_by_hand


def test_an_array_of_objects_is_not_unpickled(tmp_path, monkeypatch):
    out = io.BytesIO()
    np.savez(out, imgs=np.array([[{}]], object), latents_classes=np.zeros((1, 6), int))
    place_by_hand(monkeypatch, "dsprites", {"archive": out.getvalue()}, tmp_path)
    with pytest.raises(UsageError, match="object"):
        prepare("dsprites", tmp_path)


def test_factors_are_a_full_factorial():
    assert np.prod([len(values) for values in factors("dsprites").values()]) == 737_280
