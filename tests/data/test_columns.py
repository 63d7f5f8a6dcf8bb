"""Check the names of columns."""

from jgen.data import columns, known, load


def test_columns_name_every_column_of_x(prepared, tmp_path):
    for name in known():
        if names := columns(name):
            assert len(names) == load(name, directory=prepared)["x"].shape[-1]
    file = tmp_path / "rows.csv"
    file.write_text("a, b ,label\n1,2,0\n")
    assert columns(file) == ["a", "b"]
    file.write_text("1,2\n")
    assert columns(str(file)) is None
    assert columns(tmp_path) is None
