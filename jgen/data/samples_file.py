"""Read samples from a file: rows of numbers, images or lines of text."""

import zipfile
from pathlib import Path

import numpy as np

from jgen.data.text_table import table
from jgen.errors import UsageError

FORMATS = ".npy, .npz, .csv, a folder of .png images, or .txt with a sample a line"
PREFERRED = ("x", "arr_0")
"""Names of the rows in a ``.npz`` file of several arrays, the first one that is there."""


def read_samples(path: str | Path) -> np.ndarray:
    """Read samples from a file or a folder, by the ending of its name.

    ========== =====================================================================================
    ``.npy``   the array; one that was saved as a pickle is refused, as reading it would run code
    ``.npz``   its only array, or the one named ``x``, or ``arr_0``
    ``.csv``   the numbers of ``jgen.data.load``, without a column named ``label``
    a folder   its ``.png`` images in the order of their names, in [0, 1]; an opaque alpha is dropped
    ``.txt``   a sample a line, in UTF-8; blank lines are no samples
    ========== =====================================================================================

    Args:
        path: The file or the folder.

    Returns:
        Rows of finite numbers ``[row, *event]`` (images ``[row, height, width, channel]``), or text ``[row]``
        of a string type.

    Raises:
        UsageError: For a path that is missing, of another format, or damaged; for no rows; for NaN,
            infinities or complex numbers; for images of several sizes. The message says what to do.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(Path(folder) / "made.npy", np.zeros((5, 8, 8, 1)))
        ...     read_samples(Path(folder) / "made.npy").shape
        (5, 8, 8, 1)
    """
    path = Path(path)
    if not path.exists():
        raise UsageError(f"there is no {path}: give {FORMATS}")
    read = _folder if path.is_dir() else READERS.get(path.suffix.lower())
    if read is None:
        raise UsageError(f"{path} has the ending {path.suffix or '(none)'}: give {FORMATS}")
    try:
        rows = read(path)
    except (OSError, EOFError, ValueError, SyntaxError, zipfile.BadZipFile) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"cannot read {path}, it is damaged or no {path.suffix} file: {error}") from error
    return _checked(path, rows)


def _npy(path: Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except ValueError as error:
        if "pickle" not in str(error).lower():
            raise
        raise UsageError(
            f"{path} holds Python objects or is no .npy file: save plain numbers, "
            "np.save(file, np.asarray(rows, float))"
        ) from error


def _npz(path: Path) -> np.ndarray:
    with zipfile.ZipFile(path):  # np.load opens a .npy or a pickle of this name too
        pass
    with np.load(path, allow_pickle=False) as arrays:
        names = list(arrays)
        chosen = names if len(names) == 1 else [name for name in PREFERRED if name in names]
        if not chosen:
            raise UsageError(
                f"{path} has the arrays {', '.join(names) or '(none)'}: give the samples the name x, "
                "np.savez(file, x=rows)"
            )
        try:
            return arrays[chosen[0]]
        except ValueError as error:
            raise UsageError(
                f"{chosen[0]} of {path} holds Python objects: save plain numbers, "
                "np.savez(file, x=np.asarray(rows, float))"
            ) from error


def _csv(path: Path) -> np.ndarray:
    return table(path)["x"]


def _txt(path: Path) -> np.ndarray:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8 ({error.reason} at byte {error.start})") from error
    return np.array([line for line in lines if line.strip()], dtype=str)


READERS = {".npy": _npy, ".npz": _npz, ".csv": _csv, ".txt": _txt}


def _folder(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    files = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    others = [file.name for file in files if file.suffix.lower() != ".png"]
    if others or not files:
        what = f"{len(others)} entries that are no .png (the first is {others[0]})" if others else "no images"
        raise UsageError(f"{path} has {what}: a folder of samples has .png images alone")
    images = []
    for file in files:
        try:
            image = np.asarray(imread(file), np.float32)
        except (OSError, ValueError, SyntaxError) as error:  # Pillow raises all three for a damaged file
            raise UsageError(f"cannot read {file}, it is damaged or no PNG: {error}") from error
        images.append(_without_alpha(file, image if image.ndim == 3 else image[..., None]))
        if images[-1].shape != images[0].shape:
            height, width, channels = images[-1].shape
            raise UsageError(
                f"{file} has {height} x {width} pixels and {channels} channels, and {files[0].name} has "
                f"{' x '.join(map(str, images[0].shape[:2]))} and {images[0].shape[2]}: resize or convert "
                "them to one size"
            )
    return np.stack(images)


def _without_alpha(file: Path, image: np.ndarray) -> np.ndarray:
    if image.shape[-1] not in (2, 4):
        return image
    if (image[..., -1] < 1).any():
        raise UsageError(f"{file} has transparent pixels: put the images on a background first")
    return image[..., :-1]


def _checked(path: Path, rows: np.ndarray) -> np.ndarray:
    if rows.ndim == 0 or rows.size == 0:
        raise UsageError(f"{path} has no samples (its shape is {rows.shape}): give rows [row, ...]")
    if rows.dtype.kind == "U":
        if rows.ndim > 1:
            raise UsageError(f"{path} has text of shape {rows.shape}: give one string a sample, [row]")
        return rows
    if rows.dtype.kind not in "fiub":
        raise UsageError(f"{path} has values of type {rows.dtype}: give real numbers")
    if rows.dtype.kind == "f":
        finite = np.isfinite(rows.reshape(len(rows), -1)).all(1)
        if not finite.all():
            raise UsageError(
                f"{(~finite).sum()} of {len(rows)} rows of {path} have a NaN or an infinity (the first is "
                f"row {(~finite).argmax()}): report how many the model makes, and leave them out"
            )
    return rows
