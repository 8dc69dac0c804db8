"""A real Slurm on this machine alone: one node, its own key, its own ports, everything below one folder.

Taken down again at the end. Nothing below /etc is touched; clients find the cluster by a link in
/run/slurm/conf, which is where Slurm looks when nobody tells it where.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from debian import PATH, why_missing

PACKAGES = {"slurmctld": "slurm-wlm", "munged": "munge"}
LINK = Path("/run/slurm/conf/slurm.conf")
# More than there are, as Slurm counts them only: a rule may ask for eight.
CORES = 16
CONTROLLER_PORT, NODE_PORT = 26817, 26818
CONFIG = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=100000,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=3600
KillWait=5
JobRequeue=1
OverTimeLimit=0
PropagateResourceLimits=NONE
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory_mb} Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=UNLIMITED DefaultTime=60 State=UP
"""


def why_not() -> str | None:
    """Why no cluster can be started here, or None."""
    if os.geteuid() != 0:
        return "only root can start a Slurm"
    if LINK.exists() or Path("/etc/slurm/slurm.conf").exists():
        return "this machine belongs to a Slurm already"
    return why_missing(PACKAGES, "Slurm")


def _program(name: str) -> str | None:
    """Where a program is; Debian keeps the daemons out of a user's path."""
    return shutil.which(name, path=PATH)


@contextmanager
def cluster(folder: Path):
    """A cluster of this machine while open; `folder` holds its logs.

    Its one GPU is a device that swallows everything: Slurm counts it, lends it, and tells jobs its number.
    """
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    # Slurm drops a GPU that has no device.
    os.mknod(folder / "gpu0", 0o600 | 0o020000, os.makedev(1, 3))
    _configure(folder)
    LINK.parent.mkdir(parents=True, exist_ok=True)
    LINK.unlink(missing_ok=True)  # of a cluster that was killed, and its folder removed
    LINK.symlink_to(folder / "slurm.conf")
    try:
        _start(folder)
        yield folder
    finally:
        subprocess.run(["scancel", "--user=root"], check=False)
        for name in ("slurmd", "slurmctld", "munged"):
            _stop(folder / f"{name}.pid")
        LINK.unlink()


def _configure(folder: Path) -> None:
    """Write what the daemons read."""
    host = socket.gethostname().split(".")[0]
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 10
    ports = {"controller_port": CONTROLLER_PORT, "node_port": NODE_PORT}
    told = {"host": host, "folder": folder, "cores": CORES, "memory_mb": memory_mb}
    (folder / "slurm.conf").write_text(CONFIG.format(**told, **ports))
    (folder / "gres.conf").write_text(f"NodeName={host} Name=gpu File={folder}/gpu0\n")
    (folder / "cgroup.conf").write_text("ConstrainCores=no\nConstrainRAMSpace=no\n")
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)


def _start(folder: Path) -> None:
    """Start the three daemons, and wait until the node is idle."""
    munge = [f"--{name}={folder}/munge.{end}" for name, end in (("key-file", "key"), ("socket", "socket"))]
    munge += [f"--pid-file={folder}/munged.pid", f"--log-file={folder}/munged.log"]
    munge += [f"--seed-file={folder}/munged.seed", "--force"]
    for command in (["munged", *munge], ["slurmctld", "-c"], ["slurmd"]):
        environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
        subprocess.run([_program(command[0]), *command[1:]], env=environment, check=True, capture_output=True)
        time.sleep(0.3)
    _wait_until(lambda: "idle" in _said(["sinfo", "-h", "-o", "%T"]), 30)


def _said(command: list[str]) -> str:
    """What a command printed."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _wait_until(happened, limit_s: float) -> None:
    """Wait for something to become true."""
    end_s = time.monotonic() + limit_s
    while not happened():
        if time.monotonic() > end_s:
            raise TimeoutError("the node of the cluster did not come up")
        time.sleep(0.1)


def _stop(path_to_pid: Path) -> None:
    """End a daemon, and wait for its end."""
    if not path_to_pid.exists():
        return
    number = int(path_to_pid.read_text())
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(number, wanted)
        except ProcessLookupError:
            return
        for _ in range(50):
            if not Path(f"/proc/{number}").exists():
                return
            time.sleep(0.1)
