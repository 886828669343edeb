"""A Secret that feeds an app and the init container that makes its role."""

from __future__ import annotations

from injector.model import Verdict
from injector.rules.example import external_secret
from tests.unit.rules.judging import credential_of, judge

_KEYS = {
    "WEB_DB_PASSWORD": "shop#password",
    "INIT_POSTGRES_PASS": "shop#password",
    "INIT_POSTGRES_SUPER_PASS": "pg#super",
}


def _deployment(app: str) -> str:
    return f"""\
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  template:
    spec:
      initContainers:
        - name: init-db
          image: ghcr.io/acme/postgres-init:17
          envFrom: [{{secretRef: {{name: web}}}}]
      containers:
        - name: app
          image: ghcr.io/acme/web:1.4
          {app}
"""


def test_what_the_app_logs_in_with_is_its_own_though_the_init_container_loads_the_whole_secret() -> None:
    report = judge(external_secret("shop/web", _KEYS) + _deployment("envFrom: [{secretRef: {name: web}}]"))

    assert credential_of(report, "WEB_DB_PASSWORD").verdict is Verdict.DYNAMIC
    assert credential_of(report, "INIT_POSTGRES_PASS").kind == "provisioning-input"
    assert credential_of(report, "INIT_POSTGRES_SUPER_PASS").kind == "server-own"


def test_a_login_that_only_the_provisioning_container_reads_is_its_input() -> None:
    report = judge(external_secret("shop/web", _KEYS) + _deployment("env: []"))

    assert credential_of(report, "WEB_DB_PASSWORD").kind == "provisioning-input"


def test_provisioning_input_that_the_app_names_is_the_apps_login() -> None:
    ref = "valueFrom: {secretKeyRef: {name: web, key: INIT_POSTGRES_PASS}}"
    report = judge(external_secret("shop/web", _KEYS) + _deployment(f"env: [{{name: DB_PASSWORD, {ref}}}]"))

    assert credential_of(report, "INIT_POSTGRES_PASS").verdict is Verdict.DYNAMIC
