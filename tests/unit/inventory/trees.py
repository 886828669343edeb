"""Whole small trees: written to a folder, read, and shown in one line each."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from injector.classify import classify
from injector.inventory.build import build_inventory
from injector.inventory.facts import Facts, Inventory
from injector.manifests.tree import load_tree
from injector.model import Diagnostic, Report

Contents = Mapping[str, str | bytes]


def grow(root: Path, contents: Contents) -> Path:
    """Write the files below `root`, dedented, and return it."""
    for path, content in contents.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())
    return root


def read(root: Path, *paths: str, stdin: bytes | None = None, jobs: int = 1) -> Inventory:
    """Build the inventory of a folder, or of `paths` below it (``-`` is `stdin`)."""
    named = [path if path == "-" else str(root / path) for path in paths or (".",)]
    return build_inventory(load_tree(named, io.BytesIO(stdin) if stdin is not None else None), jobs=jobs)


def judge(root: Path, *paths: str, stdin: bytes | None = None) -> Report:
    """Classify a folder."""
    return classify(read(root, *paths, stdin=stdin))


def made(facts: Facts) -> list[str]:
    """Return the Secrets that something makes: ``namespace/target root file:line#document``, sorted."""
    return sorted(
        f"{one.ref.namespace}/{one.target} {one.origin.root} {one.origin.location}#{one.origin.document}"
        for one in facts.sources
    )


def names(facts: Facts) -> list[str]:
    """Return the Secrets that something makes as ``namespace/target``, sorted, as often as they are deployed."""
    return sorted(f"{one.ref.namespace}/{one.target}" for one in facts.sources)


def readers(facts: Facts) -> list[str]:
    """Return the consumers: ``how Kind/namespace/name <- secret[key] file:line``, sorted."""
    return sorted(
        f"{one.how} {one.ref} <- {one.secret}{f'[{one.key}]' if one.key else ''} {one.location}"
        for one in facts.consumers
    )


def paths_of(facts: Facts) -> list[str]:
    """Return the remote paths that the sources' keys come from, as ``key <- path#property``, in order."""
    return [
        f"{key.name} <- {remote.path}#{remote.prop}".rstrip("#")
        for source in facts.sources
        for key in source.keys
        for remote in key.remotes
    ]


def said(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """Return the diagnostics as ``file:line code``, with ``!`` when what is deployed has them."""
    return [f"{one.location} {one.code}{'!' if one.is_deployed else ''}" for one in diagnostics]


def external(name: str = "login", namespace: str = "app", key: str = "app/db") -> str:
    """Return an ExternalSecret of one key from a ClusterSecretStore called vault."""
    place = f', namespace: "{namespace}"' if namespace else ""
    return f"""\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{name: "{name}"{place}}}
spec:
  secretStoreRef: {{kind: ClusterSecretStore, name: vault}}
  data:
    - secretKey: password
      remoteRef: {{key: {key!r}, property: password}}
"""


STORE = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: vault}
spec:
  provider:
    vault:
      server: https://vault:8200
      path: secret
"""


def kustomization(*resources: str, **fields: str) -> str:
    """Return a kustomization that lists `resources`, with more fields as flow YAML."""
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "resources:"]
    lines += [f"  - {one}" for one in resources] or ["  []"]
    lines += [f"{key}: {value}" for key, value in fields.items()]
    return "\n".join(lines) + "\n"


def flux(name: str, path: str, *, namespace: str = "flux-system", **spec: str) -> str:
    """Return a Flux Kustomization with more fields of its spec as flow YAML."""
    lines = [
        "apiVersion: kustomize.toolkit.fluxcd.io/v1",
        "kind: Kustomization",
        f"metadata: {{name: {name}, namespace: {namespace}}}",
        "spec:",
        f"  path: {path}",
        "  sourceRef: {kind: GitRepository, name: flux-system}",
        *(f"  {key}: {value}" for key, value in spec.items()),
    ]
    return "\n".join(lines) + "\n"


def application(name: str, spec: str, *, kind: str = "Application") -> str:
    """Return an Argo CD object with this spec."""
    head = f"apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n"
    return head + textwrap.indent(textwrap.dedent(spec), "  ")


def documents(*texts: Sequence[str]) -> str:
    """Join manifests to one stream."""
    return "---\n".join(str(text) for text in texts)
