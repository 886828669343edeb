"""The one definition of how a SecretMigration looks: the parser, the JSON Schema and the CRD are made from it.

What a structural schema cannot say (a file for each moved key, a wrapped read without a path) is said twice: as CEL in
`RULES` for the API server, and by `injector.migration.parse` with a line; a test in the lab holds the two equal.
"""

from __future__ import annotations

import copy
from enum import StrEnum
from typing import Final, cast

from injector.config.model import AuthMethod
from injector.migration.model import API_VERSION, KIND, Delivery, Mode, RotationAction, Stage

Json = dict[str, object]

GROUP: Final = API_VERSION.partition("/")[0]
PLURAL: Final = "secretmigrations"
_LABEL: Final = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
_NAME: Final = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
_KEY_CHARS: Final = "^[-._a-zA-Z0-9]+$"
_PATH: Final = "^[^\\s/?#][^\\s?#]*$"
_TEMPLATE_BYTES: Final = 98_000
"""All templates of a pod share one environment string of at most 131,058 bytes in base64 (docs/ground-truth.md)."""


def _text(description: str, **more: object) -> Json:
    return {"type": "string", "description": description, **more}


def _name(description: str) -> Json:
    return _text(description, pattern=_NAME, maxLength=253, minLength=1, **{"x-says": "a Kubernetes object name"})


def _words(description: str, words: type[StrEnum]) -> Json:
    return _text(description, enum=[str(one) for one in words])


def _list(description: str, items: Json, *, most: int, least: int = 1) -> Json:
    return {"type": "array", "description": description, "items": items, "minItems": least, "maxItems": most}


def _object(description: str, required: list[str], properties: Json) -> Json:
    return {"type": "object", "description": description, "required": required, "properties": properties}


_READ: Final = _object(
    "One way by which a container gets one value.",
    ["key", "delivery"],
    {
        "key": _text("Key of the Secret; * for all moved keys.", pattern=r"^(\*|[-._a-zA-Z0-9]+)$", maxLength=253),
        "delivery": _words("How the container gets the value.", Delivery),
        "path": _text("The file in the container; the folder for *.", pattern="^/", maxLength=1024,
                      **{"x-says": "an absolute path"}),
        "env": _text("The variable that the app reads today; the prefix for *.", maxLength=253),
        "fileEnv": _text("The app's variable that names a file.", maxLength=253),
        "mode": _text("Permission bits of the file, octal.", pattern="^0?[0-7]{3}$", **{"x-says": 'octal, as "0400"'}),
        "single": {
            "type": "boolean",
            "description": "The file is mounted alone, beside whatever else its folder holds (subPath); only for delivery file.",
        },
    },
)  # fmt: skip
_CONTAINER: Final = _object(
    "A container and what it reads.",
    ["name", "reads"],
    {
        "name": _text(
            "The container's name; * for all that are no init containers.",
            pattern=r"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$",
            maxLength=63,
            **{"x-says": "a container name"},
        ),
        "command": _list(
            "The image's own command line, for a wrapper; only needed where the pod names no command.",
            {"type": "string", "maxLength": 4096},
            most=256,
        ),
        "init": {"type": "boolean", "description": "Whether it is an init container."},
        "reads": _list("What it reads.", _READ, most=64),
    },
)
_WORKLOAD: Final = _object(
    "Who gets the credentials, and as whom it logs in.",
    ["kind", "name", "serviceAccount", "role", "containers"],
    {
        "kind": _text("Kind of the object in Git.", minLength=1, maxLength=63),
        "name": _name("Name of the object in Git."),
        "serviceAccount": _name("ServiceAccount of its pods; the auth role is bound to it and to nothing else."),
        "role": _text("The auth role in Vault.", minLength=1, maxLength=253),
        "mode": _words("How the agent runs beside it.", Mode),
        "initFirst": {"type": "boolean", "description": "The agent runs before the workload's own init containers."},
        "runAsUser": {"type": "integer", "description": "The agent's user, as the pod's.", "minimum": 0},
        "runAsGroup": {"type": "integer", "description": "The agent's group, as the pod's.", "minimum": 0},
        "rotation": _object(
            "What happens when the credential changes while the app runs.",
            ["action"],
            {
                "action": _words("What makes the app take up new credentials.", RotationAction),
                "signal": _text("Signal without SIG.", pattern="^[A-Z0-9]+$", maxLength=16,
                                **{"x-says": "a signal without SIG, as HUP"}),
                "process": _text("Name of the process that gets it.", pattern="^[A-Za-z0-9._-]+$", maxLength=64,
                                 **{"x-says": "the name of a process"}),
            },
        ),
        "containers": _list("Its containers that read the Secret.", _CONTAINER, most=32),
    },
)  # fmt: skip

