"""Define English text by byte pairs: the topics of Python's ``help`` in windows of 64 tokens out of 512."""

from collections.abc import Mapping

from jgen.data.bpe import BPE, train_bpe
from jgen.data.topics_text import Topics

SIZE = 512


class Builder(Topics):
    """Builder of windows of 64 tokens; ``tokenizer("topics_bpe")`` turns them into text and back.

    The text of ``topics``, split in the same way, by byte pairs: x holds windows of 64 tokens that follow one
    another, out of 512 that were learnt from the training split. The version is that of the Python whose text
    it is.
    """

    length = 64

    def tokenizer(self, texts: Mapping[str, str]) -> BPE:
        """Learn the 256 most frequent merges of the training split, beside the bytes."""
        return train_bpe(texts["train"], SIZE)
