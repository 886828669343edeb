"""Short ways to pods and migrations, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from injector.config.model import AuthMethod
from injector.migration.model import (
    Auth,
    ContainerReads,
    Delivery,
    MovedCredential,
    Read,
    RenderedFile,
    SecretMigration,
    Stage,
    Workload,
)
from injector.model import ObjectRef
from injector.pod.model import Json

OPT_IN = {"phase2.tazlab.net/inject": "true"}
VAULT = "vault.hashicorp.com"


def template(field: str) -> str:
    """A template that reads one field of the credential."""
    return f'{{{{ with secret "database/creds/shop-db" }}}}{{{{ .Data.{field} }}}}{{{{ end }}}}'


def migration(
    *reads: Read,
    name: str = "db",
    stage: Stage = Stage.INJECT,
    account: str = "web",
    container: str = "app",
    command: tuple[str, ...] = (),
    role: str = "shop-web",
) -> SecretMigration:
    """A migration of the keys password and user of Secret `name`."""
    return SecretMigration(
        namespace="shop",
        name=name,
        source=ObjectRef("ExternalSecret", "shop", name),
        secret=name,
        stage=stage,
        auth=Auth(method=AuthMethod.JWT, mount="jwt"),
        credentials=(
            MovedCredential(
                name="db", keys=("password", "user"), engine="database/postgresql", path="database/creds/shop-db"
            ),
        ),
        files=(
            RenderedFile(key="password", template=template("password")),
            RenderedFile(key="user", template=template("username")),
        ),
        workloads=(
            Workload(
                kind="Deployment",
                name="web",
                service_account=account,
                role=role,
                containers=(ContainerReads(name=container, reads=reads or (volume_read(),), command=command),),
            ),
        ),
    )


def volume_read(path: str = "/etc/db") -> Read:
    """All keys in a folder."""
    return Read(key="*", delivery=Delivery.FILE, path=path)


def file_read(key: str, env: str) -> Read:
    """One key by the app's own variable for a file."""
    return Read(key=key, delivery=Delivery.ENV_FILE, env=env, file_env=f"{env}_FILE", path=f"/vault/secrets/db/{key}")


def wrapped_read(key: str, env: str) -> Read:
    """One key by a wrapped command."""
    return Read(key=key, delivery=Delivery.ENV_WRAPPED, env=env)


def with_workload(one: SecretMigration, **changes: object) -> SecretMigration:
    """Change the only workload."""
    return replace(one, workloads=(replace(one.workloads[0], **changes),))  # type: ignore[arg-type]


def pod(
    *containers: Mapping[str, Json],
    volumes: Sequence[Json] = (),
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    **spec: Json,
) -> dict[str, Json]:
    """A pod of ServiceAccount web that has opted in."""
    metadata: dict[str, Json] = {"name": "web-1", "labels": dict(OPT_IN if labels is None else labels)}
    if annotations:
        metadata["annotations"] = dict(annotations)
    body: dict[str, Json] = {
        "serviceAccountName": "web",
        "containers": [dict(one) for one in containers] or [app()],
        **spec,
    }
    if volumes:
        body["volumes"] = list(volumes)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body}


def app(**more: Json) -> dict[str, Json]:
    """The container called app."""
    return {"name": "app", "image": "shop:1", **more}


def from_secret(env: str, key: str, secret: str = "db") -> Json:  # noqa: S107 - a name
    """A variable that a Secret fills."""
    return {"name": env, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def volume(**secret: Json) -> Json:
    """A volume of the Secret db."""
    return {"name": "creds", "secret": {"secretName": "db", **secret}}


def mounted(path: str = "/etc/db", **more: Json) -> dict[str, Json]:
    """The container app with the volume mounted."""
    return app(volumeMounts=[{"name": "creds", "mountPath": path, **more}])
