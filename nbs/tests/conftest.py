"""What the tests share. `make test` runs them all; each can be run alone, by pytest."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))  # this checkout's package, here and in what is started from here
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
os.environ["OMP_NUM_THREADS"] = "1"  # two tests run at a time

# long ones first, so that both processes end at about the same time
ORDER = ("study", "notebooks", "experiments", "memory", "faults", "odd_input", "wheel", "readme",
         "house", "wrong_input")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: ORDER.index(item.path.stem.removeprefix("test_")))


FLOWDIFF = [sys.executable, "-c", "from flowdiff.tools.cli import app; app()"]


def run_flowdiff(
    words: list[str],  # what a user types after `flowdiff`
    folder: Path,  # working directory
) -> subprocess.CompletedProcess:
    "The command `flowdiff` in a process of its own."
    how = dict(cwd=folder, capture_output=True, text=True, timeout=600)
    return subprocess.run([*FLOWDIFF, *words], **how)


def copy_study(folder: Path) -> None:
    "Copy what a study needs into a new folder: settings, experiments and presets."
    folder.mkdir()
    shutil.copy(ROOT / "settings.ini", folder)
    for name in ("experiments", "presets"):
        shutil.copytree(ROOT / "nbs" / name, folder / "nbs" / name)


@pytest.fixture
def small_disk(tmp_path_factory):
    "A disk of 64 kB, in memory, where there can be one: on Linux, as root."
    folder = tmp_path_factory.mktemp("full")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no small disk here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture(scope="session")
def study(tmp_path_factory, worker_id):
    "A copy of the study that has run at smoke size, and was moved; both processes share it."
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":  # the name that xdist gives where there is but one process
        shared = shared.parent
    with FileLock(shared / "study.lock"):
        if not (shared / "moved").exists():
            copy_study(shared / "study")
            done = run_flowdiff(["run", "all", "--preset", "smoke"], shared / "study")
            (shared / "study" / "log.txt").write_text(done.stdout + done.stderr)
            (shared / "study").rename(shared / "moved")
    return shared / "moved"


def pytest_addoption(parser):
    about = "keep in outputs/reference/checks what the tests of input and of kills found"
    parser.addoption("--record", action="store_true", help=about)


def pytest_terminal_summary(terminalreporter, config):
    "Write the records that the documentation shows; tests add to them by `record_property`."
    wrong = terminalreporter.getreports("failed") + terminalreporter.getreports("error")
    if wrong or not config.getoption("record"):
        return
    from flowdiff.tools.files import write_json
    from flowdiff.tools.study import environment

    passed = [report for report in terminalreporter.getreports("passed") if report.when == "call"]
    kept = [pair for report in passed for pair in report.user_properties]
    kills = [value for key, value in kept if key == "kills"]
    checks, machine = ROOT / "outputs" / "reference" / "checks", environment(ROOT)
    for table in ("wrong_input", "odd_input"):
        rows = [value for key, value in kept if key == table]
        if rows:
            command = f"pytest nbs/tests/test_{table}.py --record"
            write_json(checks / f"{table}.json", dict(rows=rows, command=command, **machine))
    if kills:
        names = [report.nodeid.split("::test_")[-1].replace("_", " ") for report in passed]
        facts = dict(kills[0], tests=dict.fromkeys(names, "passed"), command="make test-faults")
        write_json(checks / "faults.json", facts | machine)
