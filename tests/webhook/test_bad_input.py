"""What nobody should send, sent to the real server on every path: a proper refusal, and the next one is answered.

Each request is followed by a good one; the process is the same before and after, nothing is a 5xx, and nothing that was sent
is in answers or in the log.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import orjson
import pytest

from injector.migration.write import write_migration
from tests.canary import CANARY, has_canary
from tests.lab.certs import Certificates, create_certificates
from tests.unit.pod.making import migration, mounted, pod, volume
from tests.webhook.processes import Running, running
from tests.webhook.reviews import review
from webhook.app import PATHS
from webhook.review import MAX_BODY

SECRET = f"{CANARY}Zq8w"
GOOD = review(pod(mounted(), volumes=[volume()]))
SLOWEST_S = 20
GONE = (BrokenPipeError, ConnectionResetError, ssl.SSLError)


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return create_certificates(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def server(certs: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("webhook")
    (folder / "policies").mkdir()
    (folder / "policies" / "db.yaml").write_text(write_migration(migration()), encoding="utf-8")
    with running(folder / "policies", folder / "log", certs=certs) as made:
        yield made


@pytest.fixture(autouse=True)
def goes_on(server: Running) -> Iterator[None]:
    """Whatever a test sends, the server answers the next request, and tells nothing of what was sent."""
    yield
    assert server.post("/mutate/pods", GOOD).status == 200
    assert server.popen.poll() is None
    assert not has_canary(server.log.read_text(encoding="utf-8"))
    metrics = server.get("/metrics").data.decode()
    assert [one for one in metrics.splitlines() if 'outcome="error"' in one and not one.endswith(" 0.0")] == []
    assert not has_canary(metrics)


@contextmanager
def connected(server: Running, certs: Certificates) -> Iterator[ssl.SSLSocket]:
    port = int(server.url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=str(certs.ca))
    with (
        socket.create_connection(("127.0.0.1", port), SLOWEST_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        yield wrapped


def head(path: str, *more: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1".encode(), b"host: localhost", b"content-type: application/json", *more]
    return b"\r\n".join([*lines, b"", b""])


def dribble(wrapped: ssl.SSLSocket, data: bytes) -> bytes:
    """Send byte by byte until the server says something, and return that; nothing when it has closed the connection."""
    wrapped.settimeout(0.2)
    for byte in data:
        try:
            wrapped.sendall(bytes([byte]))
            return wrapped.recv(65536)
        except TimeoutError:
            continue
        except GONE:
            return b""
    raise AssertionError("the server took it all")


def received(wrapped: ssl.SSLSocket) -> bytes:
    """Return the answer's first part; nothing when the server has closed the connection."""
    try:
        return wrapped.recv(65536)
    except (ConnectionResetError, ssl.SSLError):
        return b""


NO_REVIEWS = {
    "nothing": b"",
    "no JSON": f"hello {SECRET}".encode(),
    "half of a review": GOOD[: len(GOOD) // 2],
    "a list": orjson.dumps([SECRET]),
    "a text": orjson.dumps(SECRET),
    "another kind": GOOD.replace(b'"AdmissionReview"', f'"{SECRET}"'.encode()),
    "another version": GOOD.replace(b"admission.k8s.io/v1", f"admission.k8s.io/{SECRET}".encode()),
    "no request": orjson.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "note": SECRET}),
    "no uid": GOOD.replace(b'"uid"', f'"{SECRET}"'.encode()),
    "a uid that is a number": GOOD.replace(b'"705ab4f5-6393-11e8-b7cc-42010a800002"', b"7"),
    "a uid without end": GOOD.replace(b"705ab4f5", SECRET.encode() * 50),
    "no UTF-8": GOOD.replace(b'"shop"', b'"\xff\xfe' + SECRET.encode() + b'"', 1),
    "a lone surrogate": GOOD.replace(b'"shop"', rb'"\ud800"', 1),
    "nested without end": b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    "lists without end": b"[" * 1_000_000,
    "two reviews": GOOD + GOOD,
    "bytes": bytes(range(256)) * 64,
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("what", NO_REVIEWS)
def test_what_is_no_review_is_a_400(server: Running, path: str, what: str) -> None:
    answer = server.post(path, NO_REVIEWS[what])

    assert answer.status == 400
    assert set(orjson.loads(answer.data)) == {"error"}
    assert not has_canary(answer.data)


