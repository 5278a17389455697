"""Scans that are odd but right (nbs/odd_input.yaml) give the permeability of the plain stack."""
import shlex
from dataclasses import dataclass

import pytest
import yaml
from conftest import ROOT
from odd import SIZE, write_odd
from typer.testing import CliRunner

from flowdiff.tools.cli import app
from flowdiff.tools.files import read_json

TYPED_SIZE = f"--voxel-size {'x'.join(map(str, SIZE))}um"


@dataclass(frozen=True)
class Case:
    "A line of the table."

    kind: str  # numbers, other files, ...
    what: str  # is odd
    file: str
    options: str = ""
    stated: bool = False  # the file says how large a voxel is


TABLE = yaml.safe_load((ROOT / "nbs" / "odd_input.yaml").read_text(encoding="utf-8"))
CASES = [Case(kind, **line) for kind, lines in TABLE.items() for line in lines]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    "The files."
    folder = tmp_path_factory.mktemp("odd")
    write_odd(folder)
    return folder


def permeability(words: list[str], out) -> float:  # m^2
    "What `flowdiff predict` writes; two draws, since their number does not change it."
    done = CliRunner().invoke(app, ["predict", *words, "--draws", "2", "--out", str(out)])
    assert done.exit_code == 0, done.stderr
    return read_json(out.with_suffix(".json"))["permeability_m2"]


@pytest.fixture(scope="module")
def plain(folder):
    "Of the plain stack."
    words = [str(folder / "plain.tif"), *shlex.split(TYPED_SIZE)]
    return permeability(words, folder / "plain.vti")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}: {case.what}")
def test_same_permeability(case, folder, plain, tmp_path, record_property):
    options = shlex.split(case.options if case.stated else f"{case.options} {TYPED_SIZE}")
    k = permeability([str(folder / case.file), *options], tmp_path / "flow.VTI")
    assert k == (pytest.approx(plain, rel=1e-6) if case.stated else plain)
    row = dict(kind=case.kind, what=case.what, options=case.options, k=k, plain=plain)
    record_property("odd_input", row)
