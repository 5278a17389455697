"""Work that is killed at random moments, again and again, ends with the results of work left alone.

A process that is killed with SIGKILL can tidy up nothing. So everything is written under a hidden
name first (nbs/tools/files.ipynb), long work keeps what it has finished, and locks belong to the
system. `make test` tries that on a toy, `make test-faults` on the smallest study, thirty times.
"""
import hashlib
import random
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from conftest import FLOWDIFF, copy_study, run_flowdiff

GENERATE = "--size 32 --slices 4 --extent 25um --fibre-fraction 0.45 0.5"
DATA = f"data generate --out data/loose --cells 48 --workers 2 {GENERATE}"
STUDY = [DATA, "run all --preset smoke", "run grid_search --preset smoke"]

TELLING = (".pt", ".safetensors", ".tif", ".csv")  # suffixes of data and weights
TIMES = ("results.csv", "top10.csv", "metrics.csv", "last.pt")  # hold seconds, or help to resume


def outputs(folder: Path) -> list[Path]:
    "Every file of data/ and outputs/."
    paths = [path for part in ("data", "outputs") for path in (folder / part).rglob("*")]
    return sorted(path for path in paths if path.is_file())


def results(folder: Path) -> dict[str, str]:  # digest by path
    "What must not depend on how often the work was killed."
    telling = [path for path in outputs(folder) if path.suffix in TELLING]
    telling = [path for path in telling if path.name not in TIMES and "latents" not in path.parts]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in telling}


def hidden(folder: Path) -> list[Path]:
    "Files that a finished run must not leave."
    return [path for path in outputs(folder) if path.name.startswith(".")]


def killed_after(
    command: list[str],
    folder: Path,  # working directory
    seconds: float | None,  # when it is killed; None: never
    grace: float = 20.0,  # s, for what it had started to end
) -> tuple[int, list[psutil.Process], str]:  # exit status, processes that stay, what was printed
    "Run a command and kill it, but not what it has started: kernels and workers must notice."
    log = folder / "log.txt"
    started = []
    with open(log, "w") as file:
        process = psutil.Popen(command, cwd=folder, stdout=file, stderr=file)
        try:
            process.wait(seconds)
        except psutil.TimeoutExpired:
            with suppress(psutil.NoSuchProcess):  # it has just ended
                started = process.children(recursive=True)
                process.kill()
        status = process.wait()
    _, staying = psutil.wait_procs(started, grace)
    return status, staying, log.read_text()


