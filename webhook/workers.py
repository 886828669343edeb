"""The server's processes: they share their sockets, so that one can take another's place without a connection being lost.

Granian's own workers each open a socket; when one ends, the kernel resets what waits in its queue. Here the parent holds the
sockets, and a worker that takes another's place inherits its queue. It only begins to take from it when it knows all that
there is to know, and only then the old one is asked to finish.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from granian.net import SocketSpec  # type: ignore[attr-defined]
from granian.server.mp import MPServer, WorkerProcess

from webhook.logs import LOGGER

if TYPE_CHECKING:  # what it imports looks for its folder when it is imported, which is not known yet
    from webhook.endpoint import Message, Receive, Scope, Send

Application: TypeAlias = "Callable[[Scope, Receive, Send], Awaitable[None]]"

_LOG: Final = logging.getLogger(LOGGER)
FIRST_S: Final = 20.0
"""How long a worker that takes nobody's place waits for all that there is to know before it answers at all."""
_REPLACING_S: Final = 60.0
"""How long one that takes a place may need; after that the old one stays, and it is tried again."""
_RETRY_S: Final = 30.0
_LOOK_S: Final = 0.05
_HANDSHAKE_S: Final = 2.0
"""How long a worker that takes no new connections goes on before it is told to end, which breaks handshakes under way."""
STOP_TAKING: Final = signal.SIGUSR1
LEAVE: Final = signal.SIGUSR2
"""Ends each kept connection with its next answer, so that none is in use when the server ends; new ones are still taken."""


@dataclass(slots=True)
class Start:
    """What a worker gets at its start.

    Attributes:
        ready: it sets it once it answers with all that there is to know.
        patience_s: how long it waits for that before it answers without.
        listeners: numbers of the sockets that the parent listens on; empty where workers have their own.
    """

    ready: Event = field(default_factory=multiprocessing.Event)
    patience_s: float = FIRST_S
    listeners: tuple[int, ...] = ()


class WorkersServer(MPServer):
    """Goes on answering for a while after SIGTERM: endpoints of a Service take that long to know."""

    drain_s: float = 0.0
    start: Start
    load: Callable[[], object]
    """Makes the application in a worker's own process."""

    def serve_all(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        self.serve(target_loader=self.load, wrap_loader=False)  # type: ignore[arg-type]

    def signal_handler_interrupt(self, *args: object, **kwargs: object) -> None:
        """Stop, a little later; at once when asked a second time."""
        if self.drain_s:
            for worker in self.wrks:
                if self.start.listeners and _is_alive(worker):
                    os.kill(worker.inner.pid, LEAVE)
            waiter = threading.Timer(self.drain_s, super().signal_handler_interrupt)
            waiter.daemon = True
            self.drain_s = 0.0
            waiter.start()
        else:
            super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def _init_shared_socket(self) -> None:
        if multiprocessing.get_start_method() != "fork":  # numbers of files mean nothing elsewhere
            super()._init_shared_socket()  # type: ignore[no-untyped-call]
            return
        self._ssp = None
        self._shd = None
        self._sso = None
        spec = SocketSpec(self.bind_addr, self.bind_port, self.backlog)
        self._holders = [spec.build() for _ in range(self.workers)]
        self._sockets = [socket.socket(fileno=one.get_fd()) for one in self._holders]
        self.start.listeners = tuple(one.fileno() for one in self._sockets)

    def _drop_shared_socket(self) -> None:
        for one in getattr(self, "_sockets", ()):
            one.detach()  # closed with its holder
        self._holders = []
        super()._drop_shared_socket()  # type: ignore[no-untyped-call]

    def _spawn_worker(self, idx: int, target: Any, callback_loader: Any) -> WorkerProcess:  # type: ignore[override]
        holders = getattr(self, "_holders", [])
        if holders:
            self._shd = holders[idx]
        made: WorkerProcess = super()._spawn_worker(idx, target, callback_loader)
        return made

    def _respawn_workers(self, workers: list[int], spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        del delay
        for idx in workers:
            old = self.wrks[idx]
            is_alive = _is_alive(old)
            self.start.ready.clear()
            self.start.patience_s = 10 * _REPLACING_S if is_alive else FIRST_S
            self.respawned_wrks[idx] = time.monotonic()
            new = self._spawn_worker(idx, spawn_target, target_loader)
            new.start()  # type: ignore[no-untyped-call]
            if is_alive and not self._wait(new):
                self._give_up(idx, new)
                continue
            self.wrks[idx] = new
            if is_alive and self.start.listeners:
                os.kill(old.inner.pid, STOP_TAKING)
                self._pause(_HANDSHAKE_S)
            self._end(old)

    def _wait(self, new: WorkerProcess) -> bool:
        """Tell whether a worker came to answer with all that there is to know."""
        deadline_s = time.monotonic() + _REPLACING_S
        while time.monotonic() < deadline_s and _is_alive(new) and not self.interrupt_signal:
            if self.start.ready.wait(_LOOK_S):
                return True
        return False

    def _pause(self, seconds: float) -> None:
        deadline_s = time.monotonic() + seconds
        while time.monotonic() < deadline_s and not self.interrupt_signal:
            time.sleep(_LOOK_S)

    def _give_up(self, idx: int, new: WorkerProcess) -> None:
        _LOG.error("a new worker does not come up; the old one stays, and it is tried again")
        self._end(new)
        self.respawned_wrks.pop(idx, None)
        self.interrupt_children = [one for one in self.interrupt_children if one != idx]
        again = threading.Timer(_RETRY_S, self.signal_handler_reload)
        again.daemon = True
        again.start()

    def _end(self, worker: WorkerProcess) -> None:
        worker.terminate()  # type: ignore[no-untyped-call]
        worker.join(self.workers_kill_timeout)  # type: ignore[no-untyped-call]
        if _is_alive(worker):
            worker.kill()  # type: ignore[no-untyped-call]
            worker.join()  # type: ignore[no-untyped-call]


def _is_alive(worker: WorkerProcess) -> bool:
    return bool(worker.is_alive())  # type: ignore[no-untyped-call]


class Leaving:
    """An ASGI application that can ask its clients to leave: each answer then ends its connection, which no request is lost by.

    A client whose connection is closed while it is idle may just be sending its next request on it.
    """

    def __init__(self, app: Application) -> None:
        self._app = app
        self.is_leaving = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if not self.is_leaving:
            await self._app(scope, receive, send)
            return

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, send_last)


def listen_for_end(app: Application, start: Start) -> Application:
    """Return an application that takes no more connections, and lets go of those that it has, when the parent says so."""
    if not start.listeners:
        return app
    inodes = {os.fstat(one).st_ino for one in start.listeners}
    made = Leaving(app)

    def leave(*_: object) -> None:
        made.is_leaving = True

    def stop_taking(*_: object) -> None:
        leave()
        _stop_taking(inodes)

    signal.signal(LEAVE, leave)
    signal.signal(STOP_TAKING, stop_taking)
    return made


def _stop_taking(inodes: set[int]) -> None:
    """Put a socket on which nobody ever calls in the place of those that are listened on, whatever numbers they have here.

    The server's next attempt to take a connection finds nothing; what it has already is not touched, nor is the queue, which
    the parent's own number keeps open.
    """
    with socket.socket(socket.AF_UNIX) as silent:
        silent.settimeout(0)
        silent.bind("")  # a name of the kernel's choice, in no folder
        silent.listen(1)
        for number in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - numbers
            try:
                is_listener = os.fstat(number).st_ino in inodes
            except OSError:  # the listing's own
                continue
            if is_listener:
                os.dup2(silent.fileno(), number)
