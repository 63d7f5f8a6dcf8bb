"""Check tables of numbers in CSV files."""

import numpy as np
import pytest

from jgen.data import load
from jgen.errors import UsageError


def test_names_labels_and_slices_of_a_table(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("\ufeffa,label,b\n1,0,2.5\n\n3,1,-4e3\n5,1,6\n", encoding="utf-8")
    table = load(file)
    np.testing.assert_array_equal(table["x"], [[1, 2.5], [3, -4000], [5, 6]])
    np.testing.assert_array_equal(table["label"], [0, 1, 1])
    np.testing.assert_array_equal(load(str(file), "train[1:]")["x"], [[3, -4000], [5, 6]])
    file.write_text("1,2\n3,4\n")
    assert list(load(file)) == ["x"]
    np.testing.assert_array_equal(load(file)["x"], [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n3\n", "line 3: 1 cells where the lines before have 2"),
        ("1,2\n3,red\n", "line 2, column 2: 'red'"),
        ("1,2\n3,nan\n", "line 2, column 2: 'nan'"),
        ("a,b\n1,\n", "line 2, column 2: ''"),
        ("a,b\n", "no rows"),
        ("", "no rows"),
    ],
)
def test_errors_state_line_and_column(text, words, tmp_path):
    (tmp_path / "bad.csv").write_text(text)
    with pytest.raises(UsageError, match=words):
        load(tmp_path / "bad.csv")
