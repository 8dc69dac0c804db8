"""How jobs end: one message, the right status, and the whole list of problems where there are many."""

import csv
import errno
import os
import pickle

import pytest

from skinkd.errors import InputError
from skinkd.jobs import logged_to
from skinkd.predictions import read_predictions


def ended(path, error=None):
    """The exit status of a job that raises `error`."""
    with pytest.raises(SystemExit) as stop, logged_to(path):
        print("begun")
        if error:
            raise error
    return stop.value.code


def refused(n_problems):
    problems = [f"row {number}: odd" for number in range(n_problems)]
    return InputError("archive", f"{n_problems} bad rows", "They mislead", "mend them", problems)


def test_a_long_list_of_problems_stands_beside_the_log(tmp_path):
    log = tmp_path / "logs" / "fold0.5-seed0.log"
    assert ended(log, refused(11)) == 2
    beside = log.with_name("fold0.5-seed0.problems.csv")
    text = log.read_text(encoding="utf-8")
    assert text.endswith(f"Fix: mend them. All 11 are in {beside}.\n")
    with open(beside, encoding="utf-8", newline="") as file:
        assert [row["problem"] for row in csv.DictReader(file)] == [f"row {n}: odd" for n in range(11)]


def test_ten_problems_are_named_by_the_message_and_the_list_of_before_is_gone(tmp_path):
    log = tmp_path / "job.log"
    ended(log, refused(11))
    assert ended(log, refused(10)) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["job.log"]
    assert log.read_text(encoding="utf-8") == (
        "begun\nERROR archive: 10 bad rows. They mislead. Fix: mend them.\n"
    )


def test_a_list_that_cannot_be_written_does_not_hide_the_message(tmp_path):
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit), logged_to(log):
        (tmp_path / "job.problems.csv").mkdir()
        raise refused(11)
    assert log.read_text(encoding="utf-8").endswith("Fix: mend them.\n")


def test_every_image_without_finite_logits_is_in_the_list(tmp_path):
    columns = ["paper", "protocol", "arm", "fold", "seed", "image", "lesion", "part", "label"]
    rows = [["p", "q", "a", "0", "0", f"I{n:02d}", "", "test", "NV", "nan", "1"] for n in range(30)]
    with open(tmp_path / "p.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[*columns, "logit_NV", "logit_MEL"], *rows])
    with pytest.raises(InputError, match="I09 and 20 more") as refusal:
        read_predictions(tmp_path / "p.csv")
    kind = "logits that are not finite numbers"
    assert refusal.value.problems == tuple(f"{kind}: I{n:02d}" for n in range(30))


def test_an_error_comes_back_whole_from_another_process():
    error = refused(3)
    back = pickle.loads(pickle.dumps(error))
    assert (str(back), back.problems) == (str(error), error.problems)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_log_on_a_full_disk_is_said_past_it(capfd):
    assert ended("/dev/full") == 75
    said = capfd.readouterr().err
    assert said.startswith("ERROR disk: no room below /dev/full: No space left on device; ")
    assert "Fix: free some space" in said
    assert "run again: the run goes on where it was saved." in said


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_in_the_log_and_past_it(tmp_path, capfd, number):
    full = OSError(number, os.strerror(number), str(tmp_path / "absent" / "network.safetensors"))
    assert ended(tmp_path / "job.log", full) == 75
    line = (tmp_path / "job.log").read_text(encoding="utf-8").splitlines()[-1]
    assert line.startswith(f"ERROR disk: no room below {tmp_path}: {os.strerror(number)}; ")
    assert capfd.readouterr().err.splitlines() == [line]


@pytest.mark.skipif(not os.path.isdir("/sys"), reason="this system has no folder where nobody can write")
def test_a_log_that_cannot_be_opened_is_said_past_it(capfd):
    assert ended("/sys/skinkd/job.log") == 2
    said = capfd.readouterr().err
    assert said.startswith("ERROR permission: /sys/skinkd: ")
    assert "/sys belongs to " in said
    assert "Fix: let " in said


@pytest.mark.parametrize("kind", [errno.EACCES, errno.EROFS])
def test_a_forbidden_file_is_named_with_its_owner_and_us(tmp_path, kind):
    path = tmp_path / "images.npy"
    path.touch()
    assert ended(tmp_path / "job.log", OSError(kind, os.strerror(kind), str(path))) == 2
    line = (tmp_path / "job.log").read_text(encoding="utf-8").splitlines()[-1]
    assert line.startswith(f"ERROR permission: {path}: {os.strerror(kind)}; {path} belongs to ")
    assert "this job runs as " in line


@pytest.mark.parametrize(
    "error", [ValueError("it broke"), PermissionError("said by nobody"), OSError(5, "io")]
)
def test_what_is_nobodys_fault_ends_as_a_bug_with_its_traceback(tmp_path, error):
    assert ended(tmp_path / "job.log", error) == 1
    text = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert "Traceback (most recent call last):" in text
    assert text.endswith(f"{error}\n")
