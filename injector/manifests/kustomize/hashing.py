"""The hash that kustomize appends to the names of generated ConfigMaps and Secrets.

Source: kustomize api/hasher/hasher.go.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from injector.manifests.document import mapping, text
from injector.manifests.kustomize.identity import Tracked
from injector.manifests.kustomize.sealed import REDACTED
from injector.manifests.yamldoc import Map, Seq, Value

_ALPHABET: Final = str.maketrans("013ae", "ghkmt")
_ESCAPES: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)
_LENGTH: Final = 10


def add_hashes(resources: list[Tracked]) -> None:
    """Append the hash to every name that asks for one; sealed data is dropped, placeholders stay."""
    for one in resources:
        if one.needs_hash:
            one.remember()
            metadata = one.metadata()
            metadata["name"] = f"{text(metadata.get('name'))}-{hash_of(one)}"
        if one.sealed is not None:
            sealed, one.sealed = one.sealed, None
            for key in ("data", "stringData"):
                data = mapping(one.body, key)
                for name, value in data.items():
                    data[name] = sealed.mark(name) if value == REDACTED else REDACTED


def hash_of(one: Tracked) -> str:
    """Return the hash of a ConfigMap's or Secret's content."""
    body = one.body
    content: dict[str, object] = {
        "kind": text(body.get("kind")),
        # hasher.go looks for a field "metadata/name" that never exists: every name counts as empty.
        "name": "",
        "data": _content(one, body.get("data")),
    }
    extra = "binaryData"
    if content["kind"] == "Secret":
        content["type"] = text(body.get("type"))
        extra = "stringData"
    if isinstance(body.get(extra), Map):
        content[extra] = _content(one, body[extra])
    written = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    data = written.translate(_ESCAPES).encode(errors="replace")
    return hashlib.sha256(data).hexdigest()[:_LENGTH].translate(_ALPHABET)


def _content(one: Tracked, value: Value) -> object:
    if not isinstance(value, Map):
        return ""
    if one.sealed is None:
        return _plain(value)
    sealed = one.sealed
    return {key: sealed.open(key) if item == REDACTED else _plain(item) for key, item in value.items()}


def _plain(value: Value) -> object:
    if isinstance(value, Map):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Seq):
        return [_plain(item) for item in value]
    return value
