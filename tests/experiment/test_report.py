"""Check that a report is one safe, complete page."""

import re
import xml.etree.ElementTree as ET

import pytest

from jgen.experiment.report import Report

NASTY = '</pre></style><script>alert("1")</script> & \x00\x1b[31m \ud800 \u2028 ]]> &amp;'


def test_the_page_needs_no_network_and_no_scripts():
    report = Report("t", "q")
    report.figure(b"\x00\xff", 'a "caption"')
    text = report.html()
    assert not re.findall(r"<script|<link|https?://(?!www\.w3\.org/1999/xhtml)|url\(|@import", text)
    for part in ("AP8=", 'alt="a &quot;caption&quot;"', "prefers-color-scheme: dark", "width=device-width"):
        assert part in text


def test_all_text_is_escaped():
    report = Report(NASTY, NASTY)
    report.section(NASTY)
    report.text(NASTY)
    report.code(NASTY)
    report.table([{NASTY: NASTY}], NASTY)
    report.figure(b"", NASTY)
    text = report.html(facts=NASTY)
    assert "script" not in {element.tag.rpartition("}")[2] for element in ET.fromstring(text.encode()).iter()}
    assert text.count("alert(&quot;1&quot;)") == 12


def test_an_empty_table_raises():
    with pytest.raises(ValueError, match="the table is empty"):
        Report("t").table([])
