"""Notebooks, package and README agree, and the package has the shape that it should have."""
import ast
import json
import shutil
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from flowdiff.tools.cli import app
from flowdiff.tools.study import imported_names

PACKAGE = ROOT / "flowdiff"
NOTEBOOKS = sorted(path.relative_to(ROOT) for path in (ROOT / "nbs").rglob("*.ipynb"))


def python_files(folder: Path) -> dict[str, str]:  # source by path
    "The Python files of a folder."
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.py")}


def process(root: Path, folder: Path) -> None:
    "Notebooks as `nbdev_clean` leaves them, and the package that `nbdev_export` makes of them."
    left_out = shutil.ignore_patterns("tests*", ".*")
    shutil.copytree(root / "nbs", folder / "nbs", ignore=left_out)
    shutil.copy(root / "settings.ini", folder)
    (folder / "flowdiff").mkdir()
    shutil.copy(root / "flowdiff" / "__init__.py", folder / "flowdiff")
    for command in ("nbdev_clean", "nbdev_export"):
        subprocess.run([Path(sys.executable).with_name(command)], cwd=folder, check=True)


def stale(root: Path, processed: Path) -> list[str]:
    "Modules that are not what the notebooks export, or whose notebook has gone."
    here, there = python_files(root / "flowdiff"), python_files(processed / "flowdiff")
    return sorted(path for path in here | there if here.get(path) != there.get(path))


@pytest.fixture(scope="module")
def processed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkout")
    process(ROOT, folder)
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
def test_notebook_is_clean(processed, path):
    text = (ROOT / path).read_text()
    assert text == (processed / path).read_text(), "run nbdev_clean"
    outputs = [output for cell in json.loads(text)["cells"] for output in cell.get("outputs", [])]
    assert "error" not in [output["output_type"] for output in outputs]


def test_package_is_exported(processed):
    assert not stale(ROOT, processed), "run nbdev_export"


def test_what_is_neither_clean_nor_exported_is_told(tmp_path):
    "A notebook with a count, a module that was edited, and one whose notebook has gone."
    toy, anew = tmp_path / "toy", tmp_path / "anew"
    for folder in (toy / "nbs", toy / "flowdiff", anew):
        folder.mkdir(parents=True)
    shutil.copy(ROOT / "settings.ini", toy)
    for name in ("__init__", "edited", "gone"):
        (toy / "flowdiff" / f"{name}.py").write_text("__version__ = '0.1.0'\n")
    sources = "#| default_exp edited", "#| export\nx = 1"
    cells = [new_code_cell(source, execution_count=7) for source in sources]
    nbformat.write(new_notebook(cells=cells), toy / "nbs" / "00_edited.ipynb")
    process(toy, anew)
    assert {"edited.py", "gone.py"} <= set(stale(toy, anew))
    notebook = "nbs/00_edited.ipynb"
    assert (toy / notebook).read_text() != (anew / notebook).read_text()


def test_readme_is_the_index(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert not CliRunner().invoke(app, ["readme", "--check"]).output


def ruff(*arguments: str, code: str = "") -> str:
    "What ruff says against files, or against code."
    options = ["--no-cache", "--quiet", "--output-format", "concise", "--config", "nbs/ruff.toml"]
    command = [sys.executable, "-m", "ruff", "check", *options, *arguments]
    return subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True).stdout


def test_lint():
    assert not ruff("flowdiff", "nbs")


@pytest.mark.parametrize("rule, code", [
    ("F401", "import os"), ("F821", "print(unknown)"), ("invalid-syntax", "def"),
    ("E501", f"x = '{'x' * 100}'"), ("E731", "f = lambda x: x"), ("S307", "eval('1')"),
    ("S301", "import pickle\npickle.loads(b'')"), ("S506", "import yaml\nyaml.load('', None)"),
])
def test_lint_tells(rule, code):
    assert rule in ruff("-", code=code + "\n")


MODULES = {path.removesuffix(".py").replace("/", "."): source
           for path, source in python_files(PACKAGE).items() if not Path(path).name.startswith("_")}


def test_two_storeys():
    "The method needs of the tools only `files`, `plots` and `stacks`, and no module needs itself."
    needs = {name: set(imported_names(source, name.rpartition(".")[0]))
             for name, source in MODULES.items()}
    upward = {other for name, others in needs.items() for other in others
              if other.startswith("tools.") and not name.startswith("tools.")}
    assert upward <= {"tools.files", "tools.plots", "tools.stacks"}
    TopologicalSorter(needs).prepare()  # raises CycleError


def test_names_are_defined_once():
    names = Counter()
    for source in MODULES.values():
        for node in ast.parse(source).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names.update(ast.literal_eval(node.value))
    assert not [name for name, count in names.items() if count > 1]
