"""Check that preparing a data set again reuses downloaded files."""

import requests

from jgen.data import load, prepare
from tests.helpers.published_files import aim, assert_holds, idx_files


def test_downloaded_files_are_reused(host, tmp_path, monkeypatch, rng):
    contents, truth = idx_files(rng)
    aim(monkeypatch, "mnist", contents, *host)
    prepare("mnist", tmp_path / "data")
    (tmp_path / "data" / "mnist").rename(tmp_path / "away")
    for file in host[0].iterdir():
        file.unlink()
    monkeypatch.setattr(requests, "head", None)  # it would raise
    prepare("mnist", tmp_path / "data")
    assert_holds(load("mnist", "test", directory=tmp_path / "data"), truth["test"])
