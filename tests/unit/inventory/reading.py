"""Short ways from YAML text to consumers, for the tests of this folder."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping

from injector.inventory.consumers import read_consumers
from injector.location import Location
from injector.manifests.document import Resource, mapping
from injector.manifests.yamldoc import Map, Value, iter_documents
from injector.model import Consumer

PATH = "app.yaml"


def redact(text: str) -> str:
    """Stand in for the product's own redaction: takes out what holds the planted word."""
    return re.sub(r"[^\s/@=]*CANARY[^\s/@]*", "<redacted>", text)


def resource_of(text: str) -> Resource:
    """Parse one manifest."""
    _, parsed = next(iter_documents(textwrap.dedent(text).encode(), PATH))
    assert not isinstance(parsed, Exception), parsed
    body = parsed.value
    assert isinstance(body, Map)
    return Resource(body, Location(PATH, body.line), 0)


def consumers_of(
    text: str,
    config_maps: Mapping[str, Mapping[str, Value]] | None = None,
    charts: Mapping[str, str] | None = None,
) -> list[Consumer]:
    """Read the consumers of one manifest; `config_maps` by name, `charts` by the name of a ``chartRef``."""
    return read_consumers(
        resource_of(text),
        "files",
        config_map=lambda _namespace, name: (config_maps or {}).get(name),
        chart=lambda _kind, name: (charts or {}).get(name, ""),
        redact=redact,
    )


def only(found: list[Consumer]) -> Consumer:
    """Return the one consumer that there is."""
    assert len(found) == 1, [show(one) for one in found]
    return found[0]


def show(one: Consumer) -> str:
    """Return what a consumer says in one line: ``env DB_PASSWORD <- secret[key] in container``."""
    target = " ".join(part for part in (one.env, one.path) if part)
    key = f"[{one.key}]" if one.key else ""
    where = f" in {one.container.name}" if one.container else ""
    return f"{one.how} {target + ' ' if target else ''}<- {one.secret}{key}{where}"


def shown(found: list[Consumer]) -> list[str]:
    """Return every consumer in one line, in order."""
    return [show(one) for one in found]


def release(values: str, chart: str = "app", name: str = "app") -> str:
    """Return a HelmRelease with these values."""
    head = f"""\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: {name}, namespace: apps}}
spec:
  chart: {{spec: {{chart: {chart}}}}}
  values:
"""
    return head + textwrap.indent(textwrap.dedent(values), "    ")


def in_values(values: str, chart: str = "app", name: str = "app") -> list[str]:
    """Return what a HelmRelease with these values reads, one line each."""
    return shown(consumers_of(release(values, chart, name)))


def parse(text: str) -> Map:
    """Parse YAML that is a mapping."""
    _, parsed = next(iter_documents(textwrap.dedent(text).encode(), PATH))
    return mapping(getattr(parsed, "value", None))