STRANGE = {
    "no object": GOOD.replace(b'"object"', f'"{SECRET}"'.encode()),
    "an object that is a text": review(SECRET),
    "an object that is a list": review([SECRET]),
    "an empty object": review({}),
    "huge labels": review(pod(labels={"phase2.tazlab.net/inject": "true", "a": SECRET * 100_000})),
    "a thousand containers": review(pod(*[{"name": f"c{number}", "image": SECRET} for number in range(1000)])),
    "numbers where texts are": review({"metadata": {"labels": {"phase2.tazlab.net/inject": 1}, "name": 7}, "spec": 3}),
    "nested deeply": review("DEEP").replace(b'"DEEP"', b'{"metadata":' * 300 + b"1" + b"}" * 300),
    "kind and operation that are none": GOOD.replace(b'"CREATE"', b"[1]").replace(b'"Pod"', b'{"a":1}'),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["Pod", "ExternalSecret", "SecretMigration", "Secret"])
@pytest.mark.parametrize("what", STRANGE)
def test_a_review_of_something_strange_is_allowed(server: Running, path: str, kind: str, what: str) -> None:
    body = STRANGE[what].replace(b'"kind":"Pod"}', f'"kind":"{kind}"}}'.encode())

    answer = server.post(path, body)

    said = orjson.loads(answer.data)["response"]
    assert (answer.status, said["allowed"]) == (200, True)
    assert said["uid"] == "705ab4f5-6393-11e8-b7cc-42010a800002"
    assert not any(has_canary(one) for one in said.get("warnings", []))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("content_type", ["text/plain", "", "application/xml", "application/json5", f"text/{SECRET}"])
def test_another_content_type_is_a_415(server: Running, path: str, content_type: str) -> None:
    answer = server.post(path, GOOD, content_type)

    assert answer.status == 415
    assert not has_canary(answer.data)


@pytest.mark.parametrize("path", PATHS)
def test_ten_megabytes_are_a_413_before_they_have_come(server: Running, certs: Certificates, path: str) -> None:
    with connected(server, certs) as wrapped:
        wrapped.sendall(head(path, b"content-length: %d" % (10 * 1024 * 1024)) + SECRET.encode() * 100)

        answer = received(wrapped)

    assert answer.startswith(b"HTTP/1.1 413")
    assert not has_canary(answer)


@pytest.mark.parametrize("path", PATHS)
def test_ten_megabytes_that_nobody_announced_are_a_413(server: Running, certs: Certificates, path: str) -> None:
    part = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with connected(server, certs) as wrapped:
        wrapped.sendall(head(path, b"transfer-encoding: chunked"))
        for _ in range(MAX_BODY // 0x10000 + 1):
            wrapped.sendall(part)

        assert received(wrapped).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"99999999999999999999", b"0x10", b"10, 20"])
def test_a_length_that_is_none_is_refused(server: Running, certs: Certificates, length: bytes) -> None:
    with connected(server, certs) as wrapped:
        wrapped.sendall(head("/validate", b"content-length: " + length) + b"{}")

        assert received(wrapped)[:10] in (b"HTTP/1.1 4", b"")


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_was_cut_off_brings_no_answer_but_a_refusal(
    server: Running, certs: Certificates, path: str
) -> None:
    with connected(server, certs) as wrapped:
        wrapped.sendall(head(path, b"content-length: %d" % len(GOOD)) + GOOD[:100])

        socket.socket.shutdown(wrapped, socket.SHUT_WR)  # the wrapper's own would end the encryption, too

        assert received(wrapped)[:10] in (b"HTTP/1.1 4", b"")


