"""Serves the application by granian: HTTP and TLS in Rust, one process for each worker."""

from __future__ import annotations

import os
import ssl
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from webhook.logs import make_config
from webhook.settings import MULTIPROCESS, Settings, TlsFiles

if TYPE_CHECKING:
    from fastapi import FastAPI

_KILL_S: Final = 10
"""A worker that has not ended by then is killed; the API server waits no longer than 5 s for an answer."""
_HEADERS_MS: Final = 5_000
"""In which a request's headers must have come."""


class _Server(MPServer):
    """Goes on answering for a while after SIGTERM: endpoints of a Service take that long to know."""

    drain_s: float = 0.0

    def signal_handler_interrupt(self, *args: object, **kwargs: object) -> None:
        """Stop, a little later; at once when asked a second time."""
        if self.drain_s:
            waiter = threading.Timer(self.drain_s, super().signal_handler_interrupt)
            waiter.daemon = True
            self.drain_s = 0.0
            waiter.start()
        else:
            super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    A certificate that changes on disk is taken up by new workers, one after the other, while the old ones finish what
    they have: granian reads its files only when a worker starts.
    """
    with tempfile.TemporaryDirectory(prefix="phase2-metrics-") as folder:
        if settings.workers > 1:
            os.environ[MULTIPROCESS] = folder
        server = _Server(
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
            respawn_failed_workers=True,
            respawn_interval=1.0,
            workers_kill_timeout=_KILL_S,
        )
        server.drain_s = settings.drain_s
        if settings.tls:
            watcher = threading.Thread(target=_watch_certificate, args=(server, settings.tls, settings.poll_s))
            watcher.daemon = True
            server.on_startup(watcher.start)
        server.serve(target_loader=partial(_load, settings), wrap_loader=False)


def _load(settings: Settings) -> FastAPI:
    """Make the application in a worker's own process."""
    from webhook.app import create_app  # noqa: PLC0415 - prometheus_client looks for its folder when it is imported

    return create_app(settings)


def _watch_certificate(server: _Server, files: TlsFiles, poll_s: float) -> None:
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
