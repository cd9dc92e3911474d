"""A study on a Slurm cluster with two nodes, which are daemons on this machine."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.very_slow]

PROFILE = Path(__file__).parents[2] / "workflow/profiles/slurm/config.yaml"
DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "srun", "scancel", "squeue", "sinfo", "scontrol", "sacct", "sacctmgr", "sshare")
NODES = ("node1", "node2")
# what a cluster starts carries its folder under this name: so nothing of it outlives the test
MARK = "CENSUS_TEST_CLUSTER"
# the plugin looks for a job that is done after so many seconds, and ever more rarely
POLL = 10
# seconds after which something must have happened on the busiest of machines
PATIENCE = 600

DATA = [f"results/data/tiny/{split}.zarr" for split in ("train", "test")]
MEASURES = "results/measures"
TABLES = [
    f"{MEASURES}/sparsity/small/tiny/0000-0004.units.parquet",
    f"{MEASURES}/histogram/small/tiny/0000-0004.parquet",
    f"{MEASURES}/performance/small/tiny.parquet",
]

CONFIGURATION = """\
ClusterName=census
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
# nodes have what is written here, whatever the machine has
SlurmdParameters=config_overrides
# neither control groups, nor an accounting database
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=1
KillWait=2
# a test asks for jobs that ended long ago
MinJobAge=86400
# on a busy machine, who is slow is not lost
SlurmdTimeout=3600
BatchStartTimeout=600
MessageTimeout=100
TCPTimeout=30
UnkillableStepTimeout=600
GresTypes=gpu
NodeName=DEFAULT CPUs=4 RealMemory=20000 State=UNKNOWN
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={port1} Weight=1
NodeName=node2 NodeHostname={host} NodeAddr=127.0.0.1 Port={port2} Weight=2 Gres=gpu:1
PartitionName=idle Nodes=node1 Default=YES MaxTime=1 State=UP
PartitionName=work Nodes=node1,node2 MaxTime=UNLIMITED State=UP
"""


def wait_until(happened: Callable[[], bool], seconds: float, what: str) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"{what}: not within {seconds} s"
        time.sleep(0.1)


def owns(folder: Path, node: str | None, process: psutil.Process) -> bool:
    """Return whether a process belongs to the cluster in a folder, or to one of its nodes."""
    try:
        if process.name() == "slurmstepd":  # which begins with an environment of its own
            return str(folder / (f"{node}.log" if node else "")) in str(process.open_files())
        environment = process.environ()
    except psutil.Error:
        return False
    return environment.get(MARK) == str(folder) and node in (None, environment.get("SLURMD_NODENAME"))


def owned(folder: Path, node: str | None = None) -> list[psutil.Process]:
    """Return all processes of the cluster in a folder, or of one of its nodes."""
    return [process for process in psutil.process_iter() if owns(folder, node, process)]


def kill(folder: Path, node: str | None = None) -> None:
    """Kill all processes of the cluster in a folder, or of one of its nodes, and what they begin then."""
    until = time.monotonic() + PATIENCE
    while left := owned(folder, node):
        assert time.monotonic() < until, left
        # first those that would report the end of the others
        for process in sorted(left, key=lambda each: each.name() != "slurmstepd"):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=3)


def free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """Daemons of Slurm, and what they start."""

    def __init__(self, folder: Path, programs: dict[str, str]) -> None:
        self.folder = folder
        self.programs = programs
        self.configuration = folder / "slurm.conf"
        self.environment = {
            MARK: str(folder),
            "SLURM_CONF": str(self.configuration),
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        }

    def start(self) -> None:
        # ends what is left when this process ends, however that comes about
        self.guard = subprocess.Popen(
            [sys.executable, __file__, str(self.folder)], stdin=subprocess.PIPE, start_new_session=True
        )
        for name in ("bin", "state", *NODES):
            (self.folder / name).mkdir()
        port, port1, port2 = free_ports(3)
        text = CONFIGURATION.format(
            host=socket.gethostname(), folder=self.folder, port=port, port1=port1, port2=port2
        )
        self.configuration.write_text(text)
        # a GPU is a character device, any
        (self.folder / "gpu0").symlink_to("/dev/null")
        (self.folder / "gres.conf").write_text(f"NodeName=node2 Name=gpu File={self.folder}/gpu0\n")
        # what runs inside of a job does not know the configuration, unless the command itself does
        for name in CLIENTS:
            client = self.folder / "bin" / name
            client.write_text(f'#!/bin/sh\nSLURM_CONF={self.configuration} exec {self.programs[name]} "$@"\n')
            client.chmod(0o755)
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(os.urandom(128))
        files = {"key-file": key.name, "socket": "munge.socket", "log-file": "munged.log"}
        files |= {"pid-file": "munged.pid", "seed-file": "munge.seed"}
        options = [f"--{option}={self.folder / name}" for option, name in files.items()]
        # pytest's folders are for one user alone, to which munged objects
        self.launch("munged", "--foreground", "--force", *options)
        wait_until((self.folder / "munge.socket").exists, 60, "munged is up")
        self.launch("slurmctld", "-D", "-f", str(self.configuration))
        wait_until(lambda: "UP" in self.call("scontrol", "ping", check=False), 60, "slurmctld is up")
        self.nodes = {
            node: self.launch("slurmd", "-D", "-f", str(self.configuration), "-N", node) for node in NODES
        }
        idle = ("sinfo", "-h", "-N", "-p", "work", "-t", "idle")
        wait_until(lambda: len(self.call(*idle).splitlines()) == len(NODES), 60, "nodes are idle")

    def launch(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "daemons.log").open("ab") as log:
            return subprocess.Popen(
                [self.programs[name], *arguments],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def call(self, *command: str, check: bool = True) -> str:
        environment = {**os.environ, **self.environment}
        return subprocess.run(
            command, env=environment, check=check, capture_output=True, text=True, timeout=PATIENCE
        ).stdout

    def jobs(self) -> pd.DataFrame:
        """Return what the cluster knows of its jobs, those that have ended among them, in order."""
        columns = ["id", "comment", "state", "node", "cores", "memory", "partition"]
        lines = self.call(
            "squeue", "-h", "-S", "i", "--states=all", "--format=%i|%k|%T|%N|%C|%m|%P"
        ).splitlines()
        return pd.DataFrame([line.split("|") for line in lines], columns=columns)

    def running(self, comment: str) -> pd.Series:
        """Return the one job that runs under a comment."""
        jobs = self.jobs()
        (place,) = jobs.index[(jobs["comment"] == comment) & (jobs["state"] == "RUNNING")]
        return jobs.loc[place]

    def lose(self, node: str) -> None:
        """Kill a node's daemon, and all that runs on the node, as a loss of power would, and give it up."""
        self.nodes[node].kill()
        self.nodes[node].wait()
        kill(self.folder, node)
        # Slurm finds that out by itself, in its time
        self.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=lost")

    def stop(self) -> None:
        """End everything that the cluster has started."""
        kill(self.folder)
        self.guard.communicate()


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two nodes, the second with a GPU that is none."""
    if os.geteuid() != 0:
        pytest.skip("a Slurm of our own needs root")
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    programs = {name: shutil.which(name, path=path) for name in (*DAEMONS, *CLIENTS)}
    missing = [name for name, found in programs.items() if found is None]
    if missing:
        pytest.skip(f"no {', '.join(missing)}: install the Debian packages slurm-wlm and munge")
    if find_spec("snakemake_executor_plugin_slurm") is None:
        pytest.skip("no plugin for Slurm: pip install -r envs/cluster.txt -c envs/lock.txt")
    # another process may take a port that was found free
    for _ in range(3):
        cluster = Cluster(tmp_path_factory.mktemp("slurm"), programs)
        try:
            cluster.start()
            break
        except (AssertionError, subprocess.SubprocessError) as error:
            said = f"{error}: {(cluster.folder / 'daemons.log').read_text()[-1000:]}"
            cluster.stop()
    else:
        pytest.fail(f"Slurm does not boot: {said}")
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def begun(begin, tmp_path_factory):
    """A study whose data are there; it was begun without a cluster."""
    study = begin(tmp_path_factory.mktemp("begun") / "study")
    (run,) = (run for run in study.config["runs"] if run["network"] == "small")
    study.config["runs"] = [{**run, "checkpoints": [0]}]
    study.succeed(*DATA)
    return study


@pytest.fixture
def arguments(tmp_path: Path) -> tuple[str, ...]:
    """Arguments of Snakemake: the profile for Slurm, edited where it asks for that, and quicker."""
    text = PROFILE.read_text()
    edited = text.replace('slurm_partition: ""', "slurm_partition: work")
    assert edited != text
    profile = tmp_path / "profile"
    profile.mkdir()
    (profile / "config.yaml").write_text(edited)
    quick = ("--slurm-init-seconds-before-status-checks", str(POLL), "--latency-wait", "20")
    return ("--workflow-profile", str(profile), *quick)


def batches(study) -> int:
    """Return how many batches the network has seen."""
    count = study.folder / "batches"
    return count.stat().st_size if count.exists() else 0


def test_a_job_that_fails_says_where_it_ran_and_why(slurm, arguments, begun, tmp_path):
    study = begun.copy(tmp_path / "study")
    study.config["device"] = "cuda"
    known = set(slurm.jobs()["id"])
    weights = "results/networks/small/final.safetensors"
    count = {"BATCHES": study.folder / "batches", "FAIL_AT": 1}
    ended = study.run(weights, "--retries", "0", *arguments, **count, **slurm.environment)
    assert ended.status == 1
    jobs = slurm.jobs()
    (training,) = jobs.index[~jobs["id"].isin(known)]
    job = jobs.loc[training]
    assert (job["comment"], job["state"]) == ("rule_train_small", "FAILED")
    # a config that asks for a GPU asks the cluster for one
    assert "gpu:1" in slurm.call("scontrol", "show", "job", job["id"])
    # the job's own words stand in the output, with the files in which they are
    assert "torch sees no GPU" in ended.output or "no luck with batch 1" in ended.output
    assert "logs/train/small.log" in ended.output
    log = study.folder / f"logs/slurm/rule_train_small/{job['id']}.log"
    assert log.exists()
    assert str(log) in ended.output


def test_a_study_survives_a_cancelled_job_and_the_loss_of_a_node(slurm, arguments, begun, tmp_path):
    study = begun.copy(tmp_path / "study")
    known = set(slurm.jobs()["id"])
    count = {"BATCHES": study.folder / "batches", "HALT_AT": "3,6"}
    process = study.start(*TABLES, *arguments, **count, **slurm.environment)
    with ThreadPoolExecutor(1) as pool:
        output = pool.submit(lambda: process.communicate()[0])

        def wait_for_batch(number: int) -> None:
            wait_until(lambda: batches(study) == number or output.done(), PATIENCE, "the training halts")
            assert not output.done(), output.result()

        try:
            wait_for_batch(3)
            slurm.call("scancel", slurm.running("rule_train_small")["id"])
            wait_for_batch(6)
            slurm.lose(slurm.running("rule_train_small")["node"])
            said = output.result(timeout=2 * PATIENCE)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, said

    jobs = slurm.jobs()
    jobs = jobs[~jobs["id"].isin(known)]
    assert set(jobs["partition"]) == {"work"}
    trainings = jobs[jobs["comment"] == "rule_train_small"]
    assert trainings["state"].tolist() == ["CANCELLED", "NODE_FAIL", "COMPLETED"]
    # what the rule states, as often as the job was tried; and what the Snakemake takes that goes with it
    assert trainings["memory"].tolist() == ["3500M", "6500M", "9500M"]
    others = jobs.drop(trainings.index)
    assert set(others["state"]) == {"COMPLETED"}
    passes = [f"rule_extract_small_{checkpoint}_tiny" for checkpoint in ("0", "final")]
    measures = [f"rule_{measure}" for measure in ("sparsity", "histogram", "performance")]
    rules = others["comment"].str.partition("_wildcards")[0]
    assert Counter(rules) == Counter([*passes, *measures])
    of_measures = others.loc[rules.isin(measures), ["cores", "memory"]]
    assert set(of_measures.itertuples(index=False, name=None)) == {("1", "1500M")}

    # the same without Slurm
    expected = begun.copy(tmp_path / "expected")
    expected.succeed(*TABLES)
    for table in TABLES:
        found = pd.read_parquet(study.folder / table)
        pd.testing.assert_frame_equal(found, pd.read_parquet(expected.folder / table))
    # at home there is nothing left to be done
    assert "Nothing to be done" in study.succeed(*TABLES, "--dry-run").output


if __name__ == "__main__":  # the guard: this file ends when who holds its other side does
    sys.stdin.read()
    kill(Path(sys.argv[1]))
