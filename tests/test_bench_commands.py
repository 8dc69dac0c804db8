"""The commands beside the table: one arm in both precisions, the demo at two commits."""

import subprocess
from statistics import StatisticsError

import pytest

from skinkd.bench import demo, precision, readme
from skinkd.bench.graphs import ROOT, copy_project, write_study
from skinkd.errors import InputError
from skinkd.records import read_record, write_record

ARM = "dsnet/leak_free/dsnet"


def test_an_arm_is_trained_in_both_precisions(tmp_path, monkeypatch):
    project = tmp_path / "a project"
    copy_project(project)
    study = write_study(project, 10)
    monkeypatch.setattr(precision, "ROOT", project)
    record = precision.compare_precisions(study, [ARM], 2)
    (arm,) = record["arms"]
    assert arm["arm"] == ARM
    assert [len(arm[name]) for name in precision.PRECISIONS] == [2, 2]
    assert arm["bfloat16"] != arm["float32"] or arm["difference"] == 0
    folder = project / "results/precision/jobs_10"
    for name in precision.PRECISIONS:
        scores = read_record(folder / name / "scores" / f"{ARM}.json")
        assert arm[name] == next(m["by_seed"] for m in scores["metrics"] if m["metric"] == precision.METRIC)
    # Runs of another precision are not taken for it.
    (folder / "float32/networks").rename(folder / "float32/away")
    (folder / "bfloat16/networks").rename(folder / "float32/networks")
    with pytest.raises(InputError, match="should be float32"):
        precision.values_of((folder / "float32").relative_to(project), ARM)


def test_means_are_compared_with_the_spread_of_seeds():
    near = precision.entry("a", [0.5, 0.6, 0.7], [0.55, 0.6, 0.65])
    assert near["difference"] == pytest.approx(0)
    assert near["seed_sd"] == pytest.approx(0.1)
    assert near["within_spread"]
    far = precision.entry("a", [0.5, 0.6, 0.7], [0.65, 0.75, 0.85])
    assert far["difference"] == pytest.approx(-0.15)
    assert not far["within_spread"]
    assert "0.600 in bfloat16, 0.750 in float32; beyond the seeds' 0.100" in precision.sentence(far)
    with pytest.raises(StatisticsError):
        precision.entry("a", [0.5], [0.5])


def git(folder, *words):
    """Run git as somebody."""
    who = ["-c", "user.name=A", "-c", "user.email=a@b"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Two commits: the demo of the first sleeps longer than that of the second."""
    folder = tmp_path / "a project"
    folder.mkdir()
    git(folder, "init", "--quiet")
    for message, seconds in (("slow", 1.0), ("fast", 0.1)):
        (folder / "Makefile").write_text(f'report:\n\t@sleep {seconds}; test -z "$$PYTHONPATH"\n')
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "-m", message)
    monkeypatch.setattr(demo, "ROOT", folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "ours")
    return folder


def test_the_demo_is_timed_at_two_commits(project, tmp_path, capsys):
    demo.main(["HEAD~1"])
    record = read_record(tmp_path / demo.PATH)
    before, after = record["before"], record["after"]
    assert before["wall_s"] > 1.0 > after["wall_s"] > 0.1
    assert before["commit"] != after["commit"]
    assert record["ratio"] == pytest.approx(after["wall_s"] / before["wall_s"], rel=1e-4)
    assert f"after, {after['commit'][:7]}" in capsys.readouterr().out


def test_a_commit_that_is_not_there_is_named(project):
    with pytest.raises(InputError, match="nowhere"):
        demo.main(["nowhere"])


# What the README says

HARDWARE = {"cpu": "A CPU", "cores": 2, "accelerator": "none"}


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """A project with a README and all measured files."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results"
    record = {"name": "row1_x", "ratio": 6.5, "low": 6.0, "high": 7.0, "unit": "s", "ours": 1.0, "other": 6.5}
    words = {
        "name": "row1_x",
        "what": "x: ours, theirs",
        "reads": "other / ours",
        "goal": "≥ 7",
        "floor": 6.9,
    }
    without_goal = {"name": "row2_y", "what": "y", "reads": "other / ours", "goal": "", "floor": None}
    machine = {"hardware": HARDWARE, "versions": {"torch": "2", "torchdistill": "1"}}
    known = {"machine": machine, "settings": {"repeats": 5}, "rows": [words, without_goal]}
    write_record(folder / readme.TABLE, [record, record | {"name": "row2_y"}])
    write_record(folder / readme.WORDS, known)
    sides = {"after": {"wall_s": 60.0, "commit": "b" * 40}, "before": {"wall_s": 120.0, "commit": "a" * 40}}
    write_record(folder / readme.DEMO, {**sides, "ratio": 0.5, "hardware": HARDWARE})
    arm = precision.entry("p/q/arm", [0.5, 0.6], [0.55, 0.61])
    write_record(folder / readme.PRECISION, {"study": "ham10000", "arms": [arm]})
    (tmp_path / "README.md").write_text(
        f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n", encoding="utf-8"
    )
    return folder


def test_the_readme_tells_what_was_measured_and_keeps_its_other_words(measured):
    readme.update_readme("results")
    text = measured.with_name("README.md").read_text(encoding="utf-8")
    assert text == f"before\n{readme.speed_block(measured)}\nafter\n"
    assert "| x: ours, theirs | other / ours | 6.5 [6, 7] | ≥ 7 | 6.9 | missed, as its floor says |" in text
    assert "row2" not in text
    assert "1 min 00 s at `bbbbbbb`, 2 min 00 s at `aaaaaaa`; 50%" in text
    assert "`p/q/arm`, 2 seeds on ham10000" in text
    assert "0.550 in bfloat16, 0.580 in float32" in text


def test_files_elsewhere_leave_the_readme_alone(measured, tmp_path):
    readme.update_readme(tmp_path / "other")
    assert "old" in measured.with_name("README.md").read_text(encoding="utf-8")


def test_what_was_not_measured_is_left_out(measured):
    for name in (readme.TABLE, readme.WORDS, readme.DEMO, readme.PRECISION):
        (measured / name).unlink()
    assert readme.speed_block(measured) == f"{readme.BEGIN}\n{readme.END}"


def test_the_committed_numbers_stand_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme.speed_block(ROOT / "results") in text
