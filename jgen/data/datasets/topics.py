"""Define English text by characters: the topics of Python's ``help`` in windows of 128."""

from collections.abc import Mapping

from jgen.data.characters import Characters
from jgen.data.topics_text import Topics


class Builder(Topics):
    """Builder of windows of 128 characters; ``tokenizer("topics")`` turns them into text and back.

    The topics of Python's help, some 370,000 characters of English, by characters: x holds windows of 128
    that follow one another. Paragraphs that several topics share are kept once, and a hash of its text
    decides which split a paragraph belongs to. The version is that of the Python whose text it is.

    The text differs from one Python to the next, and so does the alphabet, but a paragraph is in the same
    split in all of them, and no paragraph is in two.
    """

    length = 128

    def tokenizer(self, texts: Mapping[str, str]) -> Characters:
        """Return the tokenizer of all characters that occur."""
        return Characters("".join(sorted(set().union(*texts.values()))))
