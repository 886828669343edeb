"""What becomes of a pod by its label alone, by its namespace's default, and by annotations that narrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from injector.config.model import Enforce, EngineRole, Override
from injector.migration.model import Stage
from injector.model import Verdict
from injector.pod.model import Json
from tests.property.admitted import CONVENTION
from tests.unit.convention.deciding import LOGIN, ask, external_secret, login, namespace, notes, reader
from tests.unit.pod.making import OPT_IN, app, from_secret, migration, pod


def test_label_alone_is_enough_where_the_convention_allows_it() -> None:
    made = ask(reader(), login())

    assert made.change.warnings == ()
    assert made.change.released == ("db",)
    assert notes(made)["vault.hashicorp.com/role"] == "shop.web"
    assert notes(made)["vault.hashicorp.com/auth-path"] == "auth/clusters/one"
    assert "database/creds/shop.db.postgresql" in notes(made).values()


def test_namespace_that_the_convention_does_not_name_needs_a_migration() -> None:
    made = ask(reader(), login(namespace="other"), where="other")

    assert made.change.warnings == (
        "phase2: Secret db stays: the label alone is not enough in namespace other; commit its SecretMigration",
    )


def test_committed_migration_wins_over_what_the_label_stands_for() -> None:
    made = ask(reader(), login(), migrations=[replace(migration(role="by-hand"), stage=Stage.INJECT)])

    assert notes(made)["vault.hashicorp.com/role"] == "by-hand"


def test_committed_migration_wins_also_at_stage_prepare() -> None:
    made = ask(reader(), login(), migrations=[migration(stage=Stage.PREPARE)])

    assert made.change.warnings == ("phase2: Secret db stays for now: its SecretMigration is at stage prepare",)


def test_committed_migration_of_the_source_wins_whatever_secret_it_names() -> None:
    body = reader()
    decided = replace(migration(), secret="former")  # noqa: S106 - a name

    made = ask(body, login(), migrations=[decided])

    assert made.change.pod is body


def test_static_secret_stays_with_its_reason() -> None:
    made = ask(reader(), external_secret(data=("API_TOKEN",)))

    assert len(made.change.warnings) == 1
    assert made.change.warnings[0].startswith("phase2: Secret db stays: it is static: ")


def test_login_that_only_a_name_tells_stays() -> None:
    made = ask(reader(), external_secret(data=("PGUSER", "PGPASSWORD")))

    assert "only with medium confidence" in made.change.warnings[0]


def test_reader_that_must_change_first_stays() -> None:
    body = pod(app(env=[from_secret("DATABASE_URL", "DATABASE_URL")]))

    made = ask(body, login())

    assert made.change.pod is body
    assert "the pod is not ready for it: reads DATABASE_URL from the environment" in made.change.warnings[0]


def test_variable_that_the_app_reads_from_a_file_as_well_moves() -> None:
    secret = external_secret(template={"GF_DATABASE_URL": LOGIN["DATABASE_URL"]})
    grafana = app(image="grafana/grafana:11", env=[from_secret("GF_DATABASE_URL", "GF_DATABASE_URL")])

    made = ask(pod(grafana), secret)

    spec = cast("dict[str, Any]", made.change.pod["spec"])
    assert spec["containers"][0]["env"] == [
        {"name": "GF_DATABASE_URL__FILE", "value": "/vault/secrets/db/GF_DATABASE_URL"}
    ]
    assert made.change.warnings == ()


def test_secret_that_two_external_secrets_write_stays() -> None:
    made = ask(reader(), login(), login("other", target="db"))

    assert "several ExternalSecrets write it" in made.change.warnings[0]


def test_pod_of_an_operator_stays() -> None:
    body = reader()
    owner: Json = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "name": "pg", "controller": True}
    body["metadata"] = {**cast("dict[str, Json]", body["metadata"]), "ownerReferences": [owner]}

    made = ask(body, login())

    assert "the pod is made by Cluster, whose manifest is not known" in made.change.warnings[0]


def test_engine_without_a_mount_in_the_convention_stays() -> None:
    without = replace(CONVENTION, vault=replace(CONVENTION.vault, mounts={"rabbitmq": "rabbitmq"}))

    made = ask(reader(), login(), given=without)

    assert made.change.warnings == (
        "phase2: Secret db stays: nobody says where database/postgresql is mounted; add it to vault.mounts in phase2.yaml",
    )


def test_certificate_that_nobody_says_a_name_for_stays() -> None:
    """A template without it would be refused by Vault, and the pod would not start."""
    certificate = external_secret(data=("ca.crt", "tls.crt", "tls.key"))
    private = Override(name="db", verdict=Verdict.DYNAMIC, engine="pki", reason="ours")
    unnamed = replace(
        CONVENTION, vault=replace(CONVENTION.vault, mounts={"pki": "pki"}), overrides=(private, *CONVENTION.overrides)
    )
    named = replace(unnamed, engine_roles=(EngineRole(engine="pki", request={"common_name": "web.shop.svc"}),))

    kept, moved = ask(reader(), certificate, given=unnamed), ask(reader(), certificate, given=named)

    assert kept.change.warnings == (
        "phase2: Secret db stays: nobody says whose certificate it is; give pki its common_name as request in engineRoles of "
        "phase2.yaml",
    )
    assert kept.change.released == ()
    assert moved.change.released == ("db",)
    assert any('secret "pki/issue/shop.db.pki" "common_name=web.shop.svc"' in one for one in notes(moved).values())


def test_namespace_label_opts_its_pods_in() -> None:
    made = ask(reader(labels={"app": "web"}), login(), namespace(inject="enabled"))

    assert made.change.released == ("db",)
    assert cast("dict[str, dict[str, str]]", made.change.pod["metadata"])["labels"] == {
        "app": "web",
        "phase2.tazlab.net/inject": "true",
        "phase2.tazlab.net/eso": "skip",
    }


@pytest.mark.parametrize("value", ["true", "disabled", ""])
def test_only_the_word_enabled_makes_a_default(value: str) -> None:
    body = reader(labels={})

    made = ask(body, login(), namespace(inject=value))

    assert made.change.pod is body
    assert made.change.warnings == ()


@pytest.mark.parametrize("value", ["false", "no", ""])
def test_pod_with_a_label_of_its_own_decides_for_itself(value: str) -> None:
    body = reader(labels={"phase2.tazlab.net/inject": value})

    made = ask(body, login(), namespace(inject="enabled"))

    assert made.change.pod is body
    assert made.change.warnings == ()


def test_pod_by_default_is_not_told_of_secrets_that_nobody_knows() -> None:
    made = ask(reader(labels={}), namespace(inject="enabled"))

    assert made.change.warnings == ()


def test_default_of_one_namespace_is_none_of_another() -> None:
    body = reader(labels={})

    made = ask(body, login(namespace="other"), namespace("shop", inject="enabled"), where="other")

    assert made.change.pod is body


def test_pod_that_asks_for_what_is_static_is_denied_where_that_is_enforced() -> None:
    token = external_secret(data=("API_TOKEN",))

    assert (
        "asks for dynamic credentials of Secret db: it is static" in ask(reader(), token, enforce=Enforce.DENY).denied
    )
    assert ask(reader(), token).denied == ""


def test_pod_that_names_what_is_static_is_denied_though_another_could_move() -> None:
    objects = [external_secret(data=("API_TOKEN",)), login("mq")]

    assert ask(reader({"secrets": "db"}), *objects, enforce=Enforce.DENY).denied


@pytest.mark.parametrize(
    ("labels", "objects"),
    [
        (OPT_IN, [login()]),
        (OPT_IN, [external_secret(data=("PGUSER", "PGPASSWORD"))]),
        (OPT_IN, []),
        ({}, [external_secret(data=("API_TOKEN",)), namespace(inject="enabled")]),
        ({"phase2.tazlab.net/inject": "false"}, [external_secret(data=("API_TOKEN",))]),
    ],
)
def test_nobody_else_is_denied(labels: dict[str, str], objects: list[dict[str, object]]) -> None:
    assert ask(reader(labels=labels), *objects, enforce=Enforce.DENY).denied == ""


def test_migration_makes_nothing_static() -> None:
    token = external_secret(data=("API_TOKEN",))

    made = ask(reader(), token, migrations=[migration(account="other")], enforce=Enforce.DENY)

    assert made.denied == ""


@pytest.mark.parametrize(
    "asked",
    [{"role": "shop.web"}, {"delivery": "file"}, {"delivery": "file, env-file"}, {"secrets": "db"}],
)
def test_annotation_that_asks_for_what_there_is_changes_nothing(asked: dict[str, str]) -> None:
    assert ask(reader(asked), login()).change.released == ("db",)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"role": "shop.admin"}, "asks for another role than shop.web"),
        ({"delivery": "env-file"}, "delivered by file, which the pod does not ask for"),
        ({"secrets": "mq"}, "there is no SecretMigration mq"),
    ],
)
def test_annotation_that_asks_for_anything_else_leaves_the_pod_alone(asked: dict[str, str], said: str) -> None:
    body = reader(asked)

    made = ask(body, login())

    assert made.change.pod is body
    assert any(said in one for one in made.change.warnings)


@pytest.mark.parametrize("committed", [True, False])
def test_annotations_narrow_committed_and_computed_migrations_alike(committed: bool) -> None:  # noqa: FBT001 - a case
    body = reader({"role": "root"})

    made = ask(body, login(), migrations=[migration()] if committed else [])

    assert made.change.pod is body


def test_order_of_the_cluster_says_nothing() -> None:
    one = ask(reader(), login(), login("mq", target="queue"), namespace(inject="enabled"))
    other = ask(reader(), namespace(inject="enabled"), login("mq", target="queue"), login())

    assert one.change == other.change
