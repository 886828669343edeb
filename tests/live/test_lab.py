"""What the lab promises about itself: isolation, and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from tests.lab.build import MemoryBudget
from tests.lab.errors import LabError, LabTimeoutError, LevelUnavailableError
from tests.lab.lab import Lab, Level, check_level
from tests.lab.network import PodNetwork
from tests.lab.ports import PortPool
from tests.lab.process import Command, Launcher
from tests.lab.programs import PROGRAMS, find_binary, get_program
from tests.lab.reaper import marked_processes
from tests.lab.waiting import wait_until

REPOSITORY = Path(__file__).parents[2]

OWNER = """
import pathlib, sys, time
from tests.lab.lab import Lab, Level
lab = Lab(pathlib.Path(sys.argv[1]))
lab.raise_to(Level.API)
print(lab.id, lab.data, flush=True)
time.sleep(600)
"""

NESTED = """
def test_needs_a_lab(lab_api):
    pass
"""


def test_two_labs_run_at_once(lab_api: Lab, namespace: str, tmp_path: Path) -> None:
    """The second has its own ports and does not see the first one's objects."""
    with Lab(tmp_path / "second") as second:
        second.raise_to(Level.API)

        assert second.kube.server != lab_api.kube.server
        assert lab_api.kube.find("v1", "Namespace", namespace)
        assert second.kube.find("v1", "Namespace", namespace) is None


