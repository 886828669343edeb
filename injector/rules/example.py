"""Manifests for the examples in ``docs/rules.md``: short, and the same way everywhere.

An example is a stream of documents. ``# file: <path>`` on a line of its own begins another file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_FILE: Final = "# file:"
_SPECIAL: Final = frozenset("{}[],&*#?|<>=!%@:$`'\" ")
"""Characters that a plain scalar in flow style had better not have."""


def manifests(*parts: str) -> str:
    """Join documents, which end with a line's end; a part that begins with ``# file:`` begins a file."""
    text = ""
    for part in parts:
        mark = "" if not text else "\n" if part.startswith(_FILE) else "---\n"
        text += f"{mark}{part}"
    return text


def file(path: str, *parts: str) -> str:
    """Return a file of documents."""
    return f"{_FILE} {path}\n{manifests(*parts)}"


def external_secret(
    name: str,
    keys: Mapping[str, str],
    *,
    template: Mapping[str, str] | None = None,
    spec: str = "",
    target: str = "",
    annotations: str = "",
) -> str:
    """Return an ExternalSecret.

    Args:
        name: ``namespace/name``.
        keys: Secret key -> ``path#property``, property optional.
        template: Secret key -> template text.
        spec: further fields of the spec, as flow YAML without braces.
        target: further fields of the target, likewise.
        annotations: likewise.
    """
    namespace, _, own = name.rpartition("/")
    lines = ["apiVersion: external-secrets.io/v1", "kind: ExternalSecret", _metadata(own, namespace, annotations)]
    lines += ["spec:", "  secretStoreRef: {kind: ClusterSecretStore, name: vault}"]
    lines += [f"  {one}" for one in spec.splitlines()]
    rows = [f"    {key}: {_quote(text)}" for key, text in (template or {}).items()]
    if target or rows:
        lines += ["  target:", *(f"    {one}" for one in target.splitlines())]
    if rows:
        lines += ["    template:", "      data:", *(f"    {row}" for row in rows)]
    lines.append("  data:")
    for key, remote in keys.items():
        path, _, prop = remote.partition("#")
        end = f", property: {prop}" if prop else ""
        lines.append(f"    - {{secretKey: {key}, remoteRef: {{key: {_plain(path)}{end}}}}}")
    return "\n".join(lines) + "\n"


def workload(
    name: str,
    image: str,
    *,
    env: Mapping[str, str] | None = None,
    env_from: str = "",
    volume: str = "",
    command: str = "",
    is_init: bool = False,
    kind: str = "Deployment",
) -> str:
    """Return a workload with one container.

    Args:
        name: ``namespace/name``.
        image: the container's.
        env: variable -> ``secret#key``, or a literal after ``=``.
        env_from: a Secret's name.
        volume: ``secret:/mount/path``.
        command: the container's, in one line.
        is_init: the container is an init container.
        kind: of the workload.
    """
    namespace, _, own = name.rpartition("/")
    lines = ["apiVersion: apps/v1", f"kind: {kind}", _metadata(own, namespace), "spec:", "  template:", "    spec:"]
    lines += [
        f"      {'initContainers' if is_init else 'containers'}:",
        "        - name: app",
        f"          image: {image}",
    ]
    if command:
        lines.append(f"          command: [sh, -c, {_quote(command)}]")
    if env:
        lines.append("          env:")
    for variable, value in (env or {}).items():
        secret, _, key = value.partition("#")
        end = (
            f"value: {_quote(value[1:])}"
            if value.startswith("=")
            else f"valueFrom: {{secretKeyRef: {{name: {secret}, key: {key}}}}}"
        )
        lines.append(f"            - {{name: {variable}, {end}}}")
    if env_from:
        lines.append(f"          envFrom: [{{secretRef: {{name: {env_from}}}}}]")
    if volume:
        secret, _, path = volume.partition(":")
        lines.append(f"          volumeMounts: [{{name: secret, mountPath: {path}}}]")
        lines.append(f"      volumes: [{{name: secret, secret: {{secretName: {secret}}}}}]")
    return "\n".join(lines) + "\n"


def document(api: str, kind: str, name: str, body: str) -> str:
    """Return any object.

    Args:
        api: its apiVersion.
        kind: its kind.
        name: ``namespace/name``, or ``name``.
        body: what comes after the metadata.
    """
    namespace, _, own = name.rpartition("/")
    return f"apiVersion: {api}\nkind: {kind}\n{_metadata(own, namespace)}\n{body.strip()}\n"


def vault_store(name: str) -> str:
    """Return a ClusterSecretStore that reads Vault's KV."""
    body = "spec: {provider: {vault: {server: 'https://vault:8200', path: secret}}}"
    return document("external-secrets.io/v1", "ClusterSecretStore", name, body)


def flux(name: str, after: str = "") -> str:
    """Return a Flux Kustomization of the folder `name` that waits for `after`."""
    order = f", dependsOn: [{{name: {after}}}]" if after else ""
    body = f"spec: {{path: ./{name}{order}}}"
    return document("kustomize.toolkit.fluxcd.io/v1", "Kustomization", f"flux-system/{name}", body)


def _metadata(name: str, namespace: str, annotations: str = "") -> str:
    space = f", namespace: {namespace}" if namespace else ""
    return f"metadata: {{name: {name}{space}{f', annotations: {{{annotations}}}' if annotations else ''}}}"


def _plain(text: str) -> str:
    return text if text and not set(text) & _SPECIAL else _quote(text)


def _quote(text: str) -> str:
    if "\n" in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return "'" + text.replace("'", "''") + "'"
