"""What the README shows is what a reader gets who copies it."""
import re
import shlex
import subprocess
import sys

from conftest import ROOT, run_flowdiff

from flowdiff.fibres import random_fibres, voxelise
from flowdiff.tools.stacks import write_stack

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(heading: str) -> list[str]:
    "The code blocks of a section."
    section = re.search(rf"^## {heading}$(.*?)^## ", README, re.M | re.S)[1]
    return re.findall(r"^```\w+\n(.*?)^```$", section, re.M | re.S)


def test_python():
    code, output = blocks("Python")
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout == output


def test_command_line(tmp_path):
    "All but the seconds."
    command, output = blocks("Command line")
    fibres = random_fibres(fibre_fraction=0.5, minimum_gap=1e-6, seed=1)
    mask = voxelise(fibres, (11, 64, 64))
    voxel_size = tuple(length / n for length, n in zip(fibres.extent, mask.shape[::-1]))
    write_stack(tmp_path / "scan.tif", mask, voxel_size)
    done = run_flowdiff(shlex.split(command)[1:], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(" in ")[0] == output.split(" in ")[0]
    assert (tmp_path / "flow.vti").exists()
