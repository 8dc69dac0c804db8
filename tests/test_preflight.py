"""What would stop a run later is said before its first job, all of it at once."""

import multiprocessing
import os
import stat
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from project import ROOT, copy_project, jobs_of, snakemake

from skinkd import needs
from skinkd.config import read_config
from skinkd.errors import InputError
from skinkd.grid import Run, downloads, trainings, weights_used
from skinkd.network_sizes import MEASURED, size_of
from skinkd.networks import build_network
from skinkd.preflight import problem_of_gpu, problems_of_jobs
from skinkd.sources_at_hand import problems_of_sources
from skinkd.study import BASE, open_study
from skinkd.write_access import check_working_folder, problem_of_folders

FULL = ROOT / "config/full.yaml"
NOBODY = 65534


@pytest.fixture(scope="module")
def full():
    return open_study(read_config(BASE, FULL))


def as_nobody(function, *arguments):
    """What a function returns to a user who is not root: root may write anywhere."""
    if os.geteuid():
        return function(*arguments)
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()

    def run():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        there.send(function(*arguments))

    child = fork.Process(target=run)
    child.start()
    assert here.poll(20), "the child ended without an answer"
    answer = here.recv()
    child.join()
    return answer


@pytest.fixture
def locked(tmp_path):
    """A folder in which its owner may not write either, and into which everybody may look."""
    for place in (tmp_path, *tmp_path.parents[:3]):
        if place.stat().st_uid == os.geteuid() and str(place) != "/tmp":
            place.chmod(place.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    folder = tmp_path / "results"
    folder.mkdir()
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def said_of(folders):
    return str(problem_of_folders(folders))


def test_a_folder_that_nobody_may_write_in_is_named_with_its_owner_and_us(locked):
    text = as_nobody(said_of, [locked / "networks/dsnet", locked / "logs"])
    assert text.startswith(
        f"ERROR folder: {locked}/logs, {locked}/networks/dsnet cannot be written: {locked} ("
    )
    assert "Permission denied; owner " in text
    assert "mode dr-xr-xr-x" in text
    me = NOBODY if os.geteuid() == 0 else os.geteuid()
    assert f"({me})" in text.split("; we are ")[1] or f"we are {me}" in text
    assert list(locked.iterdir()) == []


def test_a_folder_that_we_may_write_in_is_left_as_it_was(tmp_path):
    assert problem_of_folders([tmp_path / "results/networks", tmp_path]) is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "notes").write_text("", encoding="utf-8")
    assert "Not a directory" in said_of([tmp_path / "notes/results"])


def records_of(folder, dry_run):
    try:
        check_working_folder(folder, "results", dry_run)
    except InputError as error:
        return str(error)


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_working_folder_without_records_must_take_them(locked, dry_run):
    assert f"{locked}/.snakemake cannot be written" in as_nobody(records_of, locked, dry_run)


def test_a_dry_run_reads_the_records_that_are_there(locked):
    locked.chmod(0o755)
    (locked / ".snakemake").mkdir(mode=0o555)
    locked.chmod(0o555)
    assert as_nobody(records_of, locked, True) is None
    assert ".snakemake cannot be written" in as_nobody(records_of, locked, False)


def test_a_line_break_in_the_folders_name_is_refused(tmp_path):
    folder = tmp_path / "two\nlines"
    folder.mkdir()
    with pytest.raises(InputError, match=r"'.*two\\nlines' has a line break.*rename it"):
        check_working_folder(folder, "results", dry_run=True)


def job(rule, output="results/file", **told):
    """A job as Snakemake has it, as far as it is looked at."""
    wildcards = told.pop("wildcards", {})
    return SimpleNamespace(
        rule=SimpleNamespace(name=rule),
        output=[output],
        log=[],
        wildcards=SimpleNamespace(**wildcards),
        params=SimpleNamespace(**told),
    )


def training(run: Run):
    return job("train", wildcards=run._asdict())


def download(size_bytes, sources=(), key="weights.vgg16_imagenet", output="results/file"):
    return job("download", output, sources=list(sources), size_bytes=size_bytes, key=key)


