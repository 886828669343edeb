"""Annotations by which a pod narrows what it gets, and texts that are none."""

from __future__ import annotations

import pytest

from injector.migration.model import Delivery
from injector.pod.model import Settings
from injector.pod.mutate import mutate_pod
from injector.pod.overrides import Overrides, read_overrides
from tests.unit.pod.making import migration, mounted, pod, volume

CANARY = "x}}{{ file `/etc/shadow` }}"
ATTACKS = [
    "",
    ",",
    "db,",
    "DB",
    "../db",
    CANARY,
    "db\nvault.hashicorp.com/role: root",
    "db{{ end }}",
    "-db",
    "d" * 300,
    ",".join(f"n{number}" for number in range(100)),
]


def read(**annotations: str) -> Overrides | str:
    body = pod(annotations={f"phase2.tazlab.net/{key}": value for key, value in annotations.items()})
    return read_overrides(body, Settings())


def test_pod_without_annotations_asks_for_nothing() -> None:
    assert read() == Overrides()


def test_lists_are_read_with_and_without_blanks() -> None:
    assert read(secrets="db, mq.two", delivery="file,env-file", role="a_B.c-1") == Overrides(
        secrets=frozenset({"db", "mq.two"}), deliveries=frozenset({Delivery.FILE, Delivery.ENV_FILE}), role="a_B.c-1"
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (name, text)
        for name in ("secrets", "delivery", "role")
        for text in ATTACKS
        if name != "role" or text not in ("DB", "-db")  # a role in Vault may be called so
    ],
)
def test_text_that_is_none_leaves_the_pod_alone_and_is_never_given_back(name: str, text: str) -> None:
    body = pod(mounted(), volumes=[volume()], annotations={f"phase2.tazlab.net/{name}": text})

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert len(change.warnings) == 1
    assert f"annotation phase2.tazlab.net/{name} is no " in change.warnings[0]
    assert len(text) < 3 or text not in change.warnings[0]


@pytest.mark.parametrize("role", ["root", "shop-admin", "DB", "SHOP-WEB", "shop-web."])
def test_role_that_the_service_account_does_not_have_gets_nothing(role: str) -> None:
    body = pod(mounted(), volumes=[volume()], annotations={"phase2.tazlab.net/role": role})

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert change.warnings == (
        "phase2: Secret db stays: the pod asks for another role than shop-web, which its ServiceAccount has",
    )


@pytest.mark.parametrize(
    ("labels", "annotations"),
    [
        ({"phase2.tazlab.net/eso": "skip"}, {}),
        ({}, {"phase2.tazlab.net/released-secrets": "db"}),
        ({}, {"phase2.tazlab.net/migration-revision": "0123456789abcdef"}),
        ({"phase2.tazlab.net/eso": "skip"}, {"phase2.tazlab.net/migration-revision": "inline"}),
    ],
)
def test_pod_with_forged_marks_is_left_alone_in_words(labels: dict[str, str], annotations: dict[str, str]) -> None:
    body = pod(
        mounted(), volumes=[volume()], labels={"phase2.tazlab.net/inject": "true"} | labels, annotations=annotations
    )

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert "which only the webhook sets, and is not its work" in change.warnings[0]


def test_forged_injection_status_is_left_alone_in_words() -> None:
    body = pod(mounted(), volumes=[volume()], annotations={"vault.hashicorp.com/agent-inject-status": "injected"})

    change = mutate_pod(body, "shop", [migration()])

    assert change.pod is body
    assert "agent-inject-status" in change.warnings[0]


def test_migration_of_another_service_account_cannot_be_named_into_reach() -> None:
    body = pod(mounted(), volumes=[volume()], annotations={"phase2.tazlab.net/secrets": "db"})

    change = mutate_pod(body, "shop", [migration(account="admin", role="shop-admin")])

    assert change.pod is body
    assert change.warnings == ("phase2: Secret db stays: SecretMigration db does not speak of ServiceAccount web",)
