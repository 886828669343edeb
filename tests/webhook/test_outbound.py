"""Where the running webhook connects to: every connection that Python makes in any of its processes is written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.waiting import wait_until
from tests.unit.pod.making import migration
from tests.webhook.apistub import MIGRATIONS, NAMESPACES, serving
from tests.webhook.processes import running
from tests.webhook.test_reload import Load
from tests.webhook.watch.scripted import namespace, secret_migration

REQUESTS = 100
HOOK = """
import os, sys
def told(event, args):
    if event == "socket.connect":
        with open(os.environ["CONNECTS"], "a", encoding="ascii") as out:
            out.write(f"{args[1]!r}\\n")
sys.addaudithook(told)
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_connects_to_nothing_but_the_api_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    connects = tmp_path / "connects"
    (tmp_path / "sitecustomize.py").write_text(HOOK, encoding="ascii")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("CONNECTS", str(connects))
    lists = {MIGRATIONS: [secret_migration(migration())], NAMESPACES: [namespace("shop")]}

    with serving(lists) as stub:
        flags = ("--kubeconfig", str(stub.write_kubeconfig(tmp_path)), "--workers", workers)
        with running(None, tmp_path / "log", *flags) as webhook, Load(webhook) as load:
            wait_until(lambda: webhook.is_ready() and load.asked >= REQUESTS, what="the load was answered")

    assert load.failed == []
    assert set(connects.read_text(encoding="ascii").splitlines()) == {repr(("127.0.0.1", stub.port))}
