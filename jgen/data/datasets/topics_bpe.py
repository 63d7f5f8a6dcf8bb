"""English text by byte pairs: the topics of Python's ``help`` in windows of 64 tokens out of 512."""

from collections.abc import Mapping

from jgen.data.bpe import BPE, train_bpe
from jgen.data.topics_text import Topics

SIZE = 512


class Builder(Topics):
    """Windows of 64 tokens; ``tokenizer("topics_bpe")``, learnt from the training split, turns them to text.

    The text is that of ``topics``, split in the same way.
    """

    name = "topics_bpe"
    length = 64
    description = (
        "The text of topics, the topics of Python's help, by byte pairs: x holds windows of 64 tokens that "
        "follow one another, out of 512 that were learnt from the training split. The version is that of the "
        "Python whose text it is."
    )

    def tokenizer(self, texts: Mapping[str, str]) -> BPE:
        """The 256 most frequent merges of the training split, and the bytes."""
        return train_bpe(texts["train"], SIZE)
