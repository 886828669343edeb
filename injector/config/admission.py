"""The part of ``phase2.yaml`` that the admission webhook needs, and what a convention must say before a label is enough."""

from __future__ import annotations

from typing import Final

from injector.config.model import Enforce, Webhook
from injector.config.shape import Field, ListOf, Place, Problems, Section, Text, Word
from injector.manifests.yamldoc import Map

_GLOB: Final = Text(
    "a glob of a namespace",
    r"(?:[a-z0-9*?-]|\[!?[a-z0-9-]+\])+",
    "small letters, digits and dashes; `*` is any text, `?` one character",
    63,
)
_NEEDED: Final = {
    "authRole": ("namespace", "serviceAccount"),
    "engineRole": ("namespace", "name"),
}
"""Name below ``vault.names`` -> what must be in it, so that no two workloads and no two Secrets share a role."""

LABEL_ALONE: Final = Field(
    "labelAlone",
    ListOf(_GLOB, "globs"),
    "Namespaces where a pod's label is enough for the webhook, without a committed SecretMigration; without it none. Needs "
    "`auth`, `mounts`, `names.authRole` with `{namespace}` and `{serviceAccount}`, and `names.engineRole` with `{namespace}` "
    "and `{name}`.",
)

WEBHOOK: Final = Section(
    Webhook,
    (
        Field(
            "enforce",
            Word(tuple(Enforce), Enforce),
            "What becomes of a pod that asks by its own label for nothing but what is static: `warn` (also without this key) or "
            "`deny`.",
        ),
    ),
)


def check_convention(value: Map, place: Place, problems: Problems) -> None:
    """Note what a label alone needs and ``vault`` does not say."""
    if not value.get(LABEL_ALONE.key):
        return
    where = place.inner(LABEL_ALONE.key, value.at(LABEL_ALONE.key))
    for key in ("auth", "mounts"):
        if not value.get(key):
            problems.add(where, f"needs vault.{key}; add it")
    names = value.get("names")
    for key, wanted in _NEEDED.items():
        form = names.get(key) if isinstance(names, Map) else None
        missing = [f"{{{one}}}" for one in wanted if not (isinstance(form, str) and f"{{{one}}}" in form)]
        if missing:
            problems.add(where, f"needs vault.names.{key} with {' and '.join(missing)}; add it")


CONVENTION: Final[dict[str, object]] = {
    "if": {"required": [LABEL_ALONE.key], "properties": {LABEL_ALONE.key: {"minItems": 1}}},
    "then": {
        "required": ["auth", "mounts", "names"],
        "properties": {
            "mounts": {"minProperties": 1},
            "names": {
                "required": list(_NEEDED),
                "properties": {
                    key: {"allOf": [{"pattern": rf"\{{{one}\}}"} for one in wanted]} for key, wanted in _NEEDED.items()
                },
            },
        },
    },
}
"""The same as JSON Schema."""
