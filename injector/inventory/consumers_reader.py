"""What every finder of consumers shares: whose object is being read, and what a field that names a Secret says.

Nothing in here knows a kind of object. `injector.inventory.consumers` decides which finder reads what.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from injector.location import Location
from injector.manifests.document import text
from injector.manifests.yamldoc import Map, Value
from injector.model import Consumer, ContainerFacts, How, ObjectRef, Origin, PodFacts

ConfigMaps: TypeAlias = "Callable[[str, str], Mapping[str, Value] | None]"
"""(namespace, name) -> data of a ConfigMap of the same build, None when it is not there."""
Charts: TypeAlias = "Callable[[str, str], str]"
"""(kind, name) of a ``chartRef`` -> the chart's name, empty when it is not known."""
Redact: TypeAlias = "Callable[[str], str]"
"""Text -> the same text without what looks like a secret value."""

MAX_DEPTH: Final = 60
"""Custom resources nest at most about thirty levels (a pod template in a template in a template)."""

_NAME: Final = re.compile(r"(?:[A-Za-z0-9._-]|\$\{[A-Za-z0-9_:=.-]*\}|\$[A-Za-z_]+)+\Z")
_KEY: Final = re.compile(r"[-._A-Za-z0-9]{1,100}\Z")
_SEGMENT: Final = re.compile(r"[^-._]{16,}")
_TOKEN: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_MAX_TOKENS: Final = 6
_MAX_LOWER: Final = 3
_MAX_MIXED: Final = 2
"""Words that a part of sixteen characters and more may have: without digits, with digits, with capitals too."""
_RELEASE: Final = re.compile(r"\{\{-?\s*\$?\.Release\.(Name|Namespace)\s*(?:\|\s*quote\s*)?-?\}\}")
_MAX_NAME: Final = 253


@dataclass(frozen=True, slots=True)
class Release:
    """A Helm release: what ``.Release.Name`` and ``.Release.Namespace`` stand for."""

    name: str
    namespace: str


@dataclass(frozen=True, slots=True)
class Named:
    """A Secret, as a field names it.

    Attributes:
        secret: its name.
        location: the line of the key that names it.
        key: the Secret's key, empty for all of them.
        namespace: where the field says that it lies, empty when it says nothing.
    """

    secret: str
    location: Location
    key: str = ""
    is_optional: bool = False
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Use:
    """A container's way of reading a Secret, before the container's facts are known; fields as in `Consumer`."""

    named: Named
    how: How
    env: str = ""
    path: str = ""
    beside: tuple[str, ...] = ()
    is_single: bool = False
    mode: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: an object, with everything that a finder needs to know beyond the object.

    Attributes:
        namespace: where the Secrets lie that are named without one; empty for the object's own.
        chart: the chart's name for Helm values.
        release: the Helm release whose values are read; None for everything else.
        labels: the pod template's labels where there is one, else the object's.
        pod_spec: the pod spec that is read; None outside of one.
    """

    ref: ObjectRef
    origin: Origin
    redact: Redact
    config_maps: ConfigMaps | None = None
    charts: Charts | None = None
    namespace: str = ""
    chart: str = ""
    release: Release | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    pod_spec: Map | None = None

    def name_of(self, value: Value) -> str:
        """Return the Secret name that a field's value is, empty when it cannot be one."""
        name = value if isinstance(value, str) else ""
        if "{{" in name and self.release is not None:
            name = resolve_release(name, self.release)
        return name if is_name(name) else ""

    def key_of(self, value: Value) -> str:
        """Return the Secret key that a field's value is, empty when it may be anything else.

        Charts call keys and key material alike (``secretKey``): what does not look like a key is not kept.
        """
        key = value if isinstance(value, str) else ""
        return key if _KEY.match(key) and is_wordy(key) else ""

    def named(self, body: Map, *, name_key: str = "name") -> Named | None:
        """Read a reference's ``name``, ``key``, ``optional`` and ``namespace``; None without a usable name."""
        secret = self.name_of(body.get(name_key))
        if not secret:
            return None
        return Named(
            secret,
            body.at(name_key),
            key=text(body.get("key")),
            is_optional=body.get("optional") is True,
            namespace=self.name_of(body.get("namespace")),
        )

    def consumer(
        self,
        use: Use,
        *,
        container: ContainerFacts | None = None,
        siblings: tuple[str, ...] = (),
    ) -> Consumer:
        """Return the consumer that `use` is."""
        namespace = use.named.namespace or self.namespace
        return Consumer(
            ref=self.ref,
            secret=use.named.secret,
            how=use.how,
            origin=self.origin,
            location=use.named.location,
            key=use.named.key,
            env=use.env,
            path=use.path,
            is_single=use.is_single,
            mode=use.mode,
            container=container,
            chart=self.chart,
            pod=read_pod_facts(self.pod_spec) if self.pod_spec is not None else None,
            is_optional=use.named.is_optional,
            secret_namespace=namespace if namespace != self.ref.namespace else "",
            sibling_secrets=siblings,
            beside=use.beside,
            labels=self.labels,
        )

    def consumers(self, uses: Iterable[Use], container: ContainerFacts | None) -> list[Consumer]:
        """Return what one container reads, each knowing the other Secrets of the same container."""
        found = list(dict.fromkeys(uses))
        groups: dict[str, set[str]] = {}
        for use in found:
            groups.setdefault(_group(use), set()).add(use.named.secret)
        made = []
        for use in found:
            others = groups[_group(use)] - {use.named.secret}
            made.append(self.consumer(use, container=container, siblings=tuple(sorted(others))))
        return made


