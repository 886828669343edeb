"""The keeper as a process beside the server's: it sees nothing of the server but its port, and the server only its files."""

from __future__ import annotations

import datetime as dt
import logging
import logging.config
import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.process import BaseProcess
from typing import Final

from injector.errors import ClusterError
from webhook.certs.cluster import ClusterPort
from webhook.certs.election import Election
from webhook.certs.keeper import Clock, Keeper
from webhook.certs.local import ServedFiles, make_folder
from webhook.logs import LOGGER, make_config
from webhook.settings import KEPT, Keeping

_LOG: Final = logging.getLogger(LOGGER)
_END_S: Final = 5.0


class KeeperProcess:
    """Runs the keeper, and starts it again when it ends."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._process: BaseProcess | None = None

    def ensure(self) -> None:
        """Start it where it does not run."""
        if self._process is not None and self._process.is_alive():
            return
        if self._process is not None:
            _LOG.error("the keeper of the certificates has ended; it is started again")
        self._process = multiprocessing.Process(target=run, args=(self._keeping, os.getpid()), daemon=True)
        self._process.start()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(_END_S)


def run(keeping: Keeping, parent: int) -> None:
    """Do rounds until the parent is gone."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent ends this one
    logging.config.dictConfig(make_config())
    from webhook.api.client import connect  # noqa: PLC0415 - only this process needs it

    make_folder(keeping.folder)
    keeper: Keeper | None = None
    pause, said = threading.Event(), ""
    while os.getppid() == parent:
        try:
            if keeper is None:
                keeper = make_keeper(
                    keeping,
                    ClusterPort(
                        connect(keeping.cluster),
                        keeping.places,
                        identity=keeping.identity,
                        duration_s=_duration_s(keeping),
                        now=_now,
                    ),
                )
            keeper.keep()
            (keeping.folder / KEPT).touch()
            said = ""
        except ClusterError as err:
            if str(err) != said:  # once, not every five seconds
                said = str(err)
                _LOG.error("the certificates cannot be kept: %s", err)
        except Exception as err:  # noqa: BLE001 - what is served goes on to be served
            _LOG.error("a bug: %s while keeping the certificates", type(err).__name__)
        pause.wait(keeping.round_s)


def make_keeper(keeping: Keeping, port: ClusterPort) -> Keeper:
    """Return a replica's keeper."""
    address = keeping.listen.address
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - compared with, not bound
    return Keeper(
        port,
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
