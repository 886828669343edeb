"""The keeper's rounds, in a thread of the first process: it sees nothing of the workers but their port, they only its files."""

from __future__ import annotations

import datetime as dt
import logging
import os
import threading
import time
from typing import Final

from injector.errors import ClusterError
from webhook.api.client import connect
from webhook.certs.cluster import ClusterPort
from webhook.certs.election import Election
from webhook.certs.keeper import Clock, Keeper
from webhook.certs.local import ServedFiles, make_folder
from webhook.logs import LOGGER
from webhook.settings import KEPT, Keeping

_LOG: Final = logging.getLogger(LOGGER)
_END_S: Final = 5.0
_FORK_S: Final = 5.0
"""How long a fork waits for a round to end. One that takes longer waits for the API server, and holds no library's locks."""


class Rounds:
    """Does one round after the other until it is stopped; what goes wrong in one is logged.

    A process is forked between two rounds: a lock that a library holds in that moment would be held for ever in the copy.
    """

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._keeper: Keeper | None = None
        self._said = ""
        self._stop, self._lock, self._is_held = threading.Event(), threading.Lock(), False
        self._thread = threading.Thread(target=self._run, name="certificates", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        os.register_at_fork(before=self._hold, after_in_parent=self._release)
        self._thread.start()

    def stop(self) -> None:
        """End, and wait a little for the round under way."""
        self._stop.set()
        self._thread.join(_END_S)

    def do_round(self) -> None:
        """Do one round."""
        try:
            if self._keeper is None:
                make_folder(self._keeping.folder)
                self._keeper = make_keeper(self._keeping)
            self._keeper.keep()
            (self._keeping.folder / KEPT).touch()
            self._said = ""
        except ClusterError as err:
            if str(err) != self._said:  # once, not every five seconds
                self._said = str(err)
                _LOG.error("the certificates cannot be kept: %s", err)
        except Exception as err:  # noqa: BLE001 - what is served goes on to be served
            _LOG.error("a bug: %s while keeping the certificates", type(err).__name__)

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                self.do_round()
            self._stop.wait(self._keeping.round_s)

    def _hold(self) -> None:
        self._is_held = self._lock.acquire(timeout=_FORK_S)

    def _release(self) -> None:
        if self._is_held:
            self._lock.release()


def make_keeper(keeping: Keeping) -> Keeper:
    """Return a replica's keeper.

    Raises:
        ClusterError: it is not told how to reach the API server.
    """
    address = keeping.listen.address
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared with, not bound
    return Keeper(
        ClusterPort(
            connect(keeping.cluster),
            keeping.places,
            identity=keeping.identity,
            duration_s=_duration_s(keeping),
            now=_now,
        ),
        ServedFiles(keeping.folder, (reached, keeping.listen.port), workers=keeping.workers),
        election=Election(keeping.identity, duration_s=_duration_s(keeping), renew_s=2 * keeping.round_s),
        names=keeping.names,
        terms=keeping.terms,
        clock=Clock(_now, time.monotonic),
    )


def _duration_s(keeping: Keeping) -> float:
    return max(1.0, 6 * keeping.round_s)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
