"""What Helm values tell about the container behind a Secret's name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.unit.inventory.reading import consumers_of, only, release


def _env(values: str, chart: str = "app") -> Mapping[str, str]:
    found = only(consumers_of(release(values, chart)))
    assert found.container is not None
    return found.container.env


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("image: ghcr.io/x/app:1", "ghcr.io/x/app:1"),
        ("{image: ghcr.io/x/app, tag: '1'}", "ghcr.io/x/app:1"),
        ("image: {repository: x/app, tag: 2}", "x/app:2"),
        ("image: {registry: quay.io, repository: x/app}", "quay.io/x/app"),
        ("image: {registry: quay.io, repository: quay.io/x/app}", "quay.io/x/app"),
        ("image: {name: x/app}", "x/app"),
        ("image: {tag: 2}", ""),
        ("image: [x]", ""),
        ("global: {image: {repository: x/app}}", "x/app"),
    ],
)
def test_image_is_put_together(image: str, expected: str) -> None:
    values = f"{image[:-1]}, existingSecret: s}}" if image.startswith("{") else f"{image}\nexistingSecret: s"
    found = only(consumers_of(release(values)))

    assert found.container is not None
    assert found.container.image == expected


def test_components_have_the_image_around_them() -> None:
    found = only(consumers_of(release("image: {repository: x/app}\nworker: {replicas: 1, existingSecret: s}")))

    assert found.container is not None
    assert (found.container.name, found.container.image) == ("worker", "x/app")


def test_servers_of_sub_charts_do_not_have_the_apps_image() -> None:
    found = only(consumers_of(release("image: {repository: x/app}\nredis: {auth: {existingSecret: s}}")))

    assert found.container is not None
    assert (found.container.name, found.container.image) == ("redis", "")


def test_grafana_ini_beside_the_secret_is_evidence() -> None:
    env = _env(
        """
        grafana:
          grafana.ini: {database: {type: postgres, host: "pg.db.svc:5432", user: grafana}, server: {protocol: http}}
          envFromSecret: s
        """,
        "kube-prometheus-stack",
    )

    assert env == {
        "grafana.ini/database.type": "postgres",
        "grafana.ini/database.host": "pg.db.svc:5432",
        "grafana.ini/database.user": "grafana",
    }


def test_literal_variables_are_evidence() -> None:
    assert _env("env: {DB_HOST: pg}\nenvFromSecret: s") == {"DB_HOST": "pg"}


def test_what_stands_beside_the_name_is_evidence() -> None:
    env = _env("externalDatabase: {type: postgresql, host: pg, port: 5432, existingSecret: s}")

    assert env == {
        "externalDatabase/type": "postgresql",
        "externalDatabase/host": "pg",
        "externalDatabase/port": "5432",
    }


def test_a_database_that_is_switched_off_is_evidence() -> None:
    assert _env("postgresql: {enabled: false}\nmetrics: {enabled: true}\nexistingSecret: s") == {
        "postgresql/enabled": "false"
    }


def test_shared_values_are_evidence_for_components() -> None:
    env = _env(
        "authentik: {postgresql: {host: pg}}\nserver: {replicas: 1, envFrom: [{secretRef: {name: s}}]}",
        "authentik",
    )

    assert env == {"authentik/postgresql.host": "pg"}


def test_other_components_are_no_evidence() -> None:
    assert _env("a: {replicas: 1, db: {host: pg}}\nb: {replicas: 1, envFromSecret: s}") == {}


def test_secret_values_in_values_are_not_kept() -> None:
    env = _env("database: {host: pg, url: 'postgres://u:CANARY@pg/app', password: CANARY}\nexistingSecret: s")

    assert env == {"database/host": "pg", "database/url": "postgres://<redacted>@pg/app"}


def test_names_of_references_are_no_evidence() -> None:
    assert (
        _env(
            "extra: {configMapKeyRef: {name: c, key: k}}\nlogin: {secretRef: {name: s}}\nstore: {type: secret, name: v}"
        )
        == {}
    )


def test_embedded_files_are_no_evidence() -> None:
    assert _env('database: {host: "a\\nb", name: ""}\nexistingSecret: s') == {}


def test_at_most_two_hundred_entries_are_kept() -> None:
    values = "\n".join(f"host{number}Host: pg" for number in range(300))

    assert len(_env(f"{values}\nexistingSecret: s")) == 200


def test_at_most_two_hundred_entries_are_kept_with_what_is_around() -> None:
    literals = ", ".join(f"V{number}: x" for number in range(250))

    assert len(_env(f"env: {{{literals}}}\nworker: {{replicas: 1, envFromSecret: s}}")) == 200


def test_siblings_in_values_are_those_of_the_same_mapping() -> None:
    found = consumers_of(release("{a: {existingSecret: one, configSecret: two}, b: {existingSecret: three}}"))

    assert [one.sibling_secrets for one in found] == [("two",), ("one",), ()]


def test_init_containers_mount_what_is_declared_elsewhere() -> None:
    found = consumers_of(
        release("""
        extraSecretMounts: [{name: certs, secretName: s, mountPath: /in}]
        extraInitContainers: [{name: copy, image: alpine, volumeMounts: [{name: certs, mountPath: /certs}]}]
        """)
    )

    assert [(one.container.name, one.container.is_init, one.path) for one in found if one.container] == [
        ("app", False, "/in"),
        ("copy", True, "/certs"),
    ]


def test_volumes_of_the_same_name_belong_to_the_nearest_mount() -> None:
    found = consumers_of(
        release("""
        a: {replicas: 1, extraVolumes: [{name: v, secret: {secretName: one}}], extraVolumeMounts: [{name: v, mountPath: /a}]}
        b: {replicas: 1, extraVolumes: [{name: v, secret: {secretName: two}}], extraVolumeMounts: [{name: v, mountPath: /b}]}
        """)
    )

    assert [(one.secret, one.path) for one in found] == [("one", "/a"), ("two", "/b")]
