"""Which Vault paths a consul-template text reads, and with what: the whole of what its policy must allow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

_SECRET: Final = re.compile(
    r'\b(?P<call>secret|pkiCert|secrets)\s+(?P<path>"(?:[^"\\\n]|\\.)*"|`[^`]*`)(?P<write>(?:\s+(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`))*)'
)
_COMPUTED: Final = re.compile(
    r"\{\{-?\s*(?:with|range|if)\s+(?:\$\w+\s*:?=\s*)?(?:secrets?|pkiCert)\s+(?![\s\"`])[^}]{0,60}"
)
_QUOTED: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`')
_ESCAPE: Final = re.compile(r"\\(.)")


def read_rules(templates: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the policy rules that templates need: (path, capabilities), sorted by path.

    ``secret "path"`` reads; with parameters, and for ``pkiCert``, it writes (``update``); ``secrets "path"`` lists.
    A query (``?version=2``) is no part of the path that a policy sees.
    """
    found: dict[str, set[str]] = {}
    for template in templates:
        for path, capability in _calls(template):
            found.setdefault(path, set()).add(capability)
    return tuple((path, tuple(sorted(found[path]))) for path in sorted(found))


def names_sent(templates: Iterable[str], path: str) -> Iterator[frozenset[str]]:
    """Yield, for each call at a path, the names of the parameters that it sends along."""
    for template in templates:
        for match in _SECRET.finditer(template):
            if _path(match) == path:
                sent = (_text(one) for one in _QUOTED.findall(match["write"]))
                yield frozenset(one.partition("=")[0] for one in sent)


def unclear_reads(templates: Iterable[str]) -> tuple[str, ...]:
    """Return in words what no policy can be exactly right for, sorted.

    In a policy's path ``+`` stands for any segment and a final ``*`` for any rest, and there is no way to write the
    characters themselves. Source: https://developer.hashicorp.com/vault/docs/concepts/policies#policy-syntax
    """
    found = set()
    for template in templates:
        found |= {f"{match[0].strip()} }}}} computes its path" for match in _COMPUTED.finditer(template)}
        for path, _ in _calls(template):
            if path.endswith("*") or "+" in path.split("/"):
                found.add(f"a policy for {path} would allow other paths too")
    return tuple(sorted(found))


def _calls(template: str) -> Iterator[tuple[str, str]]:
    for match in _SECRET.finditer(template):
        capability = (
            "list"
            if match["call"] == "secrets"
            else "update"
            if match["write"] or match["call"] == "pkiCert"
            else "read"
        )
        yield _path(match), capability


def _path(match: re.Match[str]) -> str:
    return _text(match["path"]).partition("?")[0].strip("/")


def _text(quoted: str) -> str:
    return quoted[1:-1] if quoted[0] == "`" else _ESCAPE.sub(r"\1", quoted[1:-1])
