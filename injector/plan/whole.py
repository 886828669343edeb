"""Who reads a Secret as a whole, and what the Secret may hold that nobody names."""

from __future__ import annotations

from typing import Final

from injector.model import Consumer, How, SecretSource

JOINING: Final = frozenset({"Merge", "CreateOrMerge"})
"""Policies of an ExternalSecret that writes into a Secret which is somebody else's."""


def may_hold_more(source: SecretSource) -> bool:
    """Tell whether a source's Secret may hold keys that the source does not name."""
    return source.creation_policy in JOINING or any(key.name == "*" for key in source.keys)


def why_not_whole(consumer: Consumer, source: SecretSource, *, is_whole: bool) -> str:
    """Return why a reader of all keys cannot move: he would lose those that nobody names; empty when he can.

    A mixed Secret keeps its ``envFrom``; a volume is always replaced as a whole.
    """
    is_replaced = consumer.how is How.VOLUME or (consumer.how is How.ENV_FROM and is_whole)
    if consumer.key or not is_replaced or not may_hold_more(source):
        return ""
    return (
        f"reads all of Secret {source.target}, which may hold more than {source.ref} names (dataFrom, or creationPolicy Merge); let "
        "it name the keys it needs"
    )
