"""The part of ``phase2.yaml`` that plans need: what a person decides of roles, and knows of pods that a chart makes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from injector.config.model import MODES, AnnotationsForm, Cluster, EngineRole, WorkloadFacts
from injector.config.shape import (
    Field,
    Json,
    ListOf,
    MapOf,
    Number,
    Place,
    Problems,
    Section,
    Shape,
    Text,
    Word,
    kind_of,
)
from injector.knowledge.engines import ASKED, ENGINES
from injector.manifests.yamldoc import Map, Value

_DURATION: Final = re.compile(r"([1-9][0-9]{0,6})([smh])\Z")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_GLOB: Final = Text("a glob", r"(?:[^\s\[\]{}]|\[!?[^\s\[\]]+\])+", "`*` is any text, `?` one character", 300)
_LINE: Final = Text("a text", r"[^\n]*\S[^\n]*", "write it on one line", 4000)
_BLOCK: Final = Text("a text", r"[\s\S]*\S[\s\S]*", "it may have several lines", 20000)
_ROLE: Final = Text("a name", r"[A-Za-z0-9_.-]+", "letters, digits, `_`, `.` and `-`", 200)
_SQL_NAME: Final = Text("a role's name", r"[^\s\"';\\{}]+", "as the database has it, without quotes", 63)
_MADE: Final = Text(
    "a kind and a name",
    r"(?:Deployment|StatefulSet|DaemonSet|Job|CronJob)/(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?/)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?",
    "as in Deployment/web",
    300,
)
_FIELD: Final = Text("a dotted path", r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", "as in grafana.podLabels", 300)
_NAME: Final = Text(
    "a Kubernetes name", r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?", "small letters, digits, dashes, dots", 253
)


@dataclass(frozen=True, slots=True)
class Duration(Shape):
    """A time span as people write it, ``90m``; read as seconds."""

    def read(self, value: Value, place: Place, problems: Problems) -> int:
        """Return the seconds."""
        match = _DURATION.match(value) if isinstance(value, str) else None
        if match is None:
            told = "another text" if isinstance(value, str) else kind_of(value)
            problems.add(place, f"must be a time such as 30m or 12h, not {told}")
            return 0
        return int(match[1]) * _SECONDS[match[2]]

    def schema(self) -> Json:
        """Return a pattern."""
        return {"type": "string", "pattern": r"^[1-9][0-9]{0,6}[smh]$"}

    def describe(self) -> str:
        """Return the form."""
        return "a time, as `1h`"


def _check_role(value: Map, place: Place, problems: Problems) -> None:
    if not set(value) - {"namespace", "name", "engine"}:
        problems.add(place, "says nothing of the role; add connection, owner, grants, parameters, request or a ttl")
    engine = value.get("engine")
    if "request" in value and isinstance(engine, str) and engine not in ASKED:
        place = place.inner("request", value.at("request"))
        problems.add(
            place, f"{engine} is asked for nothing but a credential; only {' and '.join(ASKED)} take a request"
        )


ENGINE_ROLE: Final = Section(
    EngineRole,
    (
        Field("namespace", _GLOB, "Glob of the Secret's namespace."),
        Field("name", _GLOB, "Glob of the name of the Secret, or of the ExternalSecret."),
        Field("engine", Word(ENGINES), "Only for credentials of this engine; without it for all."),
        Field("role", _ROLE, "Name of the role in Vault; without it the convention's."),
        Field("connection", _LINE, "`database` only: the connection's name in Vault (`db_name`)."),
        Field(
            "owner",
            _SQL_NAME,
            "PostgreSQL only: the role that owns the app's tables. Logins then act as the owner (`SET ROLE`), which an app "
            "that runs schema migrations needs.",
        ),
        Field(
            "grants",
            ListOf(_LINE, "statements"),
            "What a login may do, as Vault's creation statements (`{{name}}` is the login). Never invented by phase2.",
        ),
        Field("revocation", ListOf(_LINE, "statements"), "Revocation statements, in place of the usual ones."),
        Field(
            "parameters",
            MapOf(_ROLE, _BLOCK, "fields to values"),
            "Other engines: fields of the role, as Vault's API names them; lists with commas.",
        ),
        Field(
            "request",
            MapOf(_ROLE, _LINE, "fields to values"),
            "What is sent along when a credential is asked for, as Vault's API names it: `pki` needs `common_name`, "
            "`kubernetes` `kubernetes_namespace`. It stands in the templates that plan proposes.",
        ),
        Field("ttl", Duration(), "How long a credential lives; without it `1h`.", attribute="ttl_s"),
        Field("maxTtl", Duration(), "Until when it can be renewed; without it `24h`.", attribute="max_ttl_s"),
    ),
    "a mapping",
    _check_role,
    {
        "anyOf": [
            {"required": [one]}
            for one in ("role", "connection", "owner", "grants", "revocation", "parameters", "request", "ttl", "maxTtl")
        ],
        "if": {"required": ["engine", "request"]},
        "then": {"properties": {"engine": {"enum": list(ASKED)}}},
    },
    is_located=True,
)


def _check_workload(value: Map, place: Place, problems: Problems) -> None:
    if not set(value) - {"namespace", "name", "kind"}:
        problems.add(place, "says nothing of the workload; add serviceAccount, labelsPath or what else is known")


WORKLOAD: Final = Section(
    WorkloadFacts,
    (
        Field("namespace", _GLOB, "Glob of the workload's namespace."),
        Field("kind", Text("a kind", r"[A-Z][A-Za-z0-9]*", "as in HelmRelease", 63), "Its kind."),
        Field("name", _GLOB, "Glob of its name."),
        Field("serviceAccount", _NAME, "ServiceAccount of its pods, when a chart chooses it."),
        Field("container", _NAME, "Name of its container, when a chart chooses it."),
        Field("runAsUser", Number(0, 2**31 - 1), "User of its containers, when the manifest does not say."),
        Field("runAsGroup", Number(0, 2**31 - 1), "Group of its containers, when the manifest does not say."),
        Field("labelsPath", _FIELD, "Chart values that become its pods' labels, as `backend.podLabels`."),
        Field("annotationsPath", _FIELD, "Chart values that become its pods' annotations."),
        Field(
            "annotationsForm",
            Word(tuple(AnnotationsForm), AnnotationsForm),
            "`template` when the chart passes them through `tpl`; without it `plain`.",
        ),
        Field(
            "mode",
            Word(MODES),
            "How the agent runs beside it. `sidecar` renews as long as the pod lives, and keeps a Job from ending; `init` renders "
            "once; `native-sidecar` renews until the Job ends. Without it `sidecar`, and for Jobs as `cluster.kubernetes` allows.",
        ),
        Field(
            "postRenderer",
            _MADE,
            "Where the chart has no place for labels: the object that it makes, as `Deployment/web` (`Deployment/shop/web` when "
            "the chart writes the namespace down); a post-renderer of the HelmRelease gives its pods the label.",
        ),
    ),
    "a mapping",
    _check_workload,
    {
        "anyOf": [
            {"required": [one]}
            for one in (
                "serviceAccount",
                "container",
                "runAsUser",
                "runAsGroup",
                "labelsPath",
                "annotationsPath",
                "mode",
                "postRenderer",
            )
        ]
    },
    is_located=True,
)

CLUSTER: Final = Section(
    Cluster,
    (
        Field(
            "kubernetes",
            Text("a version in quotes", r"1\.[0-9]{1,3}(?:\.[0-9]{1,3})?", "as in '1.31'", 12),
            "Version of the nodes. From `1.29` on Jobs get the agent as a native sidecar, which renews their logins; without it "
            "they are rendered once.",
        ),
    ),
)
