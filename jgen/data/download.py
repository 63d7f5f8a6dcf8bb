"""Data sets whose files are fetched when they are prepared, and held to their known checksums."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

from jgen.data.builder import Base
from jgen.errors import UsageError

TIMEOUT = 10
"""Seconds that a host has for its first answer."""


class File(NamedTuple):
    """A file that the network has.

    Attributes:
        url: Where.
        digest: What it holds, as ``"algorithm:hexadecimal"``.
    """

    url: str
    digest: str

    @property
    def name(self) -> str:
        """What it is called there."""
        return PurePosixPath(urlsplit(self.url).path).name


class Downloaded(Base, skip_registration=True):  # type: ignore[call-arg]
    """A builder that asks ``fetch`` for its files.

    Attributes:
        files: What it is made from, by names of its own.
    """

    files: ClassVar[Mapping[str, File]]

    def fetch(self, dl_manager: Any) -> dict[str, Path]:
        """The files on this machine: put there by hand, downloaded before, or downloaded now by TFDS.

        Args:
            dl_manager: TFDS's download manager.

        Returns:
            The path of each of ``files``, whose digest is right.

        Raises:
            UsageError: For a host that does not answer, a download that fails, or a file that is another.
        """
        folder = Path(self.data_dir).parents[1] / "downloads"
        by_hand = {name: folder / "manual" / file.name for name, file in self.files.items()}
        paths = {name: path for name, path in by_hand.items() if path.is_file()}
        wanted = {name: file.url for name, file in self.files.items() if name not in paths}
        known = "".join(info.read_text() for info in folder.glob(f"{self.name}/*.INFO"))  # its downloads
        try:
            _reach(url for url in wanted.values() if url not in known)
            paths |= (
                {name: Path(path) for name, path in dl_manager.download(wanted).items()} if wanted else {}
            )
        except Exception as error:  # TFDS and its libraries raise many kinds, not all of them OSError
            what = " and ".join(sorted(self.files[name].name for name in wanted))
            raise UsageError(
                f"cannot download {self.name}: {_in_one_line(error)}; "
                f"prepare it where there is a network, or put {what} into {folder / 'manual'}"
            ) from error
        for name, path in paths.items():
            _check(path, self.files[name])
        return paths


def _reach(urls: Iterable[str]) -> None:
    """Raises at once where a host does not answer; TFDS itself would try for minutes."""
    import requests

    for host, url in {urlsplit(url).netloc: url for url in urls}.items():
        try:
            requests.head(url, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise ConnectionError(f"{host} does not answer ({_in_one_line(error)})") from None


def _check(path: Path, file: File) -> None:
    algorithm, expected = file.digest.split(":")
    with open(path, "rb") as content:
        found = hashlib.file_digest(content, algorithm).hexdigest()
    if found != expected:
        raise UsageError(
            f"{path} is not {file.url}: its {algorithm} is {found} and should be {expected}; "
            "delete it and prepare again"
        )


def _in_one_line(error: BaseException) -> str:
    """The innermost cause, which has the reason and not the way there."""
    while inner := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = inner
    return " ".join(str(error).split()) or type(error).__name__
