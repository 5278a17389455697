"""Peak memory, measured in processes of their own: what nbs/guide/machines.md says of it is so."""
import re
import tempfile
import threading
from pathlib import Path

import pytest
import torch
from forked import run_forked

from flowdiff.batches import Batches, Cells
from flowdiff.data import Settings, assemble, draw_cell, make_cell, plan_of, save_tensors
from flowdiff.stokes import BYTES, solve_batch
from flowdiff.tools.cluster import peak_memory
from flowdiff.tools.files import read_json, write_json
from flowdiff.training import Recipe, train
from flowdiff.vae import DualVAE, stage1_loss

CPU = torch.device("cpu")
CELL = Settings(shape=(11, 64, 64), extent=(5e-5, 5e-5, 5e-5))


def train_vae(result: Path, size: int, batch_size: int, steps: int) -> None:
    "Train a small VAE on cells of 4 x size x size voxels; write GiB at the peak and of weights."
    torch.set_num_threads(1)
    vae = DualVAE(8, 2, (16, 32), 1)

    def draw(channels, seed):
        rng = torch.Generator().manual_seed(seed)
        return torch.rand(batch_size, channels, 4, size, size, generator=rng)

    def batch(i):
        return dict(x3=draw(3, i), cond=draw(2, i), mask=draw(1, i).round())

    def validate(model, i):
        return dict(val_loss=0.0)

    recipe = Recipe(steps, 1e-3, validate_every=10)
    train(vae, stage1_loss, batch, validate, 1, recipe, folder=result.parent / "run")
    weights = 20 * sum(p.numel() for p in vae.parameters()) / 2**30
    write_json(result, dict(peak=peak_memory(CPU), weights=weights))


def test_training(tmp_path):
    "A part that is fixed, 20 bytes a weight, and a part in proportion to voxels and batch."
    calls = dict(small=(64, 2, 3), batch=(64, 10, 3), size=(128, 3, 3),
                 few_steps=(32, 2, 3), many_steps=(32, 2, 30))
    peaks = {}
    for name, call in calls.items():
        folder = tmp_path / name
        folder.mkdir()
        run_forked(folder / "log", train_vae, folder / "result.json", *call)
        peaks[name] = read_json(folder / "result.json")["peak"]
    weights = read_json(tmp_path / "small" / "result.json")["weights"]
    assert peaks["many_steps"] < 1.05 * peaks["few_steps"]
    a_voxel = (peaks["batch"] - peaks["small"]) / (8 * 4 * 64**2)
    fixed = peaks["small"] - weights - a_voxel * 2 * 4 * 64**2
    foretold = fixed + weights + a_voxel * 3 * 4 * 128**2
    assert peaks["size"] == pytest.approx(foretold, rel=0.1)


def solve_cells(count: int) -> None:
    "What the batched solver holds is at most what it plans for, and not much less."
    torch.set_num_threads(1)
    cells = [draw_cell(CELL, i)[0] for i in range(count)]
    solve_batch(cells[:1], rtol=0.1)  # loads the libraries
    before = peak_memory(CPU)
    solve_batch(cells, rtol=0.1)  # soon done
    bytes_a_voxel = (peak_memory(CPU) - before) * 2**30 / (count * cells[0].mask.size)
    assert 0.3 * BYTES < bytes_a_voxel < BYTES


def test_batched_solver(tmp_path):
    run_forked(tmp_path / "log", solve_cells, 8)


def held_while(work) -> float:
    "Most memory, GiB, that this process holds meanwhile, but for what mirrors a file."
    most = 0.0
    end = threading.Event()

    def watch():
        nonlocal most
        while not end.wait(0.005):
            status = Path("/proc/self/status").read_text()
            most = max(most, int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 2**20)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        end.set()
        watcher.join()
    return most


def assemble_and_read(result: Path, cell: Path, count: int) -> None:
    "Put a dataset of equal cells together, and read it once for training; write what it held."
    torch.set_num_threads(1)
    root = result.parent / "data"
    (root / "x").mkdir(parents=True)

    def work():
        assemble(root, [cell] * count, plan_of(count, CELL))
        batches = Batches(Cells(root, "train"), 2, 0)
        for step in range(batches.steps_per_epoch):
            batches(step)

    held = held_while(work)
    data = sum(path.stat().st_size for path in root.rglob("*.pt")) / 2**30
    write_json(result, dict(held=held, data=data))


def test_datasets_are_not_held(tmp_path):
    "What is held while a dataset is made and read does not grow with it."
    cell = tmp_path / "cell.pt"
    save_tensors(cell, make_cell(CELL, 0))
    found = []
    for count in (8, 80):
        with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
            result = Path(folder, "result.json")
            run_forked(Path(folder, "log"), assemble_and_read, result, cell, count)
            found.append(read_json(result))
    few, many = found
    assert many["data"] > 9 * few["data"]
    assert many["held"] - few["held"] < 0.2 * (many["data"] - few["data"])
