"""Every library notebook runs, by nbdev's own runner; cells flagged slow or cuda are left out."""
import io
from contextlib import redirect_stderr
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from forked import run_forked
from nbdev.config import get_config
from nbdev.test import test_nb as run_notebook
from nbformat.v4 import new_code_cell, new_notebook

METHOD = sorted((ROOT / "nbs").glob("[0-9][0-9]_*.ipynb"))
TOOLS = sorted((ROOT / "nbs" / "tools").glob("*.ipynb"))
OTHERS = [ROOT / "nbs" / "published_study.ipynb"]


def runs(path: Path) -> None:
    "Run a notebook; `AssertionError` with the traceback of the cell that fails."
    with redirect_stderr(io.StringIO()) as traceback:
        passed, _ = run_notebook(path, skip_flags=get_config(path=ROOT).tst_flags.split())
    assert passed, traceback.getvalue()


@pytest.mark.parametrize("path", [*METHOD, *TOOLS, *OTHERS], ids=lambda path: path.stem)
def test_notebook(path, tmp_path):
    run_forked(tmp_path / "log", runs, path)


def test_failure_is_told(tmp_path):
    "A cell that fails, and one that does not end."
    for source, seconds, told in (("1/0", 600, "ZeroDivisionError"), ("while 1: 0", 5, "running")):
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), tmp_path / "toy.ipynb")
        with pytest.raises(AssertionError, match=told):
            run_forked(tmp_path / "log", runs, tmp_path / "toy.ipynb", seconds=seconds)
