"""Check where prepared data sets are stored."""

from jgen.data import data_dir


def test_the_data_folder_is_argument_variable_or_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JGEN_DATA_DIR", raising=False)
    assert data_dir() == tmp_path / "cache" / "jgen"
    monkeypatch.setenv("JGEN_DATA_DIR", str(tmp_path / "data"))
    assert data_dir() == tmp_path / "data"
    assert data_dir(tmp_path) == tmp_path
