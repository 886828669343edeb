"""Serves the application by granian: HTTP and TLS in Rust, one process for each worker."""

from __future__ import annotations

import gc
import logging
import logging.config
import os
import signal
import ssl
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings

from webhook.logs import LOGGER, make_config
from webhook.settings import MULTIPROCESS, Keeping, Settings, TlsFiles
from webhook.workers import Application, Start, WorkersServer, listen_for_end

if TYPE_CHECKING:
    from webhook.certs.rounds import Rounds

_KILL_S: Final = 10
"""A worker that has not ended by then is killed; the API server waits no longer than 5 s for an answer."""
_LOOK_S: Final = 0.2
_TURN_S: Final = 0.0005
"""After which a thread that reads the cluster lets another one go on, if one waits: a request, which takes less than that. By
default it is ten times as long."""
_GARBAGE: Final = (50_000, 20, 50)
"""When to look for garbage. Nothing that is held has cycles, and by default reading 10,000 objects anew would stop all requests
several times for a tenth of a second."""
_HEADERS_MS: Final = 5_000
"""In which a request's headers must have come."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    A certificate that changes on disk is taken up by new workers, one after the other, while the old ones finish what
    they have: granian reads its files only when a worker starts.

    With `settings.keeping` the certificate is made by a thread of this process, which knows nothing of the workers but the
    port; the files are waited for first.
    """
    logging.config.dictConfig(make_config())
    rounds = _start_rounds(settings.keeping) if settings.keeping else None
    with tempfile.TemporaryDirectory(prefix="phase2-metrics-") as folder:
        if settings.workers > 1:
            os.environ[MULTIPROCESS] = folder
        try:
            if rounds and settings.tls:
                _wait_for_files(settings.tls, poll_s=settings.poll_s)
            _make_server(settings).serve_all()
        finally:
            if rounds:
                rounds.stop()


def _start_rounds(keeping: Keeping) -> Rounds:
    from webhook.certs.rounds import Rounds  # noqa: PLC0415 - who brings his own certificate needs no client here

    made = Rounds(keeping)
    made.start()
    return made


def _make_server(settings: Settings) -> WorkersServer:
    start = Start()
    server = WorkersServer(
        "webhook",  # loaded by `_load`, whatever stands here
        address=settings.listen.address,
        port=settings.listen.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        # The API server asks webhooks by HTTP/1.1 only (kubernetes apiserver/pkg/util/webhook/client.go, NextProtos). While
        # granian waits for the first bytes to tell HTTP/2 apart, no limit of time holds: silent clients would stay.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADERS_MS),
        websockets=False,
        log_dictconfig=make_config(),
        ssl_cert=settings.tls.certificate if settings.tls else None,
        ssl_key=settings.tls.key if settings.tls else None,
        ssl_protocol_min=SSLProtocols.tls12,
        ssl_ca=settings.client_ca,
        ssl_client_verify=settings.client_ca is not None,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_S,
    )
    server.drain_s, server.start, server.load = settings.drain_s, start, partial(_load, settings, start)
    if settings.tls:
        watcher = threading.Thread(
            target=_watch_certificate, args=(server, settings.tls), kwargs={"poll_s": settings.poll_s}
        )
        watcher.daemon = True
        server.on_startup(watcher.start)
    return server


def _wait_for_files(files: TlsFiles, *, poll_s: float) -> None:
    """Wait until there is a certificate to serve; one that an earlier start of this container left is taken as it is."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the first process of a container has no default for it
    said, pause = False, threading.Event()
    while not is_pair(files):
        if not said:
            logging.getLogger(LOGGER).info("waits for the first certificate")
        said = True
        pause.wait(min(poll_s, _LOOK_S))


def _load(settings: Settings, start: Start) -> Application:
    """Make the application in a worker's own process."""
    from webhook.app import create_app  # noqa: PLC0415 - prometheus_client looks for its folder when it is imported

    sys.setswitchinterval(_TURN_S)
    gc.set_threshold(*_GARBAGE)

    def begin() -> None:
        gc.collect()
        gc.freeze()  # what was read stays; looking for garbage in it takes a tenth of a second with 10,000 objects
        start.ready.set()

    return listen_for_end(create_app(settings, on_ready=begin, patience_s=start.patience_s), start)


def _watch_certificate(server: WorkersServer, files: TlsFiles, *, poll_s: float) -> None:
    known = _content(files)
    pause = threading.Event()
    while not pause.wait(poll_s):
        found = _content(files)
        if found != known and found is not None and is_pair(files):
            known = found
            server.signal_handler_reload()  # type: ignore[no-untyped-call]


def _content(files: TlsFiles) -> tuple[bytes, bytes] | None:
    try:
        return Path(files.certificate).read_bytes(), Path(files.key).read_bytes()
    except OSError:
        return None


def is_pair(files: TlsFiles) -> bool:
    """Tell whether a certificate and a key can be used together: half of a change cannot."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(files.certificate, files.key, password=lambda: b"")
    except (OSError, ssl.SSLError, ValueError):
        return False
    return True
