"""The webhook beside the real injector: requests a second and latencies, over TLS with keep-alive, by wrk, on the same cores.

``python -m benchmarks.webhook`` prints a table; it needs wrk on PATH and the lab's programs (docs/lab.md). Both servers
run the whole time and are asked in turn, so that what else the machine does meets both. Both get a pod that they really
change: ours one that opted in, the injector the one that ours made of it.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

import orjson
import urllib3

from injector.config.load import parse_config
from injector.convention.known import Proposer
from injector.convention.obey import decide
from injector.migration.model import SecretMigration
from injector.migration.write import write_migration
from injector.pod.expect import settings_of
from injector.pod.model import Json
from injector.pod.mutate import mutate_pod
from tests.lab.injector import Injector
from tests.lab.lab import Lab, Level
from tests.property.admitted import STORE, cluster_of
from tests.unit.convention.deciding import login
from tests.unit.pod.making import migration, mounted, pod, volume
from tests.webhook.processes import running
from tests.webhook.reviews import review

_SCRIPT: Final = """
local file = io.open("{body}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
wrk.headers["Content-Type"] = "application/json"
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('\\n{{"requests": %d, "us": %d, "p50": %d, "p99": %d, "bad": %d}}\\n', summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


_ALONE: Final = "alone"
_CONVENTION: Final = b"""\
vault:
  mounts: {database: database}
  auth: {method: jwt}
  names: {authRole: "{namespace}-{serviceAccount}", engineRole: "{namespace}-{name}"}
  labelAlone: [alone]
"""
"""Where the label is enough."""


@dataclass(frozen=True, slots=True)
class Run:
    """What wrk measured once: requests a second, milliseconds, requests that failed."""

    per_s: float
    p50_ms: float
    p99_ms: float
    bad: int


@dataclass(frozen=True, slots=True)
class Case:
    """What both servers are asked: a body for each."""

    name: str
    ours: bytes
    theirs: bytes
    is_changed: bool


def make_cases() -> list[Case]:
    """Return the pods: of 2 KB and 40 KB as an AdmissionReview, and one that nobody changes."""
    small, large = _sized(2_000), _sized(40_000)
    return [
        _case("2 KB pod", small),
        _case("40 KB pod", large),
        _label_alone(small),
        Case("2 KB pod without label", review(_bare(small)), review(_bare(small)), is_changed=False),
    ]


def _case(name: str, body: dict[str, Json]) -> Case:
    change = mutate_pod(body, "shop", [migration()])
    return Case(name, review(body), review(change.pod), is_changed=True)


def _label_alone(body: dict[str, Json]) -> Case:
    """Return a pod of a namespace where nothing but its label speaks for it."""
    held, where = parse_config(_CONVENTION), {"namespace": _ALONE}
    change = decide(
        body,
        _ALONE,
        (),
        cluster=cluster_of(STORE, login(**where)),
        proposer=Proposer(held),
        settings=settings_of(held),
    ).change
    return Case("2 KB pod, label alone", review(body, **where), review(change.pod, **where), is_changed=True)


def first_ms(rounds: int = 50) -> float:
    """Return how long the first pod of a template takes to be judged by its label alone, in milliseconds, without HTTP."""
    held, body, cluster = parse_config(_CONVENTION), _sized(2_000), cluster_of(STORE, login(namespace=_ALONE))
    found = []
    for _ in range(rounds):
        proposer, started = Proposer(held), time.perf_counter()
        decide(body, _ALONE, (), cluster=cluster, proposer=proposer, settings=settings_of(held))
        found.append((time.perf_counter() - started) * 1e3)
    return statistics.median(found)


def _sized(size: int) -> dict[str, Json]:
    """Return a pod whose review has about a size in bytes: what grows is the environment of its containers."""
    spec: dict[str, Json] = {
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}],
    }
    token: Json = {"name": "kube-api-access-x", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
    mount: Json = {"name": "kube-api-access-x", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    app = mounted()
    app["volumeMounts"] = [{"name": "creds", "mountPath": "/etc/db"}, mount]
    env: list[Json] = []
    while True:
        body = pod({**app, "env": env}, volumes=[volume(), token])
        body["spec"] = {**cast("dict[str, Json]", body["spec"]), **spec}
        if len(review(body)) >= size:
            return body
        env = [*env, {"name": f"SETTING_{len(env)}", "value": "https://shop.example.org/some/path"}]


def _bare(body: dict[str, Json]) -> dict[str, Json]:
    return {**body, "metadata": {"name": "web-1", "labels": {"app": "web"}}}


def run_wrk(url: str, body: Path, *, connections: int, seconds: int) -> Run:
    """Let wrk ask a server for a while."""
    script = body.with_suffix(".lua")
    script.write_text(_SCRIPT.format(body=body), encoding="utf-8")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url]
    out = subprocess.check_output(command, text=True)
    found: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return Run(found["requests"] / found["us"] * 1e6, found["p50"] / 1e3, found["p99"] / 1e3, found["bad"])


def check(url: str, case: Case, body: bytes) -> None:
    """Show that a server does what is measured."""
    pool = urllib3.PoolManager(cert_reqs="CERT_NONE")
    urllib3.disable_warnings()
    answer = pool.request("POST", url, body=body, headers={"Content-Type": "application/json"})
    response = orjson.loads(answer.data)["response"]
    has_patch = "patch" in response and bool(orjson.loads(base64.b64decode(response["patch"])))
    if not response["allowed"] or has_patch is not case.is_changed:
        raise SystemExit(f"{url}: {case.name}: is not answered as it should be")


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process and all below it; pages that they share count once for each."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    line = next(one for one in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() if "VmRSS" in one)
    return int(line.split()[1]) / 1024 + sum(memory_mb(int(one)) for one in children)


@contextmanager
def _servers(folder: Path, migrations: Sequence[SecretMigration], workers: int) -> Iterator[dict[str, tuple[str, int]]]:
    """Both servers: name -> (URL, process)."""
    policies = folder / "policies"
    policies.mkdir()
    text = "---\n".join(map(write_migration, migrations))
    (policies / "all.yaml").write_text(text, encoding="utf-8")
    objects = [STORE, *(login(f"db{number or ''}", namespace=_ALONE) for number in range(20))]
    (policies / "objects.yaml").write_text(json.dumps({"kind": "List", "items": objects}), encoding="utf-8")
    (folder / "phase2.yaml").write_bytes(_CONVENTION)
    with Lab(folder / "lab") as lab:
        lab.raise_to(Level.API)
        theirs = Injector(lab.control_plane, lab.ports, lab.certs)
        theirs.start(lab.launcher, lab.data, "http://127.0.0.1:1")
        with running(policies, folder / "log", "--workers", str(workers), certs=lab.certs) as ours:
            program = theirs.program
            if program is None:
                raise SystemExit("the injector did not start")
            yield {
                "phase2": (f"{ours.url}/mutate/pods", ours.popen.pid),
                "vault-k8s": (theirs.url, program.pid),
            }


def measure(folder: Path, *, seconds: int, rounds: int, connections: int, workers: int, count: int) -> None:
    """Print the table."""
    others = [replace(migration(name=f"m{number}"), namespace=f"n{number % 500}") for number in range(count - 1)]
    with _servers(folder, [migration(), *others], workers) as servers:
        print(
            f"\n{count} SecretMigrations, {connections} connections, {workers} workers, median of {rounds} times {seconds} s"
        )
        print("| request | server | requests/s | p50 ms | p99 ms | failed |\n|---|---|---:|---:|---:|---:|")
        for case in make_cases():
            files = {"phase2": folder / "ours.json", "vault-k8s": folder / "theirs.json"}
            files["phase2"].write_bytes(case.ours)
            files["vault-k8s"].write_bytes(case.theirs)
            runs: dict[str, list[Run]] = {name: [] for name in servers}
            for _ in range(rounds):
                for name, (url, _) in servers.items():
                    check(url, case, files[name].read_bytes())
                    runs[name].append(run_wrk(url, files[name], connections=connections, seconds=seconds))
            for name, found in runs.items():
                numbers = [
                    statistics.median(getattr(one, field) for one in found) for field in ("per_s", "p50_ms", "p99_ms")
                ]
                bad = sum(one.bad for one in found)
                print(f"| {case.name} | {name} | {numbers[0]:,.0f} | {numbers[1]:.1f} | {numbers[2]:.1f} | {bad} |")
        for name, (_, pid) in servers.items():
            print(f"{name}: {memory_mb(pid):.0f} MB resident")
        print(f"the first pod of a template, by its label alone: {first_ms():.1f} ms")


def main() -> None:
    """Measure with one SecretMigration and with many."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--migrations", type=int, nargs="+", default=[1, 10_000])
    asked = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is not here; install it: apt-get install wrk")
    for count in asked.migrations:
        with tempfile.TemporaryDirectory(prefix="phase2-bench-") as folder:
            measure(
                Path(folder),
                seconds=asked.seconds,
                rounds=asked.rounds,
                connections=asked.connections,
                workers=asked.workers,
                count=count,
            )


if __name__ == "__main__":
    main()