def read_pod_facts(spec: Map) -> PodFacts:
    """Return what a pod spec says of the pod as a whole."""
    # serviceAccount is the deprecated name of the same field; the API server fills in both.
    account = text(spec.get("serviceAccountName")) or text(spec.get("serviceAccount"))
    return PodFacts(
        service_account=account or "default",
        has_token=spec.get("automountServiceAccountToken") is not False,
        is_host_network=spec.get("hostNetwork") is True,
    )


def _group(use: Use) -> str:
    """Return what tells which uses are one container's: of Helm values only those of one mapping surely are."""
    return use.path.rpartition(".")[0] or "." if use.how is How.HELM_VALUES else ""


def is_name(name: str) -> bool:
    """Tell whether text may be a Secret's name; ``${VAR}`` in it is kept, other templating is none.

    Source: RFC 1123 subdomain, https://kubernetes.io/docs/concepts/overview/working-with-objects/names/.
    """
    return 0 < len(name) <= _MAX_NAME and _NAME.match(name) is not None


def is_plausible_name(name: str) -> bool:
    """Tell whether the value of a field that *may* name a Secret is a name and no secret value.

    Stricter than `is_name`: what a chart calls ``fooSecret`` is now a name, now the value itself, and a value
    must never travel on as if it were a name.
    """
    return is_name(name) and (name == name.lower() or "${" in name) and is_wordy(name)


def is_wordy(name: str) -> bool:
    """Tell whether text is made of words, as names are, and not of random characters, as values are.

    ``wJalrXUtnFEMIK7MDENG`` and ``AKIAIOSFODNN7EXAMPLE`` are not; kustomize's ten-character hashes may end a name.
    """
    for match in _SEGMENT.finditer(name):
        tokens = _TOKEN.findall(match[0])
        has_digits = any(token.isdigit() for token in tokens)
        limit = (_MAX_LOWER if match[0].islower() else _MAX_MIXED) if has_digits else _MAX_TOKENS
        if len(tokens) > limit:
            return False
    return True


def resolve_release(name: str, release: Release) -> str:
    """Fill ``{{ .Release.Name }}`` and ``{{ .Release.Namespace }}``; other templating stays."""

    def one(match: re.Match[str]) -> str:
        return release.name if match[1] == "Name" else release.namespace

    return _RELEASE.sub(one, name)


def labels_of(metadata: Map) -> dict[str, str]:
    """Return an object's labels as text."""
    labels = metadata.get("labels")
    return {key: text(value) for key, value in labels.items()} if isinstance(labels, Map) else {}
