"""YAML that stands as text in a field of YAML: Argo CD's ``values``, patches, charts that template their values."""

from __future__ import annotations

from injector.location import Location
from injector.manifests.yamldoc import Chunk, Map, Value, YamlError, parse_chunk


def parse_embedded(body: Map, key: str) -> Value:
    """Parse the text in a field; None when it is no text or no YAML."""
    value = body.get(key)
    return parse_text(value, body.at(key)) if isinstance(value, str) else None


def parse_text(value: str, at: Location) -> Value:
    """Parse YAML text.

    Args:
        value: the text; a template that is no YAML yields None, it says nothing that could be trusted.
        at: the line of the key that holds it. Lines below count from there, which is right as long as the text
            is a literal block, and long text always is.
    """
    if not value.strip():
        return None
    line = at.line + 1 if "\n" in value else at.line
    try:
        return parse_chunk(Chunk(0, line, value.encode(errors="replace")), at.path).value
    except YamlError:
        return None
