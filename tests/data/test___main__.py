"""Check the command line."""

import pytest

from jgen.data import known
from jgen.data.__main__ import main


def test_prepare_list_and_a_misspelt_name(prepared, capsys):
    main(["prepare", "iris", "--directory", str(prepared)])
    assert capsys.readouterr().out.strip() == str(prepared / "iris" / "1.0.0")
    main(["list"])
    assert capsys.readouterr().out.split() == known()
    with pytest.raises(SystemExit) as stop:
        main(["prepare", "irsi"])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "iris" in error
    assert error.count("\n") == 1
