"""Check downloads from a local host: files reused, missing or changed."""

import re
from importlib import import_module

import pytest

from jgen.data import load, prepare
from jgen.data.__main__ import main
from jgen.data.catalogue import builder
from jgen.data.download import File
from jgen.errors import UsageError
from tests.helpers.published_files import aim, npz_files


def test_a_host_that_does_not_answer_is_reported_at_once_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    built = import_module("jgen.data.datasets.dsprites").Builder
    monkeypatch.setattr(built, "files", {"archive": File("http://127.0.0.1:9/sprites.npz", "md5:0")})
    with pytest.raises(SystemExit):
        main(["prepare", "dsprites", "--directory", str(tmp_path)])
    out, error = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(
        r"error: cannot download dsprites: 127.0.0.1:9 does not answer \(.*\); prepare it where there is a "
        r"network, or put sprites.npz into .*manual\n",
        error,
    )
    with pytest.raises(UsageError, match=r"not prepared: run `python -m jgen.data prepare dsprites`"):
        load("dsprites", directory=tmp_path)


def test_a_missing_or_changed_file_is_rejected(host, tmp_path, monkeypatch, rng):
    contents, _ = npz_files(rng)
    aim(monkeypatch, "dsprites", contents, *host)
    file = builder("dsprites").files["archive"]
    (host[0] / file.name).write_bytes(b"a page that says please log in")
    with pytest.raises(UsageError, match=r"its md5 is .* and should be .*; delete it"):
        prepare("dsprites", tmp_path / "data")
    (host[0] / file.name).unlink()
    with pytest.raises(UsageError, match=r"cannot download dsprites: .*404"):
        prepare("dsprites", tmp_path / "more")
    assert not list(tmp_path.rglob("dataset_info.json"))