@pytest.fixture
def free(monkeypatch):
    """Sets what the disk has free."""
    return lambda size_bytes: monkeypatch.setattr(
        needs.shutil, "disk_usage", lambda place: SimpleNamespace(free=size_bytes)
    )


def test_the_disk_is_measured_against_the_sum_of_all_that_comes(full, free):
    packed = job("ingest", wildcards={"source": "isic_2019"})
    jobs = {"download": [download(9_771_618_190)], "ingest": [packed]}
    # 25,331 pictures of 224 × 224 × 3 bytes.
    needed_bytes = 9_771_618_190 + 25_331 * 150_528
    free(needed_bytes)
    assert not [e for e in problems_of_jobs(jobs, full, here=False, at_once=1) if "ERROR disk" in str(e)]
    free(needed_bytes - 1_600_000_000)
    (error,) = [e for e in problems_of_jobs(jobs, full, here=False, at_once=1) if "ERROR disk" in str(e)]
    assert "need about 13.6 GB free in results/full, have 12.0 GB" in str(error)
    assert "9.8 GB for downloads, 3.8 GB for packed pictures" in str(error)
    assert "Fix: free 1.6 GB" in str(error)


def test_a_look_at_the_study_counts_the_networks_that_it_lacks(full, free, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    free(1e9)
    jobs = {"validate": [job("validate")]}
    (error,) = [e for e in problems_of_jobs(jobs, full, here=False, at_once=1) if "ERROR disk" in str(e)]
    total_bytes = sum(needs.need_of_training(full, run) for run in trainings(full))
    assert f"{total_bytes / 1e9:.1f} GB for networks and predictions" in str(error)
    for run in trainings(full):
        network = tmp_path / "results/full/networks" / "/".join(run.cell)
        network.mkdir(parents=True, exist_ok=True)
        (network / f"fold{run.fold}-seed{run.seed}.safetensors").touch()
    assert "ERROR disk" not in str(problems_of_jobs(jobs, full, here=False, at_once=1))


def test_what_lies_there_already_is_not_needed_again(tmp_path):
    path = tmp_path / "images.zip"
    path.with_name("images.zip.part").write_bytes(b"x" * 600)
    assert needs.need_of_download(["https://localhost/a.zip"], 1000, path) == 400
    mirror = tmp_path / "mirror.zip"
    mirror.write_bytes(b"x" * 900)
    assert needs.need_of_download([str(mirror), "https://localhost/a.zip"], None, path) == 900
    assert needs.need_of_download(["https://localhost/a.zip"], None, tmp_path / "b.zip") == 0


def test_a_study_needs_what_its_networks_and_predictions_take(full):
    runs = trainings(full)
    assert len(runs) > 1000
    deep_skin_cancer = [run for run in runs if full.network(*run.cell)["name"] == "dsc"]
    # Its classifier takes the whole last map: 55 million numbers of four bytes at 224 px.
    least_bytes = len(deep_skin_cancer) * 54.7e6 * 4
    assert least_bytes < sum(needs.need_of_training(full, run) for run in runs) < 1.5 * least_bytes
    resnet = Run("ssd_kd", "as_published", "resnet50", 2, 0)
    # 23.6 million numbers; a hundred thousand rows at most.
    assert needs.need_of_training(full, resnet) == pytest.approx(96e6, rel=0.05)
    # 150 views of 25,331 images, eight numbers of four bytes each.
    assert needs.need_of_targets(full, resnet) == 150 * 25_331 * 8 * 4
    assert needs.need_of_checkpoints(full, [resnet], at_once=2) == 2 * 4 * 4 * 23.6e6


@pytest.mark.parametrize(("name", "variant"), sorted(MEASURED, key=str), ids=str)
def test_sizes_are_those_of_the_networks(name, variant):
    given = {"resnet": {"depth": variant}, "efficientnet": {"variant": variant}}.get(name, {})
    given |= {"padded": True} if name == "inception_v3" else {}
    network = build_network(name, 8, 48, given)
    numbers = sum(value.numel() for value in network.state_dict().values())
    estimate = size_of({"name": name, "parameters": given}, 48).weights
    assert estimate == pytest.approx(numbers, rel=0.1)


def test_a_network_that_nobody_measured_counts_as_nothing():
    assert size_of({"name": "somebodys", "parameters": {"width": 2.0}}, 48).weights == 0


def test_memory_must_hold_the_largest_training_alone(full):
    teacher = Run("davidi_park", "as_published", "efficientnet_b7", 0, 0)
    student = teacher._replace(arm="mobilenet_v2")
    needed_bytes = needs.memory_of_training(full, teacher)
    # 32 pictures of 224 px at half of 10,625 bytes for each pixel, four copies of 64 million numbers, Python.
    assert needed_bytes == pytest.approx(8.53e9 + 1.03e9 + 0.4e9, rel=0.01)
    assert needs.problem_of_memory(full, [student, teacher], needed_bytes) is None
    text = str(needs.problem_of_memory(full, [student, teacher], 4e9))
    assert "davidi_park/as_published/efficientnet_b7 needs about 10.0 GB of memory at batch_size 32" in text
    assert "224 px, this machine has 4.0 GB" in text


def test_a_containers_limit_is_its_memory(tmp_path):
    limit = tmp_path / "memory.max"
    limit.write_text("12345\n", encoding="ascii")
    assert needs.memory_bytes([limit]) == 12345
    limit.write_text("max\n", encoding="ascii")
    assert needs.memory_bytes([limit, tmp_path / "absent"]) > 1e8


@pytest.mark.parametrize("file", ["dev/nvidia0", "proc/driver/nvidia/version", "dev/dxg", "dev/kfd"])
def test_a_gpu_is_known_by_its_drivers_files(tmp_path, file):
    text = str(problem_of_gpu("cuda", root=tmp_path))
    assert text.startswith("ERROR device: device.name is cuda, but this machine shows no GPU (/dev/nvidia")
    assert "Fix: set device.name to auto or cpu, or run on a machine with a GPU" in text
    assert problem_of_gpu("auto", root=tmp_path) is None
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).touch()
    assert problem_of_gpu("cuda", root=tmp_path) is None