def test_a_body_that_does_not_come_is_a_408(server: Running, certs: Certificates) -> None:
    started_s = time.monotonic()
    with connected(server, certs) as wrapped:
        wrapped.sendall(head("/mutate/pods", b"content-length: %d" % len(GOOD)) + GOOD[:100])

        assert received(wrapped).startswith(b"HTTP/1.1 408")
    assert time.monotonic() - started_s < SLOWEST_S


def test_a_body_that_comes_byte_by_byte_is_a_408(server: Running, certs: Certificates) -> None:
    started_s = time.monotonic()
    with connected(server, certs) as wrapped:
        wrapped.sendall(head("/mutate/pods", b"content-length: %d" % len(GOOD)))

        assert dribble(wrapped, GOOD).startswith(b"HTTP/1.1 408")
    assert time.monotonic() - started_s < SLOWEST_S


def test_headers_that_come_byte_by_byte_end_the_connection(server: Running, certs: Certificates) -> None:
    started_s = time.monotonic()
    with connected(server, certs) as wrapped:
        wrapped.sendall(b"POST /mutate/pods HTTP/1.1\r\n")

        assert dribble(wrapped, b"x: " + b"y" * 1000)[:12] in (b"", b"HTTP/1.1 408")
    assert time.monotonic() - started_s < SLOWEST_S


@pytest.mark.parametrize("said", [b"", b"P"])
def test_a_client_that_says_nothing_is_dropped(server: Running, certs: Certificates, said: bytes) -> None:
    started_s = time.monotonic()
    with connected(server, certs) as wrapped:
        wrapped.sendall(said)

        assert received(wrapped)[:12] in (b"", b"HTTP/1.1 408")
    assert time.monotonic() - started_s < SLOWEST_S


def test_many_slow_clients_do_not_keep_a_fast_one_waiting(server: Running, certs: Certificates) -> None:
    port = int(server.url.rpartition(":")[2])
    context = ssl.create_default_context(cafile=str(certs.ca))
    slow = [
        context.wrap_socket(socket.create_connection(("127.0.0.1", port), SLOWEST_S), server_hostname="localhost")
        for _ in range(100)
    ]
    try:
        for one in slow:
            one.sendall(head("/mutate/pods", b"content-length: %d" % len(GOOD)) + b"{")
        started_s = time.monotonic()

        assert server.post("/mutate/pods", GOOD).status == 200
        assert time.monotonic() - started_s < 2
    finally:
        for one in slow:
            one.close()


GARBAGE = {
    "zeros": b"\x00" * 4096,
    "plain HTTP": head("/mutate/pods", b"content-length: 2") + b"{}",
    "a record without end": b"\x16\x03\x01\xff\xff" + b"\xff" * 600,
    "half of a hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x01" * 20,
    "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
    "SSLv2": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + b"\x00" * 37,
}


@pytest.mark.parametrize("what", GARBAGE)
def test_what_is_no_tls_hurts_nobody(server: Running, what: str) -> None:
    port = int(server.url.rpartition(":")[2])

    with socket.create_connection(("127.0.0.1", port), SLOWEST_S) as plain:
        plain.sendall(GARBAGE[what])
        plain.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while plain.recv(4096):
                pass


@pytest.mark.parametrize(
    "sent",
    [
        b"GARBAGE\r\n\r\n",
        b"POST /validate HTTP/9.9\r\n\r\n",
        b"POST " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"POST /validate HTTP/1.1\r\n" + b"x: y\r\n" * 10_000 + b"\r\n",
        b"POST /validate HTTP/1.1\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 100,
    ],
    ids=["no HTTP", "a version", "a path", "many headers", "a header", "half of HTTP/2"],
)
def test_what_is_no_request_is_refused(server: Running, certs: Certificates, sent: bytes) -> None:
    with connected(server, certs) as wrapped:
        with suppress(*GONE):
            wrapped.sendall(sent)

        assert not received(wrapped).startswith((b"HTTP/1.1 5", b"HTTP/1.1 2"))


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize("path", PATHS)
def test_reviews_come_by_post_only(server: Running, path: str, method: str) -> None:
    answer = server.http.request(method, f"{server.url}{path}", retries=False, timeout=10)

    assert answer.status == 405
