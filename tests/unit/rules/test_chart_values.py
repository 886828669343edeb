"""What the values of charts tell: whose server a password is for, what a bare URL leads to, which store keys are of."""

from __future__ import annotations

import pytest

from injector.model import Verdict
from injector.rules.example import document, external_secret, manifests
from tests.unit.rules.judging import credential_of, item_of, judge


def release(chart: str, values: str) -> str:
    body = f"spec: {{chart: {{spec: {{chart: {chart}}}}}, values: {values}}}"
    return document("helm.toolkit.fluxcd.io/v2", "HelmRelease", "shop/web", body)


@pytest.mark.parametrize(
    ("chart", "values"),
    [
        ("web", "{postgresql: {enabled: false, auth: {existingSecret: web}}}"),
        ("web", "{postgresql: {deploy: false, host: pg, auth: {existingSecret: web}}}"),
        ("web", "{postgresql: {type: external, external: {existingSecret: web}}}"),
        ("web", "{postgresql: {external: true, existingSecret: web}}"),
        ("acme-postgres-exporter", "{postgres: {existingSecret: web}}"),
        ("acme-postgres-exporter", "{auth: {secret: {name: web, key: password}}}"),
    ],
)
def test_a_server_that_runs_elsewhere_is_logged_in_to(chart: str, values: str) -> None:
    report = judge(manifests(external_secret("shop/web", {"password": "shop/web#password"}), release(chart, values)))

    assert credential_of(report, "password").engine == "database/postgresql"
    assert item_of(report, "web").verdict is Verdict.DYNAMIC


def test_a_server_of_the_chart_keeps_its_own_password() -> None:
    values = "{postgresql: {auth: {existingSecret: web}}}"

    report = judge(manifests(external_secret("shop/web", {"password": "shop/web#password"}), release("web", values)))

    assert credential_of(report, "password").kind == "server-own"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ("{database: {existingSecret: web}}", "database-login"),
        ("{data: {metadataSecretName: web}}", "database-login"),
        ("{data: {resultBackendSecretName: web}}", "database-login"),
        ("{data: {brokerUrlSecretName: web}}", "database-login"),
        ("{site: {existingSecret: web}}", "configuration"),
    ],
)
def test_the_field_that_names_the_secret_tells_what_a_bare_url_leads_to(values: str, kind: str) -> None:
    report = judge(manifests(external_secret("shop/web", {"uri": "shop/web#uri"}), release("web", values)))

    assert credential_of(report, "uri").kind == kind


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ("{media: {s3: {accessKeySecret: {name: web, key: access-key}}}}", Verdict.DYNAMIC),
        ("{media: {s3: {endpoint: 'store:9000', accessKeySecret: {name: web, key: access-key}}}}", Verdict.STATIC),
        ("{backup: {s3: {accessKeySecret: {name: web, key: access-key}}}}", Verdict.STATIC),
        ("{media: {s3: {accessKeySecret: {name: web, key: access-key}}}, otel: {endpoint: 'o:4317'}}", Verdict.DYNAMIC),
    ],
)
def test_the_values_tell_whose_store_the_keys_are_for(values: str, verdict: Verdict) -> None:
    keys = {"access-key": "shop/web#access", "secret-key": "shop/web#secret"}

    report = judge(manifests(external_secret("shop/web", keys), release("web", values)))

    assert credential_of(report, "access-key").verdict is verdict
