"""The door to an API server: what is told when it cannot be opened, and what passes through it."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from injector.errors import ClusterError
from tests.lab.certs import Certificates, create_certificates
from tests.lab.waiting import wait_until
from tests.webhook.apistub import NAMESPACES, StubApi, serving
from tests.webhook.watch.scripted import namespace
from webhook.api import login
from webhook.api.client import ApiClient, connect
from webhook.api.port import MERGE_PATCH
from webhook.settings import Target


def config(folder: Path, server: str = "https://127.0.0.1:1") -> Path:
    file = folder / "kubeconfig"
    made = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": server}}],
        "users": [{"name": "x", "user": {"token": "a-token"}}],
    }
    file.write_text(json.dumps(made), encoding="utf-8")
    return file


@pytest.mark.parametrize("text", ["", "a: [", "[]", "contexts: 1\ncurrent-context: x", "{}"])
def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ClusterError, match="no kubeconfig that can be used"):
        connect(Target(str(file)))


def test_a_context_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="name another context"):
        connect(Target(str(config(tmp_path)), "other"))


def test_outside_of_a_pod_a_source_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(ClusterError, match="name a --kubeconfig, or a --policy-dir"):
        connect(Target())


@pytest.fixture(scope="module")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return create_certificates(tmp_path_factory.mktemp("pki"))


def test_a_pod_asks_with_its_token_which_kubelet_renews(
    tmp_path: Path, certs: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving({NAMESPACES: []}, certs) as stub:
        for name, value in stub.write_pod(tmp_path / "pod", certs).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(login, "POD", tmp_path / "pod")
        api = connect(Target())

        api.send("GET", NAMESPACES)
        (tmp_path / "pod/token").write_text("b-token\n", encoding="ascii")
        api.send("GET", NAMESPACES)
        api.close()

    assert stub.tokens == ["Bearer a-token", "Bearer b-token"]


@pytest.fixture
def pod(tmp_path: Path, certs: Certificates, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a pod of an API server that is not there is given."""
    for name, value in StubApi({}).write_pod(tmp_path / "pod", certs).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(login, "POD", tmp_path / "pod")
    return tmp_path / "pod"


@pytest.mark.parametrize("name", ["token", "ca.crt"])
def test_a_pod_that_lacks_a_file_cannot_log_in(pod: Path, name: str) -> None:
    (pod / name).unlink()

    with pytest.raises(ClusterError, match="no pod with a token of its ServiceAccount"):
        connect(Target())


def test_a_token_that_went_away_is_told(pod: Path) -> None:
    api = connect(Target())
    (pod / "token").unlink()

    with pytest.raises(ClusterError, match="the token cannot be read \\(FileNotFoundError\\)"):
        api.send("GET", NAMESPACES)


def test_a_pod_of_another_ca_is_not_believed(tmp_path: Path, pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = create_certificates(tmp_path / "other")
    with serving({NAMESPACES: []}, other) as stub:
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(stub.port))

        with pytest.raises(ClusterError, match="no answer \\(SSLError\\)"):
            connect(Target()).send("GET", NAMESPACES)

    assert pod.is_dir()
    assert stub.tokens == []


def test_an_address_with_colons_is_put_in_brackets(pod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    assert pod.is_dir()
    assert login.find_login(Target()).host == "https://[fd00::1]:443"


def test_no_answer_is_told_without_the_librarys_own_text(tmp_path: Path) -> None:
    api = connect(Target(str(config(tmp_path))))

    with pytest.raises(ClusterError) as told:
        api.send("GET", "/api/v1/namespaces")

    assert str(told.value) == ("GET /api/v1/namespaces: no answer (NewConnectionError); is the API server there?")
    assert (told.value.status, told.value.reason) == (0, "")


@pytest.fixture
def stub() -> Iterator[StubApi]:
    with serving({NAMESPACES: [namespace("a"), namespace("b")]}) as made:
        yield made


@pytest.fixture
def api(stub: StubApi, tmp_path: Path) -> ApiClient:
    return connect(Target(str(stub.write_kubeconfig(tmp_path))))


def test_an_answer_is_its_bytes_and_the_token_is_sent(api: ApiClient, stub: StubApi) -> None:
    page = orjson.loads(api.send("GET", NAMESPACES, query={"limit": "1"}))

    assert [one["metadata"]["name"] for one in page["items"]] == ["a"]
    assert stub.tokens == ["Bearer a-token"]


def test_a_body_is_sent_as_json_of_its_type(api: ApiClient, stub: StubApi) -> None:
    api.send("PATCH", "/api/v1/x", {"a": 1}, content_type=MERGE_PATCH)

    assert stub.sent == [("PATCH", "/api/v1/x", b'{"a":1}')]


@pytest.mark.parametrize(("status", "advice"), [(403, "ClusterRole of deploy/base"), (418, "API server's log")])
def test_a_refusal_is_told_with_its_reason_and_without_its_message(
    api: ApiClient, stub: StubApi, status: int, advice: str
) -> None:
    stub.refusals[NAMESPACES] = status

    with pytest.raises(ClusterError, match=advice) as told:
        api.send("GET", NAMESPACES)

    assert (told.value.status, told.value.reason) == (status, "Because")
    assert "quoted" not in str(told.value)


def test_a_token_that_is_unknown_is_read_again(api: ApiClient, stub: StubApi, tmp_path: Path) -> None:
    stub.refusals[NAMESPACES] = 401
    stub.write_kubeconfig(tmp_path, "b-token")
    with pytest.raises(ClusterError, match="401"):
        api.send("GET", NAMESPACES)
    del stub.refusals[NAMESPACES]

    api.send("GET", NAMESPACES)

    assert stub.tokens == ["Bearer a-token", "Bearer b-token"]


def test_a_stream_yields_what_comes_until_it_ends(api: ApiClient, stub: StubApi) -> None:
    with api.stream(NAMESPACES, query={"watch": "1"}, silence_s=5) as stream:
        wait_until(lambda: stub.watches(NAMESPACES), what="the watch is open")
        stub.push(NAMESPACES, b"one\n")
        stub.push(NAMESPACES, b"two\n")
        stub.push(NAMESPACES, b"")

        assert b"".join(stream) == b"one\ntwo\n"


def test_a_stream_that_is_silent_for_too_long_is_broken(api: ApiClient) -> None:
    with (
        api.stream(NAMESPACES, query={"watch": "1"}, silence_s=0.1) as stream,
        pytest.raises(ClusterError, match="ReadTimeoutError"),
    ):
        list(stream)


def test_a_stream_can_be_stopped_by_another_thread(api: ApiClient, stub: StubApi) -> None:
    with api.stream(NAMESPACES, query={"watch": "1"}, silence_s=60) as stream:
        stopper = threading.Timer(0, stream.stop)
        stopper.start()
        with contextlib.suppress(ClusterError):
            list(stream)
        stopper.join()
    stub.end_all()
    api.close()

    wait_until(lambda: not stub.watches(NAMESPACES), what="the connection is closed")
