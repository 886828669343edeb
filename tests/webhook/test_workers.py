"""How one worker takes another's place, with workers that are made up."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from webhook import workers
from webhook.workers import LEAVE, STOP_TAKING, Leaving, Start, WorkersServer, listen_for_end


@dataclass
class Worker:
    """One that says what is done to it."""

    name: str
    said: list[str]
    alive: bool = True
    on_start: Callable[[], None] = lambda: None
    inner: Any = field(default_factory=lambda: SimpleNamespace(pid=4711))

    def start(self) -> None:
        self.said.append(f"{self.name} starts")
        self.on_start()

    def is_alive(self) -> bool:
        return self.alive

    def terminate(self) -> None:
        self.said.append(f"{self.name} ends")
        self.alive = False

    def kill(self) -> None:
        self.said.append(f"{self.name} is killed")
        self.alive = False

    def join(self, timeout: float | None = None) -> None:
        del timeout


class Timer:
    """One that is never due."""

    made: list[float] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, seconds: float, what: object) -> None:
        del what
        self.daemon = False
        self.made.append(seconds)

    def start(self) -> None:
        """Do nothing."""


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(workers, "_HANDSHAKE_S", 0.0)
    monkeypatch.setattr("webhook.workers.os.kill", lambda pid, number: found.append(f"{pid} gets {number}"))
    monkeypatch.setattr("webhook.workers.threading.Timer", Timer)
    Timer.made.clear()
    return found


def server(monkeypatch: pytest.MonkeyPatch, old: Worker, new: Worker) -> Any:
    made: Any = WorkersServer.__new__(WorkersServer)
    made.start = Start(listeners=(1,))
    made.wrks = [old]
    made.respawned_wrks = {}
    made.interrupt_signal = False
    made.interrupt_children = []
    made.workers_kill_timeout = 0
    monkeypatch.setattr(made, "_spawn_worker", lambda *_: new)
    return made


def test_the_old_one_leaves_only_when_the_new_one_knows_everything(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    old, new = Worker("old", said), Worker("new", said)
    made = server(monkeypatch, old, new)
    new.on_start = made.start.ready.set

    made._respawn_workers([0], None, None)

    assert said == ["new starts", f"4711 gets {STOP_TAKING}", "old ends"]
    assert made.wrks == [new]


def test_the_old_one_stays_when_the_new_one_does_not_come_up(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    old, new = Worker("old", said), Worker("new", said, alive=False)
    made = server(monkeypatch, old, new)
    made.interrupt_children = [0]

    made._respawn_workers([0], None, None)

    assert made.wrks == [old]
    assert old.alive
    assert made.interrupt_children == []
    assert Timer.made == [workers._RETRY_S]


def test_the_old_one_stays_when_the_new_one_takes_too_long(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    old, new = Worker("old", said), Worker("new", said)
    made = server(monkeypatch, old, new)
    monkeypatch.setattr(workers, "_REPLACING_S", 0.1)

    made._respawn_workers([0], None, None)

    assert said == ["new starts", "new ends"]
    assert made.wrks == [old]


def test_one_that_has_died_is_replaced_at_once(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    old, new = Worker("old", said, alive=False), Worker("new", said)
    made = server(monkeypatch, old, new)

    made._respawn_workers([0], None, None)

    assert said == ["new starts", "old ends"]
    assert made.wrks == [new]
    assert made.start.patience_s == workers.FIRST_S


def test_one_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    old, new = Worker("old", said), Worker("new", said)
    made = server(monkeypatch, old, new)
    new.on_start = made.start.ready.set
    monkeypatch.setattr(old, "terminate", lambda: None)

    made._respawn_workers([0], None, None)

    assert said[-1] == "old is killed"


async def answer(_scope: object, _receive: object, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize("is_leaving", [False, True])
def test_a_worker_that_leaves_ends_connections_with_their_next_answer(*, is_leaving: bool) -> None:
    sent: list[Any] = []
    app = Leaving(answer)
    app.is_leaving = is_leaving

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app({}, None, send))  # type: ignore[arg-type]

    assert ((b"connection", b"close") in sent[0]["headers"]) == is_leaving
    assert (b"a", b"b") in sent[0]["headers"]
    assert sent[1] == {"type": "http.response.body", "body": b""}


def test_a_worker_that_leaves_listens_nowhere_whatever_numbers_its_sockets_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handlers: dict[int, Callable[[], None]] = {}
    monkeypatch.setattr("webhook.workers.signal.signal", handlers.__setitem__)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as other:
        numbers = [listener.fileno(), os.dup(listener.fileno())]  # the server takes a number of its own
        untouched = os.fstat(other.fileno()).st_ino
        inode = os.fstat(numbers[0]).st_ino
        made = listen_for_end(answer, Start(listeners=(numbers[0],)))

        handlers[STOP_TAKING]()

        found = {os.fstat(one).st_ino for one in numbers}
        os.close(numbers[1])
        assert os.fstat(other.fileno()).st_ino == untouched

    assert inode not in found
    assert isinstance(made, Leaving)
    assert made.is_leaving


def test_a_worker_that_is_told_to_leave_goes_on_taking_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: dict[int, Callable[[], None]] = {}
    monkeypatch.setattr("webhook.workers.signal.signal", handlers.__setitem__)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        inode = os.fstat(listener.fileno()).st_ino
        made = listen_for_end(answer, Start(listeners=(listener.fileno(),)))

        handlers[LEAVE]()

        assert os.fstat(listener.fileno()).st_ino == inode
    assert isinstance(made, Leaving)
    assert made.is_leaving


def test_where_workers_have_their_own_sockets_nothing_is_wrapped() -> None:
    assert listen_for_end(answer, Start()) is answer


def test_a_second_signal_ends_it_at_once(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    made = server(monkeypatch, Worker("old", said), Worker("new", said))
    made.drain_s, made.main_loop_interrupt = 3.0, threading.Event()

    made.signal_handler_interrupt()
    first = made.interrupt_signal
    made.signal_handler_interrupt()

    assert (first, made.interrupt_signal) == (False, True)
    assert Timer.made == [3.0]
