"""``docs/json.md``: the JSON contract for people, written from its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final, cast

from injector.report.contract import API_VERSION, read_schema
from injector.report.planjson import read_schema as read_plan_schema

_HEAD: Final = f"""\
# The report as JSON

`phase2 classify -o json` prints one document of `{API_VERSION}`; `-o yaml` prints the same. `phase2 schema report`
prints its JSON Schema (2020-12), which every report keeps to.

- **Keys never vanish.** A text that is unknown or does not apply is empty, a list is empty; only a consumer's
  `readiness` may be null. Later versions of `v1alpha1` may add keys, never take one away.
- **The same tree gives the same bytes**, whatever the machine, the number of processes or the order of the file system.
  Items and orphans are sorted by namespace, Secret and source.
- **A filter takes whole items**, and says under `summary.filtered` how much it took. What could not be read is never
  filtered.
- **No value of a Secret is in it**, only names, paths and lines.

```console
$ phase2 classify -o json | jq -r '.items[] | select(.verdict != "static") | "\\(.namespace)/\\(.name)"'
```

This page is written by `python -m injector.cli.docs`.
"""

_OTHERS: Final = {
    "plan": "# The plan as JSON\n\n`phase2 plan -o json` prints it; `phase2 schema plan` its JSON Schema.\n",
    "changes": (
        "# A stage's changes as JSON\n\n`phase2 apply -o json` and `phase2 rollback -o json` print them; `phase2 schema changes` "
        "their JSON\nSchema.\n"
    ),
    "vault": (
        "# Vault's changes as JSON\n\n`phase2 vault plan -o json`, `apply` and `destroy` print them; `phase2 schema vault` "
        "their JSON Schema.\n"
    ),
    "verify": (
        "# What breaks design rules, as JSON\n\n`phase2 verify -o json` prints it; `phase2 schema verify` its JSON Schema. The "
        "rules: [verify.md](verify.md).\n"
    ),
}

_Node = Mapping[str, object]


def render_contract_page() -> str:
    """Return ``docs/json.md``."""
    schema = cast("_Node", json.loads(read_schema()))
    parts = ["## The document\n" + _table(schema)]
    for name, one in _mapping(schema, "$defs").items():
        parts.append(f"## {name}\n" + _table(cast("_Node", one)))
    return _HEAD + "".join(f"\n{one}" for one in parts) + _plans()


def _plans() -> str:
    """Return what the documents of plan, apply, rollback, vault and verify hold."""
    parts: list[str] = []
    known: set[str] = set()
    for kind, head in _OTHERS.items():
        schema = cast("_Node", json.loads(read_plan_schema(kind)))
        parts.append(f"{head}\n" + _table(schema))
        for name, one in _mapping(schema, "$defs").items():
            if name not in known:
                known.add(name)
                parts.append(f"## {name}\n" + _table(cast("_Node", one)))
    return "".join(f"\n{one}" for one in parts)


def _table(node: _Node) -> str:
    rows = [f"| `{key}` | {kind} | {about} |" for key, kind, about in _rows(node, "")]
    return "\n".join(("| key | value | what it is |", "|---|---|---|", *rows)) + "\n"


def _rows(node: _Node, prefix: str) -> Iterator[tuple[str, str, str]]:
    for key, one in _mapping(node, "properties").items():
        inner = cast("_Node", one)
        yield prefix + key, _kind(inner), str(inner.get("description", "")).replace("<", "\\<")
        yield from _rows(inner, f"{prefix}{key}.")


def _kind(node: _Node) -> str:
    if "$ref" in node:
        name = str(node["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name})"
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{json.dumps(one) if one is None else one}`" for one in cast("list[object]", node["enum"]))
    if isinstance(node.get("additionalProperties"), Mapping):
        return "mapping of names to texts"
    if node.get("type") == "array":
        return f"list of {_kind(_mapping(node, 'items'))}"
    words = {"string": "text", "integer": "number", "boolean": "`true` or `false`", "object": "mapping"}
    return words[str(node["type"])]


def _mapping(node: _Node, key: str) -> _Node:
    return cast("_Node", node.get(key, {}))
