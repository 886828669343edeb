"""Small trees for the tests of kustomize, and short ways to look at what was built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from injector.manifests.document import Resource
from injector.manifests.files import Files, find_files
from injector.manifests.kustomize import Build, build
from injector.manifests.yamldoc import Map, Seq, Value, parse_chunk, split_documents

SECRET = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: login
spec:
  target:
    name: login
  data:
    - secretKey: password
      remoteRef:
        key: ""
        property: password
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  template:
    spec:
      containers:
        - name: app
          image: app:1
          env:
            - name: MODE
              value: base
          envFrom:
            - secretRef:
                name: login
"""


def tree(root: Path, contents: Mapping[str, str]) -> Files:
    """Write files and return a reader of them."""
    for path, content in contents.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return Files(root, tuple(find_files(root)))


def built(root: Path, contents: Mapping[str, str], folder: str = ".") -> Build:
    """Write a tree and build one of its folders."""
    return build(tree(root, contents), folder)


def yaml_map(written: str, path: str = "given.yaml") -> Map:
    """Return the mapping that a text holds."""
    value = parse_chunk(split_documents(written.encode())[0], path).value
    assert isinstance(value, Map)
    return value


def one(made: Build, kind: str, name: str = "") -> Resource:
    """Return the only resource of a kind (and name)."""
    found = [item for item in made.resources if item.ref.kind == kind and name in ("", item.ref.name)]
    assert len(found) == 1, [str(item.ref) for item in made.resources]
    return found[0]


def at(value: Value, *steps: str | int) -> Value:
    """Return what a path of keys and indices leads to."""
    for step in steps:
        if isinstance(step, int):
            assert isinstance(value, Seq)
            value = value[step]
        else:
            assert isinstance(value, Map)
            value = value[step]
    return value


def holder(value: Value, *steps: str | int) -> Map:
    """Return the mapping that a path leads to."""
    found = at(value, *steps)
    assert isinstance(found, Map)
    return found


def codes(made: Build) -> list[str]:
    """Return the codes of the diagnostics."""
    return [found.code for found in made.diagnostics]


def said(made: Build) -> list[str]:
    """Return the diagnostics as ``path:line code``."""
    return [f"{found.location} {found.code}" for found in made.diagnostics]
