"""What a person may get wrong (nbs/wrong_input.yaml) ends in one line and leaves nothing."""
import importlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import yaml
from broken import write_broken
from conftest import FLOWDIFF, ROOT, copy_study
from typer.testing import CliRunner

from flowdiff.tools.cli import app

MODEL = ROOT / "outputs" / "reference" / "voxels" / "model"


@dataclass(frozen=True)
class Case:
    "A line of the table."

    kind: str  # images, datasets, ...
    what: str  # is wrong
    typed: str  # after `flowdiff`
    says: str  # what the error must contain
    python: tuple = ()  # a function by its full name, and its arguments
    raises: str = ""  # the name of its exception
    where: str = ""  # the condition without which it cannot be tried


TABLE = yaml.safe_load((ROOT / "nbs" / "wrong_input.yaml").read_text(encoding="utf-8"))
CASES = [Case(kind, **line) for kind, lines in TABLE.items() for line in lines]
IN_PYTHON = [case for case in CASES if case.python]


def test_table():
    assert len(CASES) >= 60
    assert len({(case.kind, case.what) for case in CASES}) == len(CASES)
    assert all(bool(case.python) == bool(case.raises) for case in CASES)


@pytest.fixture(scope="session")
def broken(tmp_path_factory):
    "A folder of broken files."
    folder = tmp_path_factory.mktemp("broken")
    write_broken(folder, MODEL)
    return folder


@pytest.fixture(scope="session")
def checkout(tmp_path_factory):
    "A copy of the study that has not run, with two presets that are wrong."
    folder = tmp_path_factory.mktemp("wrong") / "study"
    copy_study(folder)
    presets = folder / "nbs" / "presets"
    (presets / "text.yaml").write_text("03_vae_stage1: {learning_rate: 1e-4}\n")
    (presets / "stray.yaml").write_text("01_data: {cells: 8}\n")
    return folder


@pytest.fixture
def places(case, broken, checkout, tmp_path, monkeypatch, request):
    "What stands for the names in braces; commands are typed in the checkout."
    monkeypatch.chdir(checkout)
    to = f"--voxel-size 0.8um --model {MODEL} --out {tmp_path}/u.vti"
    names = {"in": str(broken), "out": str(tmp_path), "model": str(MODEL), "to": to}
    if case.where == "with a small disk":
        names["full"] = str(request.getfixturevalue("small_disk"))
    if case.where == "without a GPU" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    return names


def files(*folders: Path) -> dict[Path, int]:
    "When each file in some folders was changed, ns."
    return {path: path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*")}


def run_as_user(words: list[str]) -> subprocess.CompletedProcess:
    "The command as a user to whom permissions apply; root without its special rights is one."
    command = [*FLOWDIFF, *words]
    if not hasattr(os, "geteuid"):
        pytest.skip("no permissions of this kind here")
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("not as root")
        no_rights = ["--bounding-set", "-dac_override,-dac_read_search"]
        command = ["setpriv", *no_rights, *command]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.what}")
def test_command(case, places, broken, checkout, tmp_path, record_property):
    "One line on standard error, exit status 2, no file written, none changed."
    words = case.typed.format(**places).split()
    before, start = files(broken, checkout), time.perf_counter()
    if case.where == "not as root":
        result = run_as_user(words)
        status = result.returncode
    else:
        result = CliRunner().invoke(app, words)
        status = result.exit_code
    seconds = time.perf_counter() - start
    assert status == 2, result
    assert result.stderr.startswith("flowdiff: error: ") and result.stderr.count("\n") == 1
    assert case.says in result.stderr
    assert not list(tmp_path.iterdir()) and files(broken, checkout) == before
    said = result.stderr.removeprefix("flowdiff: error: ").strip()
    said = said.replace(f"{checkout}{os.sep}", "")
    for name, place in sorted(places.items(), key=lambda item: -len(item[1])):
        said = said.replace(place, f"{{{name}}}")
    row = dict(kind=case.kind, what=case.what, typed=case.typed, said=said, seconds=seconds)
    record_property("wrong_input", row)


@pytest.mark.parametrize("case", IN_PYTHON, ids=lambda case: f"{case.kind}: {case.what}")
def test_function(case, places):
    "The function of the package that a person would call raises the same."
    module, _, function = case.python[0].rpartition(".")
    arguments = [a.format(**places) if isinstance(a, str) else a for a in case.python[1:]]
    with pytest.raises(Exception) as raised:
        getattr(importlib.import_module(module), function)(*arguments)
    assert raised.typename == case.raises
    assert case.says in str(raised.value) or case.kind == "datasets"
