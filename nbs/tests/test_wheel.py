"""What is installed from a wheel, without a checkout, in a folder that nobody may write to."""
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

from flowdiff.fibres import random_fibres, voxelise
from flowdiff.tools.stacks import write_stack


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    "A folder with the package alone; what it needs is that of this environment."
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    copy = folder / "copy"  # building leaves files beside the sources
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(copy)], check=True)
    local = subprocess.run(["git", "-C", str(ROOT), "diff", "HEAD", "--binary"],
                           capture_output=True, check=True).stdout
    if local:
        subprocess.run(["git", "-C", str(copy), "apply"], input=local, check=True)
    wheel = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(copy)]
    subprocess.run([*pip, *wheel], check=True)
    wheel, = folder.glob("*.whl")
    site = folder / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)
    for path in [site, *site.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield wheel, site
    for path in [site, *site.rglob("*")]:
        path.chmod(0o755)


def run(site: Path, words: list, folder: Path) -> subprocess.CompletedProcess:
    "The installed command, in a folder outside of any checkout."
    code = "import sys; from flowdiff.tools.cli import app; app()"
    env = os.environ | {"PYTHONPATH": str(site), "NUMBA_CACHE_DIR": str(folder / "compiled")}
    return subprocess.run([sys.executable, "-c", code, *words], cwd=folder, env=env,
                          capture_output=True, text=True, encoding="utf-8")


def test_models_travel(installed):
    "Weights of both kinds are in the wheel, which stays small."
    wheel, _ = installed
    names = zipfile.ZipFile(wheel).namelist()
    for kind in ("grey", "binary"):
        assert f"flowdiff/models/{kind}/weights.safetensors" in names
    assert not [name for name in names if name.startswith(("nbs/", "outputs/"))]
    assert wheel.stat().st_size < 3e6


def test_predicts(installed, tmp_path):
    "A prediction without a checkout says what one with it says."
    _, site = installed
    fibres = random_fibres(fibre_fraction=0.5, minimum_gap=1e-6, seed=1)
    write_stack(tmp_path / "scan.tif", voxelise(fibres, (11, 64, 64)),
                (50e-6 / 64, 50e-6 / 64, 50e-6 / 11))
    done = run(site, ["predict", "scan.tif", "--out", "flow.vti"], tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "flow.json").read_text())
    assert found["method"] == "learned lubrication"
    assert 1.3e-13 < found["permeability_m2"] < 1.45e-13  # 1.357e-13 on 256 x 256 voxels


@pytest.mark.parametrize("words", ["run all", "report --preset quick", "readme --check"])
def test_what_needs_a_checkout_says_so(installed, tmp_path, words):
    _, site = installed
    done = run(site, words.split(), tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("flowdiff: error: no checkout of flowdiff (git clone https://")
    assert done.stderr.count("\n") == 1
