"""Read English text that comes with Python: the paragraphs of the topics of ``help``, without repeats."""

import hashlib
import re
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from jgen.data.builder import Base
from jgen.errors import UsageError

SPLITS = {"train": 0.8, "validation": 0.9, "test": 1.0}
"""Cumulative share of paragraphs at the end of each split."""


class Topics(Base, skip_registration=True):
    """TFDS builder of windows of tokens; its version is that of the Python whose text it is.

    Attributes:
        length: Length of a window, in tokens.
    """

    length: ClassVar[int]
    VERSION = tfds.core.Version(".".join(map(str, sys.version_info[:3])))
    bundled = True
    homepage = "https://docs.python.org/3/reference/"
    citation = "Python Software Foundation, The Python Language Reference."

    def tokenizer(self, texts: Mapping[str, str]) -> Any:
        """Return the tokenizer of the text of each split; its fields are stored as metadata."""
        raise NotImplementedError(f"{type(self).__name__} must define tokenizer()")

    def features(self) -> Mapping[str, Any]:
        """Return ``x``, a window of tokens."""
        return {"x": tfds.features.Tensor(shape=(self.length,), dtype=np.int32, doc="tokens")}

    def _split_generators(self, dl_manager: Any) -> Mapping[str, Any]:  # noqa: ARG002
        texts = split_texts(paragraphs())
        tokenizer = self.tokenizer(texts)
        digests = {split: hashlib.sha256(text.encode()).hexdigest() for split, text in texts.items()}
        python = str(self.VERSION)
        self.info.metadata.update(tokenizer=tokenizer._asdict(), python=python, sha256=digests)
        tokens = {split: tokenizer.encode(text) for split, text in texts.items()}
        whole = {split: found[: len(found) // self.length * self.length] for split, found in tokens.items()}
        windows = {split: found.reshape(-1, self.length) for split, found in whole.items()}
        return {split: self._generate_examples({"x": x}) for split, x in windows.items()}


def paragraphs() -> list[str]:
    """Return the paragraphs of all topics in the order of topic names, without repeats.

    Raises:
        UsageError: For a Python without them.
    """
    try:
        topics = import_module("pydoc_data.topics").topics
    except ModuleNotFoundError as error:
        raise UsageError(
            "this Python has no pydoc_data.topics, the texts of its help: "
            "install the whole standard library, or use another Python"
        ) from error
    found = (part for name in sorted(topics) for part in re.split(r"\n\s*\n", topics[name].strip("\n")))
    return list(dict.fromkeys(part.rstrip() for part in found if part.strip()))


def split_of(paragraph: str) -> str:
    """Return the split of a paragraph by a hash of its text, the same in every version of Python.

    Example:
        >>> split_of("Assert statements are a convenient way to insert debugging assertions")
        'train'
    """
    share = int.from_bytes(hashlib.sha256(paragraph.encode()).digest()[:6], "big") / 2**48
    return next(split for split, end in SPLITS.items() if share < end)


def split_texts(parts: list[str]) -> dict[str, str]:
    """Return the text of each split: its paragraphs in order, with an empty line after each."""
    return {split: "".join(f"{part}\n\n" for part in parts if split_of(part) == split) for split in SPLITS}
