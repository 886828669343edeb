"""The table of templates in ``tests/data/templates``: what Vault holds, what ESO is told, what must come out.

Every case is proved against the real programs in ``tests/live/test_templates.py``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from injector.location import Location
from injector.templates import Engine, Field, Refusal, Translation, Whole, translate, translate_value

FOLDER = Path(__file__).parents[2] / "data" / "templates"
SECRET = "app"
"""The secret that a case means when it names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One ``data`` entry: a property of a secret of the case."""

    secret: str = SECRET
    prop: str = ""
    version: str = ""
    decoding: str = ""

    @property
    def remote_ref(self) -> dict[str, str]:
        """What an ExternalSecret says about it, besides the key."""
        found = {"property": self.prop, "version": self.version, "decodingStrategy": self.decoding}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One row of the table."""

    name: str
    location: Location
    secrets: Mapping[str, Sequence[Mapping[str, Any]]]
    """Name of a secret -> its versions, oldest first."""
    data: Mapping[str, Source] = field(default_factory=dict)
    extract: Sequence[Source] = ()
    template: str | None = None
    expected: bytes = b""
    engine: Engine = Engine.KV_V2

    def path_of(self, prefix: str, secret: str) -> str:
        """The request path of a secret, below a prefix such as a test's own folder."""
        return f"secret/data/{prefix}/{secret}" if self.engine is Engine.KV_V2 else f"kv1/{prefix}/{secret}"

    def translate(self, prefix: str) -> Translation | Refusal:
        """What the product makes of it."""
        fields = {
            name: Field(
                path=self.path_of(prefix, one.secret),
                prop=one.prop,
                engine=self.engine,
                version=one.version,
                decoding=one.decoding,
            )
            for name, one in self.data.items()
        }
        if self.template is None:
            (value,) = fields.values()
            return translate_value(value, location=self.location)
        whole = [
            Whole(
                path=self.path_of(prefix, one.secret),
                prop=one.prop,
                engine=self.engine,
                version=one.version,
                decoding=one.decoding,
            )
            for one in self.extract
        ]
        return translate(self.template, fields, location=self.location, whole=whole)


def load_cases() -> list[Case]:
    """All rows, in the order of the files."""
    return [
        _read(path, row) for path in sorted(FOLDER.glob("*.yaml")) for row in yaml.safe_load(path.read_text("utf-8"))
    ]


def _read(path: Path, row: Mapping[str, Any]) -> Case:
    more: Mapping[str, Mapping[str, Any]] = row.get("more", {})
    versions = [*row.get("before", []), row.get("kv", {"any": "thing"})]
    encoded = row.get("expect_base64")
    return Case(
        name=row["name"],
        location=Location(path.name, 1),
        secrets={SECRET: versions, **{name: [values] for name, values in more.items()}},
        data={name: _source(one) for name, one in row.get("data", {}).items()},
        extract=[_source(one) for one in row.get("extract", [])],
        template=row.get("template"),
        expected=base64.b64decode(encoded) if encoded is not None else row["expect"].encode(),
        engine=Engine(row.get("engine", Engine.KV_V2)),
    )


def _source(value: str | Mapping[str, str]) -> Source:
    if isinstance(value, str):
        return Source(prop=value)
    named = dict(value)
    return Source(prop=named.pop("property", ""), **named)