@dataclass
class Campaign:
    "Commands that are killed, and started again until they end."

    folder: Path  # working directory
    kills: list[dict] = field(default_factory=list)  # command and seconds of each
    staying: list[psutil.Process] = field(default_factory=list)  # outlived what started them
    seconds: list[float] = field(default_factory=list)  # of each command, all attempts together

    def run(
        self,
        commands: list[list[str]],
        kills: int = 0,  # shared out among the commands
        longest: list[float] = (),  # s before a kill, of each command
    ) -> "Campaign":
        "Run them; `AssertionError` with what a command said that fails by itself."
        rng = random.Random(0)
        for n, command in enumerate(commands):
            share = -(-(kills - len(self.kills)) // (len(commands) - n))  # rounded up
            start, status = time.monotonic(), -9
            while status == -9:
                seconds = rng.uniform(0.2, longest[n]) if share else None
                status, staying, said = killed_after(command, self.folder, seconds)
                self.staying += staying
                if status == -9:
                    share -= 1
                    self.kills.append(dict(command=" ".join(command[3:]), seconds=seconds))
            self.seconds.append(time.monotonic() - start)
            assert not status, f"{command[3:]}: exit status {status}: {said[-2000:]}"
        return self


TOY = """import time
from pathlib import Path
from flowdiff.tools.files import atomic_write
for i in range(12):
    path = Path("outputs", f"{i}.csv")
    if not path.exists():
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            time.sleep(0.25)
            temporary.write_text(f"{i}")
"""


def test_toy(tmp_path):
    "Files that are written slowly are whole, however often it is killed."
    whole, torn = Campaign(tmp_path / "whole"), Campaign(tmp_path / "torn")
    whole.folder.mkdir()
    torn.folder.mkdir()
    toy = [[sys.executable, "-c", TOY]]
    whole.run(toy)
    torn.run(toy, 4, [1.0])
    assert (len(whole.kills), len(torn.kills)) == (0, 4)
    assert len(results(whole.folder)) == 12 and results(whole.folder) == results(torn.folder)
    assert not hidden(torn.folder) and not torn.staying


def test_what_goes_wrong_is_told(tmp_path):
    "A command that fails, a process that stays, a hidden file."
    with pytest.raises(AssertionError, match="(?s)exit status 1: .*ZeroDivisionError"):
        Campaign(tmp_path).run([[sys.executable, "-c", "1 / 0"]])
    sleep = [sys.executable, "-c", "import time; time.sleep(3)"]
    parent = f"import subprocess, time; subprocess.Popen({sleep}); time.sleep(60)"
    status, staying, _ = killed_after([sys.executable, "-c", parent], tmp_path, 1.0, grace=0.5)
    assert (status, len(staying)) == (-9, 1)
    (tmp_path / "outputs").mkdir()
    for name in ("vae.pt", "run.json", ".vae-1.pt", "results.csv"):
        (tmp_path / "outputs" / name).touch()
    assert [path.name for path in hidden(tmp_path)] == [".vae-1.pt"]
    assert list(results(tmp_path)) == ["outputs/.vae-1.pt", "outputs/vae.pt"]


def test_two_at_a_time(tmp_path):
    "Of two processes in one folder, one refuses with a line that says why, and one ends well."
    command = [*FLOWDIFF, *f"data generate --out shared --cells 7 --workers 1 {GENERATE}".split()]
    both = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
            for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    statuses = sorted(process.returncode for process in both)
    assert (tmp_path / "shared" / "dataset.json").exists()
    refused = any("another process is at work there" in text for text in said)
    assert statuses == [0, 0] or (statuses == [0, 2] and refused), said  # both, one after the other


@pytest.fixture(scope="module")
def campaigns(tmp_path_factory):
    "The study left alone, and the study killed thirty times."
    commands = [[*FLOWDIFF, *words.split()] for words in STUDY]
    alone, torn = (Campaign(tmp_path_factory.mktemp(name) / "study") for name in ("alone", "torn"))
    copy_study(alone.folder)
    copy_study(torn.folder)
    alone.run(commands)
    torn.run(commands, 30, [min(12.0, seconds) for seconds in alone.seconds])
    return alone, torn


@pytest.mark.slow
def test_same_data_and_weights(campaigns, record_property):
    alone, torn = campaigns
    expected = results(alone.folder)
    assert expected == results(torn.folder)
    record_property("kills", dict(kills=torn.kills, files=len(expected), bytes_lost=0))


@pytest.mark.slow
def test_no_process_stays(campaigns):
    assert not campaigns[1].staying


@pytest.mark.slow
def test_no_hidden_file_stays(campaigns):
    assert not hidden(campaigns[1].folder)


@pytest.mark.slow
def test_same_data_by_one_worker_and_by_two(campaigns):
    folder = campaigns[1].folder
    words = DATA.replace("data/loose", "data/single").replace("--workers 2", "--workers 1")
    done = run_flowdiff(words.split(), folder)
    assert not done.returncode, done.stderr
    digests = results(folder)
    single = {name: digest for name, digest in digests.items() if "data/single/" in name}
    loose = {name: digests[name.replace("data/single", "data/loose")] for name in single}
    assert single and single == loose


ON_FULL_DISK = """import numpy as np, torch
from flowdiff.data import save_tensors
from flowdiff.tools.files import write_vti
from flowdiff.training import save_checkpoint
tensor, field = torch.rand(100_000), np.random.rand(9, 60, 60)
for write in (lambda: save_tensors("a.pt", tensor), lambda: save_checkpoint("b.pt", dict(a=tensor)),
              lambda: write_vti("c.vti", dict(a=field), (1, 1, 1))):
    try:
        write()
    except (OSError, RuntimeError):
        print("told")
"""


@pytest.mark.slow
def test_full_disk(small_disk):
    "Writing to a disk that fills up raises, and leaves nothing half-written."
    filler = small_disk / "filler"
    filler.write_bytes(bytes(40_000))
    script = [sys.executable, "-c", ON_FULL_DISK]
    done = subprocess.run(script, cwd=small_disk, capture_output=True, text=True)
    assert done.stdout == 3 * "told\n", done.stderr
    assert list(small_disk.iterdir()) == [filler]


@pytest.mark.slow
def test_notebook_on_full_disk(campaigns, small_disk):
    "An experiment whose outputs find no room ends in one line; with room, it ends well."
    folder, words = campaigns[1].folder, "run dataset --preset smoke".split()
    (folder / "outputs").rename(folder / "kept")
    (folder / "outputs").symlink_to(small_disk)
    full = run_flowdiff(words, folder)
    (folder / "outputs").unlink()
    (folder / "outputs").mkdir()
    with_room = run_flowdiff(words, folder)
    assert full.returncode and "No space left on device" in full.stderr.splitlines()[-1]
    assert "Traceback" not in full.stderr
    assert not with_room.returncode and not hidden(folder)
