"""A real Slurm cluster on this machine: a controller and some nodes on loopback, started for tests.

It needs root and Debian's packages slurm-wlm and munge. It has no accounting database. Where the machine lets it make
memory cgroups (version 1), a job that takes more memory than it requests is killed, as sites set it.
"""

import os
import re
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

CONFIG = Path("/etc/slurm/slurm.conf")  # where Slurm's commands look, whatever the environment of a job
PORT = 17100
CGROUPS = Path("/sys/fs/cgroup")
CONFIGS = (CONFIG, CONFIG.with_name("cgroup.conf"))
CGROUP_CONFIG = f"""
CgroupMountpoint={CGROUPS}
CgroupPlugin=cgroup/v1
CgroupAutomount=no
ConstrainRAMSpace=yes
"""


def why_not() -> str | None:
    """The reason why a cluster cannot run here; None if it can."""
    if os.geteuid() != 0:
        return "a Slurm cluster needs root"
    missing = [command for command in ("munged", "slurmctld", "slurmd", "sbatch") if shutil.which(command) is None]
    return f"not installed: {', '.join(missing)} (Debian's slurm-wlm and munge)" if missing else None


def memory_is_limited() -> bool:
    """Whether the machine lets a cluster kill jobs that take more memory than they request."""
    probe = CGROUPS / "memory/idxpng-probe"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return (CGROUPS / "freezer").is_dir()


class SlurmCluster:
    """Nodes n1, n2 ... with 2 CPUs and 4000 MB each, running from `start` to `stop`."""

    def __init__(self, folder: Path, nodes: int = 4) -> None:
        self.folder = folder
        self.nodes = [f"n{number}" for number in range(1, nodes + 1)]
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        for name in ("munge", "state", "spool", "log"):
            (self.folder / name).mkdir(parents=True)
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o600)
        (self.folder / "slurm.conf").write_text(self._config())
        (self.folder / "cgroup.conf").write_text(CGROUP_CONFIG)
        CONFIG.parent.mkdir(exist_ok=True)
        for path in CONFIGS:
            if path.exists() and not path.is_symlink():
                raise RuntimeError(f"this machine has a {path} of its own")
            path.unlink(missing_ok=True)
            path.symlink_to(self.folder / path.name)
        munge = self.folder / "munge"
        self._launch(
            "munged",
            *("munged", "--foreground", "--force", "--key-file", key, "--socket", munge / "socket"),
            *("--pid-file", munge / "pid", "--log-file", munge / "log", "--seed-file", munge / "seed"),
        )
        wait_for((munge / "socket").exists, 10)
        self._launch("slurmctld", "slurmctld", "-D", "-c")
        for node in self.nodes:
            self.start_node(node)
        wait_for(lambda: self.states() == dict.fromkeys(self.nodes, "idle"), 90)

    def start_node(self, node: str) -> None:
        self._launch(node, "slurmd", "-D", "-N", node)

    def stop(self) -> None:
        subprocess.run(["scancel", "--user", "root"], check=False, capture_output=True, timeout=20)
        for name in reversed(self._processes):
            self._processes[name].terminate()
        for process in self._processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        for path in CONFIGS:
            if path.is_symlink() and path.readlink() == self.folder / path.name:
                path.unlink()

    def kill_node(self, node: str) -> None:
        """Simulate a power cut: kill the node's daemon and all its descendants at once."""
        daemon = psutil.Process(self._processes.pop(node).pid)
        steps = [process for process in psutil.process_iter(["cmdline"]) if self._is_step_on(process, node)]
        for process in [daemon, *steps, *(below for step in steps for below in step.children(recursive=True))]:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def jobs(self) -> dict[int, tuple[str, str]]:
        """State and node of every job so far, by job number."""
        lines = _output("squeue", "--states=all", "--noheader", "--format=%i %T %N").splitlines()
        return {int(line.split()[0]): (line.split()[1], [*line.split(), ""][2]) for line in lines}

    def jobs_of(self, folder: Path) -> list[int]:
        """The numbers of the jobs that were submitted in a folder, in their order."""
        lines = _output("squeue", "--states=all", "--noheader", "--format=%i %Z").splitlines()
        return sorted(int(line.partition(" ")[0]) for line in lines if line.partition(" ")[2] == str(folder))

    def states_of(self, folder: Path) -> list[str]:
        """The states of the jobs that were submitted in a folder, in their order."""
        jobs = self.jobs()
        return [jobs[number][0] for number in self.jobs_of(folder)]

    def states(self) -> dict[str, str]:
        return dict(line.split() for line in _output("sinfo", "-h", "-N", "-o", "%N %T").splitlines())

    def _is_step_on(self, process: psutil.Process, node: str) -> bool:
        job = re.match(r"slurmstepd: \[(\d+)\.", " ".join(process.info["cmdline"] or ()))
        return job is not None and self.jobs().get(int(job[1]), ("", ""))[1] == node

    def _launch(self, name: str, *command: object) -> None:
        with (self.folder / f"log/{name}.out").open("ab") as output:
            self._processes[name] = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def _config(self) -> str:
        folder, last = self.folder, len(self.nodes)
        track, task = ("cgroup", "cgroup") if memory_is_limited() else ("linuxproc", "none")
        return f"""
ClusterName=test
SlurmctldHost={socket.gethostname().partition(".")[0]}(127.0.0.1)
SlurmctldPort={PORT}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=10
CredType=cred/munge
ProctrackType=proctrack/{track}
TaskPlugin=task/{task}
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
EnforcePartLimits=ALL
SwitchType=switch/none
MpiDefault=none
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_min_interval=0,sched_interval=2,bf_interval=2,batch_sched_delay=0
SlurmdParameters=config_overrides
ReturnToService=2
MinJobAge=86400
SlurmdTimeout=10
KillWait=5
CompleteWait=0
TreeWidth=64
NodeName=n[1-{last}] NodeHostname=localhost NodeAddr=127.0.0.1 Port=[{PORT + 1}-{PORT + last}] CPUs=2 RealMemory=4000
PartitionName=debug Nodes=n[1-{last}] Default=YES MaxTime=INFINITE State=UP
"""


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    """Wait until ``condition()`` is true, and fail after ``seconds``."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"the condition was not true within {seconds} s"
        time.sleep(0.1)


def _output(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30).stdout
