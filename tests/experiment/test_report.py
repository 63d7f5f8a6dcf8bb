"""Check that a report is one safe, complete page."""

import base64
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest

from jgen.experiment.report import Report

NASTY = '</pre></style><script>alert("1")</script> & \x00\x1b[31m \ud800 \u2028 ]]> &amp;'


def test_the_page_needs_no_network_and_no_scripts():
    report = Report("t", "q")
    report.figure(b"\x00\xff", 'a "caption"')
    text = report.html()
    assert not re.findall(r"<script|<link|https?://(?!www\.w3\.org/1999/xhtml)|url\(|@import", text)
    assert base64.b64encode(b"\x00\xff").decode() in text
    assert 'alt="a &quot;caption&quot;"' in text
    assert "prefers-color-scheme: dark" in text
    assert "width=device-width" in text


def test_all_text_is_escaped():
    report = Report(NASTY, NASTY)
    report.section(NASTY)
    report.text(NASTY)
    report.code(NASTY)
    report.table([{NASTY: NASTY}], NASTY)
    report.figure(b"", NASTY)
    text = report.html(facts=NASTY)
    ET.fromstring(text.encode("utf-8"))

    tags = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)
    parser.feed(text)
    assert "table" in tags
    assert "script" not in tags
    assert text.count("alert(&quot;1&quot;)") == 12


def test_an_empty_table_raises():
    with pytest.raises(ValueError, match="the table is empty"):
        Report("t").table([])
