"""Little trees with one credential of any engine, planned; no assertion in here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from injector.plan.model import Plan
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import CONFIG, STORE, deployment, plan_of, shop


def external_secret(keys: Mapping[str, str], template: Mapping[str, str]) -> str:
    """An ExternalSecret ``db`` with these keys, made of properties of ``shop/own`` in KV, or with a template's."""
    data = "".join(
        f"    - secretKey: {key}\n      remoteRef: {{key: shop/own, property: {prop}}}\n" for key, prop in keys.items()
    )
    made = "".join(f"        {key}: '{text}'\n" for key, text in template.items())
    if made:
        made = f"    template:\n      data:\n{made}"
    return (
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\nspec:\n"
        "  secretStoreRef: {kind: ClusterSecretStore, name: vault}\n  target:\n    creationPolicy: Owner\n"
        f"{made}  data:\n{data}"
    )


def planned(
    root: Path,
    engine: str,
    keys: Mapping[str, str],
    *,
    role: str = "parameters: {a: b}",
    template: Mapping[str, str] | None = None,
    mount: str = "",
) -> Plan:
    """The plan of a tree whose person says that an engine issues a Secret's keys.

    Keys that can be variables are read so, others as files.

    Args:
        root: where the tree grows.
        engine: what issues them.
        keys: of the ExternalSecret -> property in KV.
        role: an entry of ``engineRoles``.
        template: of the ExternalSecret: key -> text.
        mount: of the engine, where it is not its name.
    """
    names = [key for key in (template or keys) if re.fullmatch(r"[A-Z_]+", key)]
    variables = "".join(
        f"        - name: {key}\n          valueFrom: {{secretKeyRef: {{name: db, key: {key}}}}}\n" for key in names
    )
    files = (
        "        volumeMounts: [{name: own, mountPath: /etc/own}]\n"
        "      volumes: [{name: own, secret: {secretName: db}}]\n"
    )
    config = CONFIG.replace("  - connection: main\n    owner: shop\n", f"  - {role}\n")
    if mount:
        config = config.replace("vault:\n", f"vault:\n  mounts: {{{engine}: {mount}}}\n")
    config += f"overrides: [{{namespace: shop, verdict: dynamic-capable, engine: {engine}, reason: it is}}]\n"
    tree = shop(
        phase2__yaml=config,
        store__yaml=STORE,
        db__yaml=external_secret(keys, template or {}),
        web__yaml=deployment(reads=f"        env:\n{variables}" if variables else files),
    )
    return plan_of(grow(root, tree))[0]
