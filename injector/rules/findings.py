"""Rules about what is wrong or noteworthy, whatever the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from injector.inventory.linking import Secret
from injector.location import Location
from injector.model import SecretSource
from injector.rules.context import Context
from injector.rules.rule import FindingRule


def _two_writers(secret: Secret, source: SecretSource, context: Context) -> Iterator[tuple[str, Location]]:
    del context
    others = [one for one in secret.sources if one.ref != source.ref]
    if others:
        message = f"Secret {secret.name} is also written by {others[0].ref} ({others[0].origin.location})"
        yield message, source.origin.location


RULES: Final = (
    FindingRule(
        id="two-writers",
        statement="A Secret has two writers: the last one wins, again and again.",
        remedy="Remove one of them.",
        find=_two_writers,
    ),
)
