"""What is told of an answer, and of which object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from injector.pod.model import Json
from injector.pod.reading import as_list, as_map
from webhook.review import Answer, Outcome, Request

NORMAL: Final = "Normal"
WARNING: Final = "Warning"
_REASONS: Final = {
    ("Pod", Outcome.MUTATED): (NORMAL, "SecretsMoved"),
    ("Pod", Outcome.WARNED): (WARNING, "LeftAlone"),
    ("Pod", Outcome.DENIED): (WARNING, "Denied"),
    ("ExternalSecret", Outcome.MUTATED): (NORMAL, "Released"),
    ("ExternalSecret", Outcome.WARNED): (WARNING, "LeftAlone"),
}
_LONGEST: Final = 1024
"""An Event's message has no more. Source: kubernetes pkg/apis/core/validation/events.go@v1.34.2, NoteLengthLimit."""


@dataclass(frozen=True, slots=True)
class Regarding:
    """The object that an Event is about.

    Attributes:
        namespace: empty for objects without one.
        uid: empty when it is not known.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing that happened.

    Attributes:
        type: ``Normal`` or ``Warning``.
        reason: one word, for machines.
        message: for people; no value of a Secret.
    """

    regarding: Regarding
    type: str
    reason: str
    message: str


def find_occurrence(request: Request, answer: Answer) -> Occurrence | None:
    """Return what is told of an answer; None when nothing is: it changed nothing, or nothing will be stored.

    A pod that is made has no uid and may have no name yet: its Event is about the object that makes it, if there is one.
    """
    found = _REASONS.get((request.kind, answer.outcome))
    if found is None or request.is_dry_run or request.body is None:
        return None
    regarding = _regarding(request.kind, request.namespace, request.body)
    if regarding is None:
        return None
    words = [answer.message, *answer.warnings] if answer.message else list(answer.warnings)
    message = "; ".join(words) or "its containers read files of the Vault Agent in place of the Secret"
    kind, reason = found
    return Occurrence(regarding, kind, reason, message if len(message) <= _LONGEST else f"{message[: _LONGEST - 1]}…")


def _regarding(kind: str, namespace: str, body: Mapping[str, Json]) -> Regarding | None:
    metadata = as_map(body.get("metadata"))
    if kind == "Pod":
        for one in as_list(metadata.get("ownerReferences")):
            if one.get("controller") is True:
                return _named(one, namespace, _text(one.get("apiVersion")), _text(one.get("kind")))
        return _named(metadata, namespace, "v1", kind)
    return _named(metadata, namespace, _text(body.get("apiVersion")), kind)


def _named(head: Mapping[str, Json], namespace: str, api_version: str, kind: str) -> Regarding | None:
    name = _text(head.get("name"))
    return Regarding(api_version, kind, namespace, name, _text(head.get("uid"))) if name and kind else None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