def test_nothing_outlives_a_killed_owner(lab_api: Lab, tmp_path: Path) -> None:
    """A kill -9 of the owner leaves no process and no data, and kills nobody else's."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "state")],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None
    lab_id, data = owner.stdout.readline().split()
    running = marked_processes(lab_id)

    owner.send_signal(signal.SIGKILL)
    owner.wait()

    assert len(running) == 3
    wait_until(lambda: not marked_processes(lab_id), what="its programs are gone", timeout_s=10)
    wait_until(lambda: not Path(data).exists(), what="its data is gone", timeout_s=20)
    owner.stdout.close()
    assert lab_api.kube.send("GET", "/readyz").body["text"] == "ok"


def test_program_survives_the_thread_that_asked_for_it(tmp_path: Path) -> None:
    """PR_SET_PDEATHSIG fires when the forking thread ends; ours never does."""
    launcher = Launcher("deadbeef", tmp_path, tmp_path / "data")
    command = Command(name="sleeper", argv=["/bin/sleep", "600"], env={})
    thread = threading.Thread(target=launcher.start, args=(command,))
    thread.start()
    thread.join()
    (program,) = launcher.programs

    try:
        with pytest.raises(LabError, match="still runs"):
            program.wait_for_exit(0.5)
    finally:
        launcher.close()
    assert program.exit_code == -signal.SIGTERM


def test_port_is_never_given_twice() -> None:
    """Two labs hold their ports by lock, not by luck."""
    first, second = PortPool(), PortPool()

    ports = [pool.take() for pool in (first, second) for _ in range(50)]
    first.close()
    second.close()

    assert len(set(ports)) == len(ports)


def test_no_two_labs_have_one_network() -> None:
    """Two bridges with one address would lead packets anywhere."""
    first, second = PodNetwork(), PodNetwork()
    ranges = {first.range, second.range}
    first.close()
    third = PodNetwork()
    second.close()
    third.close()

    assert len(ranges) == 2
    assert third.range != second.range


def test_missing_binary_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh clone has no cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    assert find_binary(get_program("vault-k8s")) is None

    with pytest.raises(LevelUnavailableError, match=r"run: python -m tests.lab build"):
        check_level(Level.AGENT)


def test_every_program_is_pinned_and_summed() -> None:
    """go.sum is committed and names the pinned version of every binary."""
    for program in PROGRAMS:
        go_mod = REPOSITORY / "tests" / "lab" / "tools" / program.folder / "go.mod"
        go_sum = go_mod.with_name("go.sum").read_text(encoding="utf-8")

        assert f"{program.module} {program.version} h1:" in go_sum


def test_unknown_program_is_refused_with_the_choice() -> None:
    """A typing error must not build everything."""
    with pytest.raises(LabError, match=r"choose from .*kubelet"):
        get_program("kublet")


def test_builds_that_do_not_fit_into_memory_take_turns() -> None:
    """The second waits for the first; one alone always starts, however big."""
    budget = MemoryBudget(100)
    seen: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with budget.reserve(50):
            seen.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with budget.reserve(1000):
        inside.set()
        thread.join(0.3)
        assert thread.is_alive()
        seen.append("first")
    thread.join()

    assert seen == ["first", "second"]


def test_condition_that_never_comes_true_names_itself() -> None:
    """A bare timeout would tell nobody what was waited for."""
    with pytest.raises(LabTimeoutError, match="the moon is green"):
        wait_until(lambda: False, what="the moon is green", timeout_s=0.1)


def test_raft_backed_vault_can_be_sealed_stopped_and_restarted(lab_agent: Lab) -> None:
    """The Vault of the fault tests keeps its data through all of it."""
    vault = lab_agent.start_vault("vault-raft")
    vault.write("sys/mounts/kv", {"type": "kv"})
    vault.write("kv/a", {"v": "1"})

    vault.seal()
    sealed = vault.health()
    vault.stop()
    stopped = vault.health()
    vault.start()
    restarted = vault.health()
    vault.unseal()

    assert (sealed, stopped, restarted) == (503, 0, 503)
    assert vault.read("kv/a") == {"v": "1"}
    vault.stop()


def test_database_wants_the_right_password(lab_agent: Lab) -> None:
    """scram, not trust: a wrong password of an existing user is refused."""
    postgres = lab_agent.services.postgres
    with postgres.connect() as connection:
        (method,) = connection.execute("SHOW password_encryption").fetchone() or ("",)

    assert method == "scram-sha-256"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        postgres.connect(password="wrong")  # noqa: S106 - the point of the test


@pytest.mark.parametrize("required", ["required", ""])
def test_missing_level_is_a_skip_unless_required(tmp_path: Path, required: str) -> None:
    """And the end of the run says which level, and why."""
    (tmp_path / "test_nested.py").write_text(NESTED, encoding="utf-8")
    arguments = ["-p", "tests.lab.fixtures", "-p", "no:cacheprovider", "--rootdir", str(tmp_path)]
    env = {
        # an empty cache and a PATH without the programs: nothing can start
        "XDG_CACHE_HOME": str(tmp_path),
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "PYTHONPATH": str(REPOSITORY),
        "PHASE2_LAB": required,
    }

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments, str(tmp_path)],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "api: SKIPPED: etcd v3.6.7 is not built; run: python -m tests.lab build" in done.stdout
    assert done.returncode == (1 if required else 0)


@pytest.mark.usefixtures("lab_api")  # which skips or fails it where the level cannot run
def test_up_env_and_down(tmp_path: Path) -> None:
    """The commands for people: what env prints reaches the lab, and down leaves nothing."""
    command = [sys.executable, "-m", "tests.lab"]
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    lab = subprocess.Popen(
        [*command, "up", "--level", "api"],
        cwd=REPOSITORY,
        env=env,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert lab.stderr is not None
    ready = lab.stderr.readline()

    said = subprocess.check_output([*command, "env"], cwd=REPOSITORY, env=env, text=True)
    subprocess.check_call([*command, "down"], cwd=REPOSITORY, env=env)
    code = lab.wait(30)
    lab.stderr.close()

    assert "api is ready" in ready
    assert "export KUBECONFIG=" in said
    assert code == 0
    gone = subprocess.run([*command, "env"], cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False)
    assert gone.returncode == 2
    assert "no lab called 'default' runs" in gone.stderr
