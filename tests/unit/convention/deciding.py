"""A little cluster whose pods may move by their label alone, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from injector.config.model import Config, Enforce, Webhook
from injector.convention.known import Proposer
from injector.convention.obey import Decision, decide
from injector.migration.model import SecretMigration
from injector.pod.expect import settings_of
from injector.pod.model import Json
from tests.property.admitted import CONVENTION, STORE, cluster_of
from tests.unit.pod.making import mounted, pod, volume

Object = dict[str, Any]
LOGIN = {"DATABASE_URL": "postgres://{{ .user }}:{{ .password }}@pg.shop.svc:5432/shop"}
API = "external-secrets.io/v1"


def external_secret(
    name: str = "db",
    *,
    data: Sequence[str] = ("user", "password"),
    template: dict[str, str] | None = None,
    namespace: str = "shop",
    target: str = "",
) -> Object:
    """An ExternalSecret; with a template, the Secret has the template's keys."""
    own: Object = {"creationPolicy": "Owner", **({"name": target} if target else {})}
    if template is not None:
        own["template"] = {"data": template}
    return {
        "apiVersion": API,
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
            "target": own,
            "data": [{"secretKey": key, "remoteRef": {"key": f"shop/{name}", "property": key}} for key in data],
        },
    }


def login(name: str = "db", **more: Any) -> Object:
    """An ExternalSecret whose Secret is surely a database login."""
    return external_secret(name, template=LOGIN, **more)


def namespace(name: str = "shop", **labels: str) -> Object:
    """A Namespace with labels of ours."""
    own = {f"phase2.tazlab.net/{key}": value for key, value in labels.items()}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": own}}


def reader(asks: Mapping[str, str] | None = None, *, labels: dict[str, str] | None = None) -> dict[str, Json]:
    """A pod that mounts Secret db, and asks by annotations of ours."""
    own = {f"phase2.tazlab.net/{key}": value for key, value in (asks or {}).items()}
    return pod(mounted(), volumes=[volume()], labels=labels, annotations=own)


def ask(
    body: dict[str, Json],
    *objects: Object,
    migrations: Sequence[SecretMigration] = (),
    enforce: Enforce = Enforce.WARN,
    where: str = "shop",
    given: Config = CONVENTION,
) -> Decision:
    """Decide for a pod in a cluster that holds these objects and a store."""
    config = replace(given, webhook=Webhook(enforce=enforce))
    return decide(
        body,
        where,
        migrations,
        cluster=cluster_of(STORE, *objects),
        proposer=Proposer(config),
        settings=settings_of(config),
    )


def notes(made: Decision) -> dict[str, str]:
    """The annotations of the pod as it will be."""
    metadata: Any = made.change.pod["metadata"]
    found: dict[str, str] = metadata["annotations"]
    return found
