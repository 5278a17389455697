"""Experiments run by name, on the results of the study, and by papermill itself."""
import os
import subprocess
import sys

import nbformat
import pytest
from conftest import ROOT, copy_study, run_flowdiff
from nbformat.v4 import new_code_cell, new_notebook

from flowdiff.tools.files import read_json
from flowdiff.tools.study import code_cells, defaults, experiments, study_experiments

BY_NAME = [name for name in experiments(ROOT) if name not in study_experiments(ROOT)]


@pytest.mark.parametrize("name", BY_NAME)
def test_runs(study, name):
    "`flowdiff run NAME`."
    done = run_flowdiff(["run", name, "--preset", "smoke"], study)
    assert done.returncode == 0, done.stderr[-4000:]


def test_options_of_the_published_study(study):
    "Trials, physics in the validation, and an evaluation of other cells with its predictions."
    runs = {
        "grid_search": ["-p", "trials", "2"],
        "diffusion": ["-p", "run", "other/diffusion", "-p", "validate_physics", "true"],
        "evaluation": ["-p", "run", "other/evaluation", "-p", "part", "val",
                       "-p", "save_predictions", "true", "-p", "methods", '["vae"]'],
    }
    for name, words in runs.items():
        done = run_flowdiff(["run", name, "--preset", "smoke", *words], study)
        assert done.returncode == 0, done.stderr[-4000:]
    outputs = study / "outputs" / "smoke"
    assert read_json(outputs / "grid_search" / "metrics.json")["rows"][1]["success"]
    history = (outputs / "other" / "diffusion" / "history.jsonl").read_text()
    assert "val_divergence" in history and "val_solid_speed" in history
    results = read_json(outputs / "other" / "evaluation" / "metrics.json")
    assert results["cells"] == {"val": 1} and "NOT held out" in (
        outputs / "other" / "evaluation" / "notebook.ipynb").read_text()
    assert len(list((outputs / "other" / "evaluation" / "predictions").glob("*.npz"))) == 1


def test_starts_from_learned_lubrication(study):
    "The networks of the study with `prior learned`, as the preset `standard` trains them."
    prior = ["-p", "prior", "learned", "-p", "learned", "learned_lubrication"]
    parts = ["-p", "vae", "l/stage2", "-p", "regression", "l/regression"]
    model = ["-p", "model", "l/diffusion"]
    runs = {
        "vae_stage1": ["l/stage1", *prior],
        "vae_stage2": ["l/stage2", "-p", "stage1", "l/stage1"],
        "regression": ["l/regression", *prior],
        "diffusion": ["l/diffusion", *parts, *prior[3:]],
        "evaluation": ["l/evaluation", *parts, *model],
        "diagnosis": ["l/diagnosis", *parts[:3], *model],
        "uncertainty": ["l/uncertainty", *parts[:3], *model],
    }
    for name, words in runs.items():
        done = run_flowdiff(["run", name, "--preset", "smoke", "-p", "run", *words], study)
        assert done.returncode == 0, done.stderr[-4000:]
    rows = read_json(study / "outputs" / "smoke" / "l" / "evaluation" / "metrics.json")["rows"]
    errors = {row["name"]: row["rel_l2"]["all"] for row in rows}
    assert errors["regression"] < 2 * errors["learned"]


@pytest.mark.parametrize("name", experiments(ROOT))
def test_declares_its_parameters(name):
    "In one cell tagged `parameters`, the standard ones among them."
    assert defaults(experiments(ROOT)[name])


@pytest.fixture
def toy(tmp_path):
    "The folder of an experiment that takes no time."
    copy_study(tmp_path / "study")
    folder = tmp_path / "study" / "nbs" / "experiments"
    parameters = 'preset = "smoke"\nroot = "../.."\ndevice = "cpu"\nseed = 0'
    cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]}), new_code_cell("seed")]
    kernel = dict(name="python3", display_name="python3", language="python")
    notebook = new_notebook(cells=cells, metadata=dict(kernelspec=kernel))
    nbformat.write(notebook, folder / "01_toy.ipynb")
    (folder / "seed.yaml").write_text("seed: 1\n")
    return folder


IN_PYTHON = """import papermill
papermill.execute_notebook("01_toy.ipynb", "out.ipynb", dict(seed=1), kernel_name="flowdiff-cpu")"""
PAPERMILL = ["-m", "papermill", "01_toy.ipynb", "out.ipynb", "-k"]


@pytest.mark.parametrize("way", [
    [*PAPERMILL, "python3", "-p", "seed", "1"],
    [*PAPERMILL, "flowdiff-cpu", "-f", "seed.yaml"],
    ["-c", IN_PYTHON],
], ids=["one by one", "from a file", "from Python"])
def test_papermill(toy, way):
    "Every way that nbs/guide/papermill.md names gives an experiment its parameters."
    install = ["kernel", "install", "--name", "flowdiff-cpu", "--device", "cpu", "--prefix", "here"]
    assert run_flowdiff(install, toy).returncode == 0
    env = os.environ | {"JUPYTER_PATH": str(toy / "here" / "share" / "jupyter")}
    subprocess.run([sys.executable, *way], cwd=toy, env=env, check=True)
    cells = code_cells(toy / "out.ipynb")
    injected = [source for tags, source in cells if "injected-parameters" in tags]
    assert len(injected) == 1 and "seed = 1" in injected[0]
