"""Write a report as one HTML file that contains its style and pictures."""

import base64
import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from jgen._internal.formatting import format_value

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fdfdfc; --soft: #5b6570;
  --line: #d9dde2; --wash: #f2f4f6; --accent: #0b62a8; --bad: #a3181d; --bad-wash: #fdecea; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7ea; --paper: #15181c; --soft: #a0a9b3;
    --line: #343b43; --wash: #1f242a; --accent: #79b8f0; --bad: #ff9a94; --bad-wash: #3a1d1d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 52rem; overflow-wrap: break-word;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: .5rem 0 .25rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.5rem 0 .5rem; padding-top: .6rem;
  border-top: 1px solid var(--line); }
p { margin: .6rem 0; } .lead { font-size: 1.1rem; } .scroll { overflow-x: auto; margin: 1rem 0; }
.facts, figcaption, caption { color: var(--soft); font-size: .92rem; }
table { border-collapse: collapse; min-width: 50%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .4rem; }
th, td { padding: .35rem 1rem .35rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); overflow-wrap: normal; }
thead th { font-weight: 600; border-bottom: 2px solid var(--soft); }
.wide { width: min(100vw - 3rem, 80rem); margin-left: calc(50% - min(100vw - 3rem, 80rem) / 2); }
.wide table { font-size: .88rem; line-height: 1.4; margin: 0 auto; }
.wide th, .wide td { padding-right: .7rem; } .wide td:first-child { white-space: normal; min-width: 6rem; }
.number { text-align: right; } .number, .brief { white-space: nowrap; } .long { min-width: 16rem; }
figure { margin: 1.5rem 0; } figcaption { margin-top: .4rem; }
figure img { display: block; max-width: 100%; height: auto; background: #fff;
  border-radius: 6px; border: 1px solid var(--line); }
