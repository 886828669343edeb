"""Requests that schemathesis makes of the OpenAPI document, to the real server: what comes back is what the document says.

Its own plugin for pytest is not used: it would be loaded in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from schemathesis import GenerationMode

from injector.migration.write import write_migration
from tests.unit.pod.making import migration
from tests.webhook.processes import Running, running
from webhook.app import PATHS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp("webhook")
    (folder / "policies").mkdir()
    (folder / "policies" / "db.yaml").write_text(write_migration(migration()), encoding="utf-8")
    with running(folder / "policies", folder / "log") as made:
        yield made


POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        *((path, mode) for path in PATHS for mode in (POSITIVE, NEGATIVE)),
        ("/healthz", POSITIVE),
        ("/readyz", POSITIVE),
        ("/metrics", POSITIVE),
    ],
)
def test_every_answer_is_what_the_document_says(server: Running, path: str, mode: GenerationMode) -> None:
    """A bounded number of requests, the same ones every time."""
    document: Any = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    operation = document[path]["POST" if path in PATHS else "GET"]

    @seed(1)
    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        case.call_and_validate(timeout=10)

    send()

    assert server.popen.poll() is None
    assert 'level": "ERROR' not in server.log.read_text(encoding="utf-8")
