"""A small HTTP server that answers like an API server: lists in pages, watches that a test feeds, and refusals at will.

What a real one does is for tests/live; this one is for the door and for the application when there is no lab.
"""

from __future__ import annotations

import json
import queue
import shutil
import ssl
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson

from injector.cluster import Json
from tests.lab.certs import Certificates

MIGRATIONS = "/apis/phase2.tazlab.net/v1alpha1/secretmigrations"
NAMESPACES = "/api/v1/namespaces"


class StubApi:
    """What the server answers, and what it was asked.

    Attributes:
        lists: path of a collection -> its objects; others are answered 404.
        refusals: path -> status of every answer.
        sent: (method, path, body) of what was no GET.
        tokens: Authorization headers, in the order in which they came.
    """

    def __init__(self, lists: Mapping[str, Sequence[Json]]) -> None:
        self.lists = dict(lists)
        self.refusals: dict[str, int] = {}
        self.sent: list[tuple[str, str, bytes]] = []
        self.tokens: list[str] = []
        self.port = 0
        self._streams: dict[str, list[queue.SimpleQueue[bytes]]] = {}
        self._lock = threading.Lock()

    def push(self, path: str, piece: bytes) -> None:
        """Send bytes on every open watch of a path; none ends it."""
        with self._lock:
            for one in self._streams.get(path, ()):
                one.put(piece)

    def watches(self, path: str) -> int:
        """Return how many watches of a path are open."""
        with self._lock:
            return len(self._streams.get(path, ()))

    def open(self, path: str) -> queue.SimpleQueue[bytes]:
        """Take note of a watch."""
        made: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        with self._lock:
            self._streams.setdefault(path, []).append(made)
        return made

    def close(self, path: str, stream: queue.SimpleQueue[bytes]) -> None:
        """Take note of a watch that ended."""
        with self._lock:
            self._streams[path].remove(stream)

    def end_all(self) -> None:
        """End all watches."""
        for path in list(self._streams):
            self.push(path, b"")

    def write_pod(self, folder: Path, certs: Certificates) -> dict[str, str]:
        """Write what a pod is given, if the server has these certificates; return its variables."""
        folder.mkdir()
        (folder / "token").write_text("a-token", encoding="ascii")
        shutil.copy(certs.ca, folder / "ca.crt")
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.port)}

    def write_kubeconfig(self, folder: Path, token: str = "a-token") -> Path:  # noqa: S107 - made up
        """Return a file by which a client finds the server."""
        made = {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [{"name": "x", "cluster": {"server": f"http://127.0.0.1:{self.port}"}}],
            "users": [{"name": "x", "user": {"token": token}}],
        }
        file = folder / "kubeconfig"
        file.write_text(json.dumps(made), encoding="utf-8")
        return file


@contextmanager
def serving(lists: Mapping[str, Sequence[Json]], certs: Certificates | None = None) -> Iterator[StubApi]:
    """A running server; with certificates it speaks TLS."""
    stub = StubApi(lists)

    class Handler(_Handler):
        api = stub

    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certs:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certs.server_cert, certs.server_key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    stub.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.end_all()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: StubApi

    def do_GET(self) -> None:
        found = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(found.query).items()}
        self.api.tokens.append(self.headers.get("Authorization", ""))
        if found.path in self.api.refusals or found.path not in self.api.lists:
            self._refuse(self.api.refusals.get(found.path, 404))
        elif "watch" in query:
            self._watch(found.path)
        else:
            self._list(self.api.lists[found.path], query)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = urlsplit(self.path).path
        self.api.sent.append((self.command, path, body))
        if path in self.api.refusals:
            self._refuse(self.api.refusals[path])
        else:
            self._answer(201, b"{}")

    do_PATCH = do_POST  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _list(self, items: Sequence[Json], query: Mapping[str, str]) -> None:
        start = int(query.get("continue", "0"))
        end = start + int(query.get("limit", len(items)))
        head = {"resourceVersion": "1", "continue": str(end) if end < len(items) else ""}
        self._answer(200, orjson.dumps({"metadata": head, "items": items[start:end]}))

    def _watch(self, path: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        stream = self.api.open(path)
        try:
            while piece := stream.get():
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True
        finally:
            self.api.close(path, stream)

    def _refuse(self, status: int) -> None:
        self._answer(status, orjson.dumps({"kind": "Status", "reason": "Because", "message": "not to be quoted"}))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