def test_a_gpu_is_asked_for_only_where_this_machine_trains(full, monkeypatch):
    monkeypatch.setattr("skinkd.preflight.GPU_FILES", ("/nothing/here",))
    trains = {"train": [training(trainings(full)[0])]}
    fetches = {"download": [download(1, ["https://localhost:9/x"])]}
    told = {
        "here": problems_of_jobs(trains, full, here=True, at_once=1),
        "on a cluster": problems_of_jobs(trains, full, here=False, at_once=1),
        "fetching": problems_of_jobs(fetches, full, here=True, at_once=1),
    }
    assert [name for name, errors in told.items() if "ERROR device" in str(errors)] == ["here"]


def test_a_mirror_that_is_not_there_is_named_though_a_server_has_the_file(server, tmp_path):
    wanted = {"sources.isic_2019.files.images": [str(tmp_path / "moved/a.zip"), server]}
    (error,) = problems_of_sources(wanted, {"sources.isic_2019": str(tmp_path / "moved")})
    assert f"sources.isic_2019.mirror is {tmp_path}/moved: no such folder" in str(error)


def test_a_mirror_without_the_file_leaves_it_to_the_server(server, tmp_path):
    assert (
        problems_of_sources({"weights.a": [str(tmp_path / "a.pth"), server]}, {"weights.a": str(tmp_path)})
        == []
    )


def test_files_that_are_nowhere_are_all_named(tmp_path):
    wanted = {"weights.a": [str(tmp_path / "a.pth")], "weights.b": []}
    (error,) = problems_of_sources(wanted, {"weights.a": str(tmp_path), "weights.b": None})
    assert f"weights.a ({tmp_path}/a.pth), weights.b (neither url nor mirror)" in str(error)


def test_without_a_network_the_files_and_the_way_out_are_named(server, tmp_path):
    here = tmp_path / "c.pth"
    here.write_bytes(b"weights")
    silent = "http://127.0.0.1:9"
    wanted = {
        "weights.a": [f"{silent}/a.pth"],
        "weights.b": [f"{silent}/b.pth", server],
        "weights.c": [str(here), f"{silent}/c.pth"],
    }
    (error,) = problems_of_sources(wanted, dict.fromkeys(wanted))
    assert str(error).startswith("ERROR network: weights.a are not here") and "127.0.0.1:9: " in str(error)
    assert "weights.b" not in str(error) and "weights.c" not in str(error)
    assert "Fix: run `snakemake --cores 1 prefetch`" in str(error)


