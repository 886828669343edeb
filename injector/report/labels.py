"""Kubernetes label selectors: ``a=b``, ``a!=b``, ``a in (b,c)``, ``a notin (b,c)``, ``a``, ``!a``.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from injector.errors import UsageError

_KEY: Final = r"(?P<key>[A-Za-z0-9][A-Za-z0-9._/-]*)"
_SET: Final = re.compile(rf"{_KEY}\s+(?P<sign>in|notin)\s*\((?P<values>[^()]*)\)")
_EQUALITY: Final = re.compile(rf"{_KEY}\s*(?P<sign>==|=|!=)\s*(?P<value>[A-Za-z0-9._-]*)")
_EXISTENCE: Final = re.compile(rf"(?P<sign>!?)\s*{_KEY}")
_COMMA: Final = re.compile(r",(?![^(]*\))")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One part of a selector.

    Attributes:
        key: the label.
        values: the label must have one of these; None when having the label is enough.
        is_negated: it must *not* hold; a label that is absent never holds.
    """

    key: str
    values: frozenset[str] | None
    is_negated: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Return whether an object with these labels is selected."""
        holds = self.key in labels and (self.values is None or labels[self.key] in self.values)
        return holds is not self.is_negated


def parse_selector(text: str) -> tuple[Requirement, ...]:
    """Return the requirements of a selector, all of which must hold.

    Raises:
        UsageError: the text is no selector.
    """
    return tuple(_parse(part.strip(), text) for part in _COMMA.split(text)) if text.strip() else ()


def _parse(part: str, text: str) -> Requirement:
    if found := _SET.fullmatch(part):
        values = frozenset(value.strip() for value in found["values"].split(","))
        return Requirement(found["key"], values, is_negated=found["sign"] == "notin")
    if found := _EQUALITY.fullmatch(part):
        return Requirement(found["key"], frozenset({found["value"]}), is_negated=found["sign"] == "!=")
    if found := _EXISTENCE.fullmatch(part):
        return Requirement(found["key"], None, is_negated=bool(found["sign"]))
    raise UsageError(
        f"selector {text!r}: {part!r} is no requirement; write key=value, key!=value, key in (a,b), key notin (a,b), "
        "key or !key"
    )
