"""Return the tokenizer of a text data set."""

from pathlib import Path

from jgen.data.bpe import BPE
from jgen.data.characters import Characters
from jgen.data.open_builder import open_builder
from jgen.errors import UsageError


def tokenizer(name_or_path: str | Path, *, directory: str | Path | None = None) -> Characters | BPE:
    """Return the tokenizer of a text data set, stored when the set was prepared.

    Args:
        name_or_path: As in ``load``.
        directory: As in ``load``.

    Returns:
        Tokenizer with ``size``, ``encode(text)`` and ``decode(tokens)``; ``decode(encode(text)) == text``.

    Raises:
        UsageError: For a set that is unknown, not prepared, or not text.

    Example:
        >>> import tempfile
        >>> from jgen.data import load
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     window = load("topics", "test", directory=directory)["x"][0]
        ...     characters = tokenizer("topics", directory=directory)
        >>> text = characters.decode(window)
        >>> len(text), characters.encode(text).tolist() == window.tolist()
        (128, True)
    """
    fields = (open_builder(name_or_path, directory).info.metadata or {}).get("tokenizer", {})
    if "alphabet" in fields:
        return Characters(fields["alphabet"])
    if "merges" in fields:
        return BPE(tuple((left, right) for left, right in fields["merges"]))
    raise UsageError(f"{name_or_path} is not text that jgen tokenised: it has no tokenizer; use topics")
