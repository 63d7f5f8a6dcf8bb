"""Download the files of data sets and check their digests."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlsplit

from jgen.data.builder import Base
from jgen.errors import UsageError

TIMEOUT = 10
"""Seconds to wait for a host's first answer."""


class File(NamedTuple):
    """File to download.

    Attributes:
        url: Address.
        digest: Digest of its content, ``"algorithm:hexadecimal"``.
    """

    url: str
    digest: str

    @property
    def name(self) -> str:
        """Return the file's name at its address."""
        return PurePosixPath(urlsplit(self.url).path).name


class Downloaded(Base, skip_registration=True):
    """TFDS builder that calls ``fetch`` for its files.

    Attributes:
        files: Source files, by names of the builder's own.
    """

    files: ClassVar[Mapping[str, File]]

    def fetch(self, dl_manager: Any) -> dict[str, Path]:
        """Return the local files: placed there by hand, downloaded before, or downloaded now by TFDS.

        Args:
            dl_manager: TFDS's download manager.

        Returns:
            The path of each of ``files``, its digest checked.

        Raises:
            UsageError: For a host that does not answer, a download that fails, or a file with another digest.
        """
        folder = Path(self.data_dir).parents[1] / "downloads"
        by_hand = {name: folder / "manual" / file.name for name, file in self.files.items()}
        paths = {name: path for name, path in by_hand.items() if path.is_file()}
        wanted = {name: file.url for name, file in self.files.items() if name not in paths}
        known = "".join(info.read_text() for info in folder.glob(f"{self.name}/*.INFO"))  # its downloads
        try:
            _reach(url for url in wanted.values() if url not in known)
            paths |= {name: Path(path) for name, path in dl_manager.download(wanted).items()}
        except Exception as error:  # TFDS and its libraries raise many kinds, not all of them OSError
            names = " and ".join(sorted(self.files[name].name for name in wanted))
            raise UsageError(
                f"cannot download {self.name}: {_in_one_line(error)}; "
                f"prepare it where there is a network, or put {names} into {folder / 'manual'}"
            ) from error
        for name, path in paths.items():
            _check(path, self.files[name])
        return paths


def _reach(urls: Iterable[str]) -> None:
    """Raise at once if a host does not answer; TFDS itself would retry for minutes."""
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
    """Return the message of the innermost cause in one line."""
    while inner := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = inner
    return " ".join(str(error).split()) or type(error).__name__