SPEC: Final[Json] = _object(
    "The decision for one ExternalSecret in one namespace.",
    ["stage", "source", "secret", "auth", "credentials", "files", "workloads"],
    {
        "stage": _words("How far the move has come.", Stage),
        "source": _object(
            "What makes the Secret today.",
            ["kind", "name"],
            {
                "kind": _text("Kind.", enum=["ExternalSecret", "ClusterExternalSecret"]),
                "name": _name("Name."),
            },
        ),
        "secret": _name("The target Secret, in the same namespace."),
        "auth": _object(
            "How the agent logs in.",
            ["method", "mount"],
            {
                "method": _words("Auth method.", AuthMethod),
                "mount": _text("Its mount, without auth/.", pattern=_PATH, maxLength=253, **{"x-says": "a Vault path"}),
            },
        ),
        "credentials": _list(
            "What moves.",
            _object(
                "A credential that moves.",
                ["name", "keys", "engine", "path"],
                {
                    "name": _text("Unique here.", pattern=_LABEL, maxLength=63, **{"x-says": "a DNS label"}),
                    "keys": _list(
                        "The Secret keys that hold it.",
                        _text("Key.", pattern=_KEY_CHARS, maxLength=253, **{"x-says": "a Secret key"}),
                        most=32,  # with 64 the API server refuses the definition: RULES could cost too much
                    ),
                    "engine": _text("What issues it, as database/postgresql.", minLength=1, maxLength=63),
                    "path": _text("Vault API path that issues it.", pattern=_PATH, maxLength=512, **{"x-says": "a Vault path"}),
                },
            ),
            most=32,
        ),
        "files": _list(
            "What is rendered, one for each moved key.",
            _object(
                "What replaces one key of the Secret.",
                ["key", "template"],
                {
                    "key": _text("Key.", pattern=_KEY_CHARS, maxLength=253, **{"x-says": "a Secret key"}),
                    "template": _text("consul-template text.", minLength=1, maxLength=_TEMPLATE_BYTES),
                },
            ),
            most=64,
        ),
        "workloads": _list("Who gets it; empty while nobody reads it.", _WORKLOAD, most=64, least=0),
    },
)  # fmt: skip

RULES: Final[tuple[tuple[str, str], ...]] = (
    (
        "self.credentials.all(c, c.keys.all(k, self.files.exists_one(f, f.key == k)))",
        "each moved key needs one file with its template",
    ),
    (
        "self.files.all(f, self.credentials.exists(c, f.key in c.keys))",
        "each file's key must belong to a credential",
    ),
)
"""CEL over ``spec`` and what it says when it is false."""


def json_schema() -> Json:
    """Return the JSON Schema (2020-12) of a SecretMigration document, for editors and for CI."""
    closed = _close(copy.deepcopy(SPEC))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": KIND,
        "type": "object",
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": False,
        "properties": {
            "apiVersion": {"const": API_VERSION},
            "kind": {"const": KIND},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "namespace": {"type": "string"}},
            },
            "spec": closed,
            "status": {"type": "object"},
        },
    }


def crd() -> Json:
    """Return the CustomResourceDefinition of SecretMigration."""
    spec = _strip(copy.deepcopy(SPEC))
    spec["x-kubernetes-validations"] = [{"rule": rule, "message": message} for rule, message in RULES]
    columns = (
        ("Stage", ".spec.stage"),
        ("Secret", ".spec.secret"),
        ("Engine", ".spec.credentials[0].engine"),
        ("Age", ".metadata.creationTimestamp"),
    )
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": "secretmigration",
                "shortNames": ["sm"],
            },
            "versions": [
                {
                    "name": API_VERSION.partition("/")[2],
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": [
                        {"name": name, "jsonPath": path, "type": "date" if name == "Age" else "string"}
                        for name, path in columns
                    ],
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "description": "How one ExternalSecret moves to dynamic credentials.",
                            "required": ["spec"],
                            "properties": {
                                "apiVersion": {"type": "string"},
                                "kind": {"type": "string"},
                                "metadata": {"type": "object"},
                                "spec": spec,
                            },
                        }
                    },
                }
            ],
        },
    }


def _close(schema: Json) -> Json:
    """Forbid unknown fields everywhere, as the parser does; the API server prunes them instead."""
    if schema.get("type") == "object":
        schema["additionalProperties"] = False
    for inner in _inner(schema):
        _close(inner)
    schema.pop("x-says", None)
    return schema


def _strip(schema: Json) -> Json:
    """Leave out what the API server does not know."""
    schema.pop("x-says", None)
    for inner in _inner(schema):
        _strip(inner)
    return schema


def _inner(schema: Json) -> list[Json]:
    properties = schema.get("properties")
    found = [cast("Json", one) for one in properties.values()] if isinstance(properties, dict) else []
    items = schema.get("items")
    return [*found, items] if isinstance(items, dict) else found