pre { overflow-x: auto; background: var(--wash); padding: .8rem 1rem; border-radius: 6px;
  font: .88rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
summary { cursor: pointer; color: var(--accent); }
.failed { background: var(--bad-wash); border-left: 4px solid var(--bad); padding: .2rem 1rem;
  margin: 1rem 0; border-radius: 4px; }
.failed strong { color: var(--bad); }
@media print { body { max-width: none; } }
"""
MAX_COLUMNS = 5
"""Columns of a table from which on it may be wider than the text, in smaller letters."""


def escape(text: Any) -> str:
    """Escape text for HTML: markup shows as text, control characters are dropped.

    Args:
        text: Anything; ``str`` is taken of it.

    Returns:
        Text for an element or a quoted attribute.

    Example:
        >>> escape('<script>alert("x")</script>')
        '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;'
    """
    clean = str(text).encode("utf-8", "replace").decode("utf-8")
    return html.escape(re.sub("[^\n\t -\x7e\xa0-\ufffd\U00010000-\U0010ffff]", "", clean))


class Report:
    """Report of an experiment: sections, text, tables and figures in the order added.

    The page is plain HTML with its style and pictures inside: no network, no scripts. It is also
    well-formed XML, so that a program can read the tables back.

    Example:
        >>> report = Report("mixture", "How many kinds of iris are there?")
        >>> report.section("Result")
        >>> report.table([{"components": 3, "log-likelihood": -180.19}], "The best fit.")
        >>> '<td class="number">-180.19</td>' in report.html()
        True
    """

    def __init__(self, title: str, question: str = "") -> None:
        self.title = title
        self.question = question
        self._blocks: list[str] = []

    def section(self, title: str) -> None:
        """Start a section."""
        self._blocks.append(f"<h2>{escape(title)}</h2>")

    def text(self, text: str) -> None:
        """Add paragraphs, separated by blank lines."""
        self._blocks.append(paragraphs(text))

    def code(self, text: str) -> None:
        """Add preformatted text."""
        self._blocks.append(f"<pre>{escape(text)}</pre>")

    def table(self, rows: Sequence[Mapping[str, Any]], caption: str = "") -> None:
        """Add a table.

        Args:
            rows: One mapping per row, column -> cell; a column missing in a row shows as ``-``.
            caption: What the table shows.
        """
        self._blocks.append(table(rows, caption))

    def figure(self, png: bytes, caption: str) -> None:
        """Add a picture.

        Args:
            png: The bytes of a PNG file.
            caption: What the picture shows; also the text that a screen reader reads.
        """
        data = base64.b64encode(png).decode("ascii")
        self._blocks.append(
            f'<figure><img src="data:image/png;base64,{data}" alt="{escape(caption)}"/>'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
        )

    def html(self, facts: str = "", head: str = "", tail: str = "") -> str:
        """Return the page as HTML.

        Args:
            facts: One line under the title, plain text: time and device.
            head: HTML before the blocks (an error, say).
            tail: HTML after them.

        Returns:
            The whole page.
        """
        title, blocks = escape(self.title), "\n".join(self._blocks)
        facts = f'<p class="facts">{escape(facts)}</p>' if facts else ""
        lead = f'<div class="lead">{paragraphs(self.question)}</div>' if self.question else ""
        return f"""<!DOCTYPE html>
<html lang="en" xmlns="http://www.w3.org/1999/xhtml">
<head><meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{title}</title><style>{STYLE}</style></head>
<body><header><h1>{title}</h1>{facts}{lead}</header>{head}
<main>{blocks}</main>{tail}</body></html>
"""


def paragraphs(text: str) -> str:
    r"""Convert plain text to HTML paragraphs, split at blank lines.

    Args:
        text: Plain text.

    Returns:
        HTML.

    Example:
        >>> paragraphs("One & two.\n\nThree.")
        '<p>One &amp; two.</p>\n<p>Three.</p>'
    """
    parts = (part.strip() for part in text.replace("\r\n", "\n").split("\n\n"))
    return "\n".join(f"<p>{escape(part)}</p>" for part in parts if part)


def table(rows: Sequence[Mapping[str, Any]], caption: str = "") -> str:
    """Convert rows to an HTML table; columns of numbers are right-aligned, lines of a cell below each other.

    Args:
        rows: One mapping per row, column -> cell.
        caption: What the table shows.

    Returns:
        HTML.

    Example:
        >>> table([{"n": 1}]).count("<td")
        1
    """
    kinds = {column: _kind([row.get(column) for row in rows]) for column in columns_of(rows)}
    head = "".join(f'<th scope="col" class="{kind}">{escape(name)}</th>' for name, kind in kinds.items())
    lines = (
        "".join(
            f'<td class="{kind}">{_lines(format_value(row.get(name)))}</td>' for name, kind in kinds.items()
        )
        for row in rows
    )
    body = "\n".join(f"<tr>{line}</tr>" for line in lines)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    content = f"{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    size = "scroll wide" if len(kinds) > MAX_COLUMNS else "scroll"
    return f'<div class="{size}"><table>{content}</table></div>'


def columns_of(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns of a table, in order of first appearance.

    Args:
        rows: One mapping per row.

    Returns:
        The names; at least one.

    Raises:
        ValueError: There is no row, or no column.

    Example:
        >>> columns_of([{"a": 1}, {"b": 2, "a": 3}])
        ['a', 'b']
    """
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if not columns:
        raise ValueError("the table is empty: give at least one row with one column")
    return columns


def _kind(cells: Sequence[Any]) -> str:
    """Return the CSS class of a column: numbers right-aligned, long text wrapped, short text not."""
    texts = [format_value(cell) for cell in cells if cell is not None and not isinstance(cell, str)]
    if texts and all(text[0] in "-+0123456789[" or text in ("NaN", "inf") for text in texts):
        return "number"
    lines = (line for cell in cells for line in format_value(cell).splitlines())
    return "long" if max(map(len, lines), default=0) > 30 else "brief"


def _lines(text: str) -> str:
    return "<br/>".join(map(escape, text.splitlines()))