class Refusing(BaseHTTPRequestHandler):
    """Says no, which is an answer."""

    def do_HEAD(self):
        self.send_error(403)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/file"
        server.shutdown()


@pytest.mark.parametrize(
    ("results", "refused"),
    [
        ("x" * 255, False),
        ("ü" * 128, True),
        ("/".join(["x" * 200] * 10), False),
        ("/".join(["x" * 200] * 21), True),
        # Below the system's limit, but not in Snakemake's records.
        ("/".join(["x" * 200] * 16), True),
    ],
    ids=["name", "a longer name", "path", "a longer path", "a path with a longer record"],
)
def test_what_is_too_long_for_the_system_is_refused(tmp_path, results, refused):
    if not refused:
        return check_working_folder(tmp_path, results, dry_run=True)
    with pytest.raises(InputError, match=r"results is (xx|üü).*takes names of 255 bytes, and paths of 4,096"):
        check_working_folder(tmp_path, results, dry_run=True)


@pytest.mark.parametrize(
    "results", ["-out; touch MADE 'ü'", "/".join(["long" * 50] * 10)], ids=["odd", "long"]
)
def test_results_with_an_odd_or_a_long_name_are_made(tmp_path, results):
    project = copy_project(tmp_path)
    overlay = project / "odd.yaml"
    overlay.write_text(
        f"""
results: "{results}"
papers: [dsc_nine]
arms: {{dsc_nine: {{as_published: [adamax_alone]}}}}
""",
        encoding="utf-8",
    )
    run = snakemake(project, "validate", config=("tests/config/smoke.yaml", overlay))
    assert run.returncode == 0, run.stdout[-3000:]
    assert (project / results / "validated/splits/dsc_nine/as_published/fold0.json").exists()
    assert not (project / "MADE").exists()
    assert (
        "Nothing to be done"
        in snakemake(project, "validate", config=("tests/config/smoke.yaml", overlay)).stdout
    )


def test_a_line_break_in_the_results_is_refused():
    with pytest.raises(InputError, match=r"results: String should match pattern .* \(got 'a\\nb'\)"):
        open_study(read_config(BASE, results="a\nb"))


def test_everything_is_said_at_once_before_the_first_job(tmp_path):
    project = copy_project(tmp_path)
    overlay = project / "wrong.yaml"
    overlay.write_text(
        """
study: {name: full}
results: /proc/skinkd
papers: [dsc_nine, dsnet]
arms: {dsc_nine: {as_published: [adamax_alone], leak_free: []}}
device: {name: cuda}
sources:
  isic_2019: {mirror: gone}
  kaggle_nine: {path: away.zip}
""",
        encoding="utf-8",
    )
    run = snakemake(project, "--cores", "1", "report", config=("config/full.yaml", overlay))
    assert run.returncode != 0
    said = [line for line in run.stdout.splitlines() if line.startswith("ERROR ")]
    found = {line.split()[1].rstrip(":"): line for line in said}
    assert {"folder", "archive", "mirror"} <= found.keys()
    assert "/proc/skinkd" in found["folder"]
    assert "sources.kaggle_nine.path: no away.zip" in found["archive"]
    assert "sources.isic_2019.mirror is gone: no such folder" in found["mirror"]
    assert ("device" in found) == (problem_of_gpu("cuda") is not None)
    assert not [line for line in run.stdout.splitlines() if line.startswith(("rule ", "localrule "))]
    assert "Traceback" not in run.stdout


def test_what_needs_a_network_can_be_fetched_beforehand(tmp_path, full):
    run = snakemake(copy_project(tmp_path), "-n", "prefetch", config="config/full.yaml")
    assert jobs_of(run.stdout) == {"prefetch": 1, "download": 3, "fetch_weights": 8}
    assert [file for _, file in downloads(full)] == ["images.zip", "ground_truth.csv", "metadata.csv"]
    assert set(weights_used(full)) == set(full.config.weights)
