"""Check the plane of latent codes."""

import numpy as np

from jgen import plots

RNG = np.random.default_rng(0)


def test_points_are_the_codes_and_labels_are_at_their_medians():
    codes, labels = RNG.normal(size=(40, 2)), np.array(list("cab" * 13 + "a"))
    axis = plots.latent_scatter(codes, labels).axes[0]
    for i, kind in enumerate("abc"):
        np.testing.assert_array_equal(axis.collections[i].get_offsets(), codes[labels == kind])
        assert axis.texts[i].get_text() == kind
        np.testing.assert_array_equal(axis.texts[i].get_position(), np.median(codes[labels == kind], 0))
    plain = plots.latent_scatter(codes).axes[0]
    assert len(plain.collections) == 1
    assert not plain.texts
    line = plots.latent_scatter(codes[:, :1]).axes[0]
    np.testing.assert_array_equal(line.collections[0].get_offsets()[:, 0], codes[:, 0])


def test_many_dimensions_are_projected_on_their_principal_components():
    """The principal coordinates of a rotated cloud are known up to sign, and so are their variances."""
    flat = RNG.normal(size=(50, 4))
    flat = np.linalg.qr(flat - flat.mean(0))[0] * [4.0, 3.0, 2.0, 1.0]
    rotation = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    axis = plots.latent_scatter(flat @ rotation + 7.0).axes[0]
    found = axis.collections[0].get_offsets()
    np.testing.assert_allclose(np.abs(found), np.abs(flat[:, :2]), atol=1e-12)
    assert axis.get_xlabel() == "principal component 1 (53% of the variance)"  # 16 of 30
    assert axis.get_ylabel() == "principal component 2 (30% of the variance)"  # 9 of 30
    single = plots.latent_scatter(np.ones((1, 4))).axes[0]
    assert single.collections[0].get_offsets().tolist() == [[0.0, 0.0]]
