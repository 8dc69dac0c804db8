"""What is said of the code, the seeds and the files behind the numbers is true."""

import hashlib
import subprocess

import pytest

from skinkd.atomic import digest_of
from skinkd.origins import describe_files, describe_origins, diff_of, digest_of_source, seeds_of
from skinkd.provenance import COMPUTING


@pytest.fixture
def repository(tmp_path):
    """A working tree with one commit, in a folder with a space and an umlaut."""
    folder = tmp_path / "für alle"
    (folder / "workflow").mkdir(parents=True)
    (folder / "workflow/code.py").write_text("1\n", encoding="utf-8")
    (folder / "Snakefile").write_text("rule all:\n", encoding="utf-8")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def git(folder, *arguments):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    run = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)
    return run.stdout.decode()


def test_a_clean_tree_has_an_empty_diff(repository):
    (repository / "results").mkdir()
    (repository / "results/a.json").write_text("{}", encoding="utf-8")
    empty = hashlib.sha256(b"").hexdigest()
    assert diff_of(repository) == {"sha256": empty, "stat": "", "text": "", "untracked": []}


def test_the_diff_is_there_whole_and_gives_the_tree_back(repository):
    code = repository / "workflow/code.py"
    code.write_text("2 # ü\n", encoding="utf-8")
    new = repository / "workflow/new file.py"
    new.write_text("3\n", encoding="utf-8")
    found = diff_of(repository)
    assert found["sha256"] == hashlib.sha256(found["text"].encode()).hexdigest()
    assert "workflow/code.py | 2 +-" in found["stat"]
    assert found["untracked"] == [{"path": "workflow/new file.py", "sha256": digest_of(new)}]
    git(repository, "checkout", "-q", "--", ".")
    patch = repository.parent / "changes.patch"
    patch.write_text(found["text"], encoding="utf-8")
    git(repository, "apply", str(patch))
    assert code.read_text(encoding="utf-8") == "2 # ü\n"


def test_outside_git_there_is_no_diff(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert diff_of(tmp_path) == {"sha256": None, "stat": "", "text": "", "untracked": []}


def test_the_digest_of_the_source_knows_names_and_contents_and_nothing_else(repository):
    before = digest_of_source(repository)
    cache = repository / "workflow/__pycache__/code.pyc"
    cache.parent.mkdir()
    cache.write_bytes(b"1")
    (repository / "README.md").write_text("words", encoding="utf-8")
    assert digest_of_source(repository) == before
    code = repository / "workflow/code.py"
    code.rename(code.with_name("other.py"))
    renamed = digest_of_source(repository)
    code.with_name("other.py").write_text("2\n", encoding="utf-8")
    assert len({before, renamed, digest_of_source(repository)}) == 3


def test_every_seed_of_the_config_is_named_by_its_place():
    config = {
        **{"seeds": [0, 1], "teacher_seed": 2, "view_seed": 3, "size_px": 48},
        **{"statistics": {"seed": 4, "resamples": 5}, "sources": {"demo": {"seed": 6}, "isic": {}}},
    }
    assert seeds_of(config) == {
        **{"seeds": [0, 1], "teacher_seed": 2, "view_seed": 3},
        **{"statistics.seed": 4, "sources.demo.seed": 6},
    }


def test_each_run_names_its_files_and_their_digests(tmp_path, monkeypatch, repository):
    monkeypatch.chdir(tmp_path)
    for name in ("n0.safetensors", "n1.safetensors", "p0.csv", "p1.csv", "split/a/leak_free/fold2.csv"):
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    run = {"paper": "a", "protocol": "leak_free", "arm": "b", "fold": 2, "hardware": {"cpu": "A"}}
    run |= {key: None for key in COMPUTING}
    descriptions = [run | {"seed": 0}, run | {"seed": 1, "restarts": 3, "weights": "ab"}]
    # As the partial report names them.
    split = [tmp_path / "results/split/a/leak_free/fold2.json"]
    runs = describe_files(
        descriptions,
        ["results/n0.safetensors", "results/n1.safetensors"],
        ["results/p0.csv", "results/p1.csv"],
        split,
    )
    assert [(run["seed"], run["restarts"], run["weights_sha256"]) for run in runs] == [
        (0, None, None),
        (1, 3, "ab"),
    ]
    assert runs[1]["files"] == {
        kind: {"path": f"results/{name}", "sha256": digest_of(tmp_path / "results" / name)}
        for kind, name in (
            *(("split", "split/a/leak_free/fold2.csv"), ("network", "n1.safetensors")),
            ("predictions", "p1.csv"),
        )
    }
    described = describe_origins(repository, {"seeds": [0, 1]}, runs)
    assert (described["lock_sha256"], described["seeds"]) == (None, {"seeds": [0, 1]})
    assert "text" not in described["diff"]
    (repository / "requirements.lock").write_text("a==1\n", encoding="utf-8")
    found = describe_origins(repository, {}, [])["lock_sha256"]
    assert found == digest_of(repository / "requirements.lock")
