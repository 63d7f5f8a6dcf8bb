"""Check that samples are read as they were written, and that bad files are refused with what to do."""

import pickle

import numpy as np
import pytest
from matplotlib.image import imsave

from jgen.data import read_samples
from jgen.errors import UsageError

IMAGES = np.arange(3 * 4 * 5 * 3, dtype=np.uint8).reshape(3, 4, 5, 3)


@pytest.fixture
def folder(tmp_path):
    """Three colour images of 4 x 5 pixels, with a file that some systems add."""
    made = tmp_path / "images"
    made.mkdir()
    (made / ".DS_Store").write_bytes(b"")
    for number, image in enumerate(IMAGES):
        imsave(made / f"{number}.png", image)
    return made


def test_arrays_and_tables(tmp_path):
    rows = np.linspace(-1.0, 1.0, 12).reshape(4, 3)
    np.save(tmp_path / "a.npy", rows)
    np.savez(tmp_path / "one.npz", whatever=rows)
    np.savez(tmp_path / "two.npz", label=np.arange(4), x=rows)
    np.savez_compressed(tmp_path / "unnamed.npz", rows, np.arange(4))
    np.savetxt(tmp_path / "a.csv", rows, delimiter=",", fmt="%.17g")
    for name in ("a.npy", "one.npz", "two.npz", "unnamed.npz", "a.csv"):
        np.testing.assert_array_equal(read_samples(str(tmp_path / name)), rows, name)


def test_images_are_read_in_the_order_of_their_names(folder):
    """An 8-bit PNG holds the pixels exactly; matplotlib writes an opaque alpha, which is dropped."""
    images = read_samples(folder)
    assert images.dtype == np.float32
    np.testing.assert_array_equal(np.rint(images * 255), IMAGES)


def test_grey_images_have_one_channel(tmp_path):
    from PIL import Image

    Image.fromarray(IMAGES[0, :, :, 0]).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(np.rint(read_samples(tmp_path) * 255)[0, ..., 0], IMAGES[0, :, :, 0])


def test_lines_of_text(tmp_path):
    (tmp_path / "a.txt").write_text("\ufeffein Satz\n\n  \nzwei  Wörter\r\n", encoding="utf-8")
    assert read_samples(tmp_path / "a.txt").tolist() == ["ein Satz", "zwei  Wörter"]


class Attack:
    """An object whose pickle runs code when it is read."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was read",))


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_pickles_are_not_read(tmp_path, name):
    objects = np.array([Attack()], dtype=object)
    (np.save if name.endswith("npy") else np.savez)(tmp_path / name, objects)
    with pytest.raises(UsageError, match="holds Python objects"):
        read_samples(tmp_path / name)
    (tmp_path / name).write_bytes(pickle.dumps(Attack()))
    with pytest.raises(UsageError, match=r"holds Python objects or is no .npy|is damaged or no .npz"):
        read_samples(tmp_path / name)


NAN = np.where(np.eye(4) > 0, np.nan, 1.0)[2:]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.zeros((0, 3)), r"has no samples \(its shape is \(0, 3\)\)"),
        (np.float64(3.0), r"has no samples \(its shape is \(\)\)"),
        (NAN, r"2 of 2 rows of .*a.npy have a NaN or an infinity \(the first is row 0\)"),
        (np.array([1.0, -np.inf]), r"1 of 2 rows .* \(the first is row 1\)"),
        (np.ones((2, 2), complex), "has values of type complex128: give real numbers"),
        (np.array(["2020-01-01"], "datetime64[D]"), "give real numbers"),
        (np.array([["a", "b"]]), "one string a sample"),
    ],
)
def test_arrays_without_samples_are_refused(tmp_path, rows, words):
    np.save(tmp_path / "a.npy", rows)
    with pytest.raises(UsageError, match=words):
        read_samples(tmp_path / "a.npy")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.npy", b"", "damaged or no .npy file"),
        ("a.npy", b"\x93NUMPY\x01\x00", "damaged or no .npy file"),
        ("a.npz", b"PK\x03\x04", "damaged or no .npz file"),
        ("a.txt", b"\xff\xfe\x00", "is no text in UTF-8"),
        ("a.txt", b"\n \n", "has no samples"),
        ("a.csv", b"1,2\n3,nan\n", "'nan' is not a finite number"),
        ("a.pt", b"1", "has the ending .pt: give .npy"),
        ("a", b"1", r"has the ending \(none\): give .npy"),
    ],
)
def test_damaged_files_are_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=words):
        read_samples(tmp_path / name)


def test_archives_without_a_name_for_the_samples_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", mu=np.zeros(2), sigma=np.eye(2))
    with pytest.raises(UsageError, match=r"has the arrays mu, sigma: give the samples the name x"):
        read_samples(tmp_path / "a.npz")


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"there is no .*none.npy"):
        read_samples(tmp_path / "none.npy")


def resized(folder):
    imsave(folder / "3.png", np.zeros((4, 6, 3)))


def transparent(folder):
    imsave(folder / "3.png", np.zeros((4, 5, 4)))


def damaged(folder):
    (folder / "3.png").write_bytes((folder / "2.png").read_bytes()[:60])


def mixed(folder):
    (folder / "3.jpg").write_bytes(b"")


def emptied(folder):
    for file in folder.iterdir():
        file.unlink()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (resized, "3.png has 4 x 6 pixels and 3 channels, and 0.png has 4 x 5 and 3: resize"),
        (transparent, "3.png has transparent pixels"),
        (damaged, "3.png, it is damaged or no PNG"),
        (mixed, r"has 1 entries that are no .png \(the first is 3.jpg\)"),
        (emptied, "has no images"),
    ],
)
def test_folders_that_are_no_samples_are_refused(folder, change, words):
    change(folder)
    with pytest.raises(UsageError, match=words):
        read_samples(folder)
