"""The application by HTTP, without a server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from fastapi.testclient import TestClient

from injector.migration.write import write_migration
from tests.canary import CANARY, has_canary
from tests.lab.certs import create_certificates
from tests.lab.waiting import wait_until
from tests.unit.pod.making import app as container
from tests.unit.pod.making import from_secret, migration, mounted, pod, volume
from tests.webhook.reviews import review
from webhook.app import PATHS, create_app
from webhook.certs.terms import Places
from webhook.policies import PolicyFolder
from webhook.review import MAX_BODY
from webhook.settings import KEPT, Keeping, Listen, Settings, Target, TlsFiles

JSON = {"content-type": "application/json"}


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "db.yaml").write_text(write_migration(migration()), encoding="utf-8")
    return folder


@pytest.fixture
def client(policies: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(policy_dir=str(policies)))) as made:
        yield made


def metric(client: TestClient, line: str) -> float:
    found = [one for one in client.get("/metrics").text.splitlines() if one.startswith(f"{line} ")]
    return float(found[0].rpartition(" ")[2])


def test_pod_is_patched(client: TestClient) -> None:
    answer = client.post("/mutate/pods", content=review(pod(mounted(), volumes=[volume()])), headers=JSON)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json()["response"]["patchType"] == "JSONPatch"


@pytest.mark.parametrize("path", PATHS)
def test_every_path_answers_reviews(client: TestClient, path: str) -> None:
    answer = client.post(path, content=review({"metadata": {}}), headers=JSON)

    assert answer.json()["response"]["allowed"] is True


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_reviews_come_by_post_only(client: TestClient, path: str, method: str) -> None:
    assert client.request(method, path).status_code == 405


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_refused(client: TestClient, content_type: str) -> None:
    answer = client.post("/mutate/pods", content=review(pod()), headers={"content-type": content_type})

    assert answer.status_code == 415


def test_content_type_may_name_a_charset(client: TestClient) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}

    assert client.post("/mutate/pods", content=review(pod()), headers=headers).status_code == 200


def test_body_above_the_limit_is_refused_by_its_announced_length(client: TestClient) -> None:
    answer = client.post("/mutate/pods", content=b" " * (MAX_BODY + 1), headers=JSON)

    assert answer.status_code == 413


def test_body_above_the_limit_is_refused_when_it_comes_in_pieces(client: TestClient) -> None:
    pieces = (b" " * 1024 * 1024 for _ in range(9))

    assert client.post("/mutate/pods", content=pieces, headers=JSON).status_code == 413


@pytest.mark.parametrize("body", [b"", b"[", b"\xff\xff", b'{"kind": "AdmissionReview"}'])
def test_what_is_no_review_is_a_400_and_counted(client: TestClient, body: bytes) -> None:
    answer = client.post("/mutate/pods", content=body, headers=JSON)

    assert answer.status_code == 400
    assert metric(client, 'phase2_admission_requests_total{endpoint="pods",outcome="bad-request"}') == 1


def test_nothing_of_a_request_is_in_answers_metrics_or_logs(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    body = pod(
        container(env=[{"name": "P", "value": CANARY}, from_secret("Q", "password", "other")], image=CANARY),
        annotations={"note": CANARY},
    )

    with caplog.at_level("DEBUG"):
        answers = [client.post(path, content=review(body), headers=JSON) for path in PATHS]
        answers += [client.post(path, content=review(body)[:-9], headers=JSON) for path in PATHS]

    assert not any(has_canary(one.content) for one in answers)
    assert not has_canary(client.get("/metrics").text)
    assert not any(has_canary(record.__dict__) for record in caplog.records)
    assert [record for record in caplog.records if record.getMessage() == "answered"]


def test_log_of_an_answer_has_uid_namespace_and_outcome(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        client.post("/mutate/pods", content=review(pod(mounted(), volumes=[volume()])), headers=JSON)

    [record] = [one for one in caplog.records if one.getMessage() == "answered"]
    assert record.__dict__["fields"] == {
        "endpoint": "pods",
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "namespace": "shop",
        "outcome": "mutated",
        "status": 200,
    }


def test_answers_are_counted_by_outcome_and_timed(client: TestClient) -> None:
    client.post("/mutate/pods", content=review(pod(mounted(), volumes=[volume()])), headers=JSON)
    client.post("/mutate/pods", content=review(pod(labels={})), headers=JSON)

    assert metric(client, 'phase2_admission_requests_total{endpoint="pods",outcome="mutated"}') == 1
    assert metric(client, 'phase2_admission_requests_total{endpoint="pods",outcome="unchanged"}') == 1
    assert metric(client, 'phase2_admission_requests_total{endpoint="validate",outcome="denied"}') == 0
    assert metric(client, 'phase2_admission_duration_seconds_count{endpoint="pods"}') == 2


def test_pods_that_are_flagged_are_counted_and_dry_runs_are_not(client: TestClient) -> None:
    moved = pod(mounted(), volumes=[volume()])

    for body in (review(moved), review(moved, dryRun=True), review(pod(labels={})), review(moved, operation="UPDATE")):
        client.post("/mutate/pods", content=body, headers=JSON)

    assert metric(client, "phase2_pods_flagged_total") == 1


def test_metrics_tell_what_is_held(client: TestClient) -> None:
    assert metric(client, "phase2_secretmigrations") == 1
    assert metric(client, "phase2_policy_problems") == 0
    assert metric(client, "phase2_ready") == 1
    assert 0 < metric(client, "phase2_snapshot_age_seconds") < 60


def test_it_is_ready_once_everything_was_read(client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_it_is_alive_but_not_ready_without_its_folder(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(policy_dir=str(tmp_path / "nowhere")))) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503


def test_a_broken_file_is_a_number_and_a_line_of_the_log(policies: Path, caplog: pytest.LogCaptureFixture) -> None:
    (policies / "broken.yaml").write_text("a: [", encoding="utf-8")

    with caplog.at_level("INFO"), TestClient(create_app(Settings(policy_dir=str(policies)))) as client:
        assert metric(client, "phase2_policy_problems") == 1
        assert client.get("/readyz").status_code == 200

    assert any("broken.yaml:2: is no YAML" in record.getMessage() for record in caplog.records)


def test_openapi_document_is_valid_and_describes_every_path(client: TestClient) -> None:
    document = client.get("/openapi.json").json()

    OpenAPI.model_validate(document)
    assert set(document["paths"]) == {*PATHS, "/healthz", "/readyz", "/metrics"}
    assert all(_find(document, one) for one in _references(document))


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _find(document: Any, reference: str) -> object:
    for step in reference.removeprefix("#/").split("/"):
        document = document[step]
    return document


def test_no_page_loads_scripts_from_elsewhere(client: TestClient) -> None:
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404


def test_what_changes_in_the_folder_is_taken_up_beside_the_requests(policies: Path) -> None:
    with TestClient(create_app(Settings(policy_dir=str(policies), poll_s=0.01))) as client:
        (policies / "second.yaml").write_text(write_migration(migration(name="second")), encoding="utf-8")

        wait_until(lambda: metric(client, "phase2_secretmigrations") == 2, what="the new file is read")


def test_a_bug_while_reading_the_folder_keeps_what_is_known(
    policies: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_self: PolicyFolder) -> None:
        raise ValueError(CANARY)

    with TestClient(create_app(Settings(policy_dir=str(policies), poll_s=0.01))) as client:
        monkeypatch.setattr(PolicyFolder, "load", fail)
        wait_until(lambda: "a bug: ValueError while reading the policy folder" in caplog.text, what="it was told")

        assert client.get("/readyz").status_code == 200
        assert metric(client, "phase2_secretmigrations") == 1
    assert not has_canary(caplog.text)


def test_expiry_of_a_certificate_is_told(policies: Path, tmp_path: Path) -> None:
    certs = create_certificates(tmp_path / "pki")
    settings = Settings(policy_dir=str(policies), tls=TlsFiles(certs.server_cert, certs.server_key))

    with TestClient(create_app(settings)) as client:
        told = metric(client, "phase2_certificate_expiry_timestamp_seconds")
        certs.server_cert.write_bytes(b"no certificate")
        broken = metric(client, "phase2_certificate_expiry_timestamp_seconds")

    assert 0 < told - time.time() <= 2 * 24 * 3600
    assert broken == 0


def test_its_start_waits_for_all_that_there_is_to_know_and_says_so(policies: Path) -> None:
    said: list[str] = []
    settings = Settings(policy_dir=str(policies))

    with TestClient(create_app(settings, on_ready=lambda: said.append("ready"), patience_s=30)):
        at_start = list(said)

    assert at_start == ["ready"]


def test_its_start_does_not_wait_for_ever_and_says_so_later(tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / "later"
    settings = Settings(policy_dir=str(folder), poll_s=0.05)

    with TestClient(create_app(settings, on_ready=lambda: said.append("ready"), patience_s=0.1)) as client:
        at_start, status = list(said), client.get("/readyz").status_code
        folder.mkdir()
        wait_until(lambda: said, what="it says that it is ready")

    assert (at_start, status) == ([], 503)


def test_metrics_tell_of_the_certificates_that_it_keeps(policies: Path, tmp_path: Path) -> None:
    pki = create_certificates(tmp_path / "pki")
    (tmp_path / "ca.crt").write_bytes(pki.ca.read_bytes())
    keeping = Keeping(
        cluster=Target(),
        places=Places(namespace="a", secret="b", mutating="c", validating="d"),  # noqa: S106 - a name
        names=frozenset({"x"}),
        folder=tmp_path,
        listen=Listen(),
    )
    settings = Settings(policy_dir=str(policies), keeping=keeping)
    with TestClient(create_app(settings)) as client:
        before = metric(client, "phase2_certificates_kept_timestamp_seconds")
        (tmp_path / KEPT).touch()

        assert before == 0
        assert metric(client, "phase2_certificates_kept_timestamp_seconds") > 1.7e9
        assert metric(client, "phase2_ca_expiry_timestamp_seconds") > 1.7e9
