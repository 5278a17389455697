"""The study in small, by the commands that a user types."""
from conftest import ROOT, run_flowdiff

from flowdiff.tools.study import read_record, run_folder, study_experiments

NAMES = list(study_experiments(ROOT))


def test_runs(study):
    "Every experiment of `flowdiff run all` is done."
    status = {name: read_record(run_folder(study, "smoke", name)).get("status") for name in NAMES}
    assert status == dict.fromkeys(NAMES, "done"), (study / "log.txt").read_text()[-4000:]


def test_is_skipped_when_unchanged(study):
    "A second call finds nothing to do, though the folder has moved: no result names its place."
    again = run_flowdiff(["run", "all", "--preset", "smoke"], study)
    assert again.stdout.count("skipped") == len(NAMES), again.stderr
