"""What is carried beside fetched files: Snakemake's records, in one file and back to where it looks."""

import configparser

import pytest
from project import ROOT
from snakemake.persistence.file import FilePersistence

from skinkd.versioning import contents, lineage, metadata
from skinkd.versioning.restoring import coarsest


def record(**about):
    """A record as Snakemake writes it, as far as it is packed."""
    return {
        "rule": "train",
        "input": ["a.py", "b.npy", "folder"],
        "input_checksums": {"a.py": "sha256:1", "b.npy": "sha256:2"},
        "params": ["{'a': 1}"],
        "conda_env": None,
        "starttime": 1.5,
        "endtime": 2.25,
    } | about


def test_records_come_back_as_they_were_and_in_the_same_bytes(tmp_path):
    files = {
        "results/x": {"digest": "sha256:x", "record": record()},
        "results/y": {"digest": "sha256:y", "record": record(endtime=3.125)},
        "results/z": {"digest": "sha256:z", "record": record(input_checksums={"a.py": "sha256:9"})},
        "results/ü": {
            "digest": "sha256:u",
            "record": record(conda_env="Y29uZGE=", input=[], input_checksums={}),
        },
    }
    lineage.write(tmp_path, files)
    before = (tmp_path / lineage.NAME).read_bytes()
    assert lineage.read(tmp_path) == files
    lineage.write(tmp_path, dict(reversed(files.items())))
    assert (tmp_path / lineage.NAME).read_bytes() == before
    assert before.count(b"a.py") == 2
    assert lineage.read(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("name", ["results/a ü.csv", f"results/{'long/' * 60}x.csv", "results/" + "a" * 182])
def test_records_lie_where_snakemake_looks_for_them(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    metadata.write(name, record())
    snakemakes = FilePersistence(path=tmp_path / ".snakemake")
    assert snakemakes._io_read(snakemakes._metadata_path, name) == record() == metadata.read(name)
    snakemakes._mark_incomplete(name, None)
    metadata.trust(name)
    assert snakemakes._filter_incomplete_keys([name]) == set()


def test_a_file_is_made_here_until_its_date_is_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x"
    path.write_text("x")
    assert not metadata.is_made_here("x")
    metadata.write("x", record(endtime=path.stat().st_mtime))
    assert metadata.is_made_here("x")
    metadata.write("x", record(endtime=path.stat().st_mtime + 1))
    assert not metadata.is_made_here("x")


def test_the_digest_of_a_folder_is_that_of_its_files_and_their_names(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a").write_text("a")
    found = {contents.digest(folder)}
    (folder / ".snakemake_timestamp").write_text("")
    assert contents.digest(folder) in found
    for change in (lambda: (folder / "a").write_text("bb"), lambda: (folder / "a").rename(folder / "b")):
        change()
        assert contents.digest(folder) not in found
        found.add(contents.digest(folder))
    assert contents.digest(tmp_path / "nothing") is None


def test_inputs_that_differ_are_those_that_are_here_and_others(tmp_path):
    here = tmp_path / "a"
    here.write_text("a")
    recorded = {str(here): contents.digest(here), str(tmp_path / "gone"): "sha256:0"}
    assert contents.differing_inputs({"input_checksums": recorded}) == []
    here.write_text("other")
    assert contents.differing_inputs({"input_checksums": recorded}) == [str(here)]


def test_folders_are_fetched_whole_where_all_of_them_is_asked_for_and_nothing_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = [f"results/networks/{place}/fold0.st" for place in ("p/a", "p/b", "q/c")]
    results = tmp_path.__class__("results")
    assert coarsest(results, runs, runs) == ["results/networks"]
    assert coarsest(results, runs[:2], runs) == ["results/networks/p"]
    assert coarsest(results, runs[:1], runs) == ["results/networks/p/a"]
    (tmp_path / "results/networks/p/b").mkdir(parents=True)
    (tmp_path / "results/networks/p/b/mine").write_text("")
    assert coarsest(results, runs, runs) == ["results/networks/p/a", runs[1], "results/networks/q"]
    table = ["results/report/results.json"]
    assert coarsest(results, table, table + runs) == table


def test_dvc_reports_to_nobody_and_checks_what_it_pulls():
    config = configparser.ConfigParser()
    config.read(ROOT / ".dvc/config")
    assert (config["core"]["analytics"], config["core"]["check_update"]) == ("false", "false")
    assert config["'remote \"store\"'"]["verify"] == "true"
    assert config["'remote \"store\"'"]["url"] == "../../skinkd-store"
