"""What is committed of a study: its numbers and tables, in the README too, and no page with pictures."""

import json

import pytest
from report_example import example

from skinkd.config import read_config
from skinkd.errors import InputError
from skinkd.place import report_folder
from skinkd.publish import publish
from skinkd.readme import BEGIN, END
from skinkd.selections import main_arms
from skinkd.study import BASE, open_study


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a finished report of the scaled study, as far as publishing reads it."""
    monkeypatch.chdir(tmp_path)
    report = tmp_path / "results/ham10000/report"
    (report / "tables").mkdir(parents=True)
    (report / "figures").mkdir()
    (report / "results.json").write_text(json.dumps(example()), encoding="utf-8")
    for name in (
        "report.tex",
        "report.html",
        "tables/general.tex",
        "tables/.snakemake_timestamp",
        "figures/a.svg",
    ):
        (report / name).write_text(name, encoding="utf-8")
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def config():
    return BASE.with_name("ham10000.yaml")


def test_the_report_lies_below_the_results_of_its_config(config):
    assert report_folder(config).as_posix() == "results/ham10000/report"
    assert report_folder(BASE).as_posix() == "results/report"


def test_numbers_and_tables_are_copied_and_pages_are_not(folder, config):
    target = publish(config)
    found = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    kept = {name for name in found if not name.startswith("report/")}
    assert kept == {"results.json.gz", "report.tex", "tables/general.tex", "figures/a.svg"}


def test_the_readme_shows_the_main_arms_and_keeps_its_other_words(folder, config):
    publish(config)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("before\n")
    assert readme.endswith("after\n")
    assert "old" not in readme
    shown, hidden = 0, set()
    for score in example()["scores"]:
        value = next(m for m in score["metrics"] if (m["metric"], m["class"]) == ("balanced_accuracy", ""))
        if score["arm"] in main_arms(example(), score["paper"]):
            assert f"{value['value']:.3f} [{value['low']:.3f}" in readme
            shown += 1
        else:
            hidden.add((score["paper"], score["arm"]))
    assert shown >= 3 * 3 + 3 * 2
    assert f"{len(hidden)} other arms: in the results." in readme


def test_a_row_of_the_readme_says_where_a_paper_has_no_such_protocol_and_where_nothing_was_run(
    folder, config
):
    publish(config)
    rows = [line.split(" | ") for line in (folder / "README.md").read_text(encoding="utf-8").splitlines()]
    by_arm = {(row[0].strip("| "), row[1]): row[2:] for row in rows if len(row) == 5}
    assert by_arm["DSC", "ResNet50"][1] == "none"
    assert by_arm["DSNet", "DSNet, T = 10"][2].startswith("not run")


def test_a_demo_is_never_published(folder):
    with pytest.raises(InputError, match="demo is a smoke run"):
        publish(BASE)


def test_without_a_report_there_is_nothing_to_publish(tmp_path, monkeypatch, config):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"results\.json is not there"):
        publish(config)


def test_a_full_study_changes_nothing_in_the_papers():
    full = BASE.with_name("full.yaml")
    changes = open_study(read_config(BASE, full)).changes
    assert len(changes) >= 2
    assert not any(changes.values())
    changed = read_config(BASE, full, changes={"full": {"ssd_kd": {"training": {"epochs": 5}}}})
    with pytest.raises(InputError, match=r"training\.epochs: 150 → 5"):
        open_study(changed)
