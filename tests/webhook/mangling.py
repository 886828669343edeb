"""Reviews that broke on their way: bytes and nodes that are lost, doubled or something else, and what must be true of any answer."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import orjson

from tests.canary import CANARY, has_canary
from tests.webhook.drawn import LABEL
from tests.webhook.reviews import patched, review
from webhook.review import Outcome, Reply

STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**60, "", "x", "true", "app", "db", "{{ . }}", "\x00", "ä" * 300),
    *([], {}, [[]], [None], {"": None}, ["app"], {"name": "app"}, [{"name": 7}], [{"name": "db", "secret": []}]),
)
"""What stands in a node's place."""
STRANGE_BYTES = (b"\xff", b"\xc3", b"\x00", b'"', b"{", b"]", b",", b"\\u12", b"1e", b"\xed\xa0\x80")
KNOWN_VERSIONS = ("admission.k8s.io/v1", "admission.k8s.io/v1beta1")
SAID = {"uid", "allowed", "status", "patchType", "patch", "auditAnnotations", "warnings"}
VALUES = {"value", "note"}
"""Names below which a pod of ours holds what nobody may see again."""

Body = dict[str, Any]


def mangle(rng: Random, sent: bytes) -> bytes:
    """Break a review in one to three places: its nodes in most cases, else its bytes."""
    if rng.random() < 0.25:
        return _mangle_bytes(rng, sent)
    document = orjson.loads(sent)
    for _ in range(rng.randint(1, 3)):
        _mangle_node(rng, document)
    made = orjson.dumps(document)
    return _mangle_bytes(rng, made) if rng.random() < 0.05 else made


def _mangle_node(rng: Random, document: Any) -> None:
    holder, key = rng.choice(list(_places(document)))
    match rng.randrange(5):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
        case 2:
            holder[key] = [holder[key]]
        case 3:
            holder[key] = {rng.choice(["x", "secret", "name"]): {} if isinstance(holder[key], str) else holder[key]}
        case _:
            holder[key] = copy.deepcopy(rng.choice(STRANGE))


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (holder, key) of every node below one."""
    for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _mangle_bytes(rng: Random, sent: bytes) -> bytes:
    start = rng.randrange(len(sent))
    end = min(len(sent), start + rng.randint(1, 40))
    match rng.randrange(5):
        case 0:
            return sent[:start]
        case 1:
            return sent[:start] + sent[end:]
        case 2:
            return sent[:end] + sent[start:]
        case 3:
            return sent[:start] + rng.choice(STRANGE_BYTES) + sent[start:]
        case _:
            return sent[:start] + bytes([rng.randrange(256)]) + sent[start + 1 :]


def check_mangled(sent: bytes, ask: Callable[[bytes], Reply], *, has_default: bool) -> None:
    """Show that what came is answered as anything must be: refused in words, or an answer that can be followed."""
    asked = _read(sent)
    reply = ask(sent)
    assert reply.outcome is not Outcome.ERROR, sent
    answered = orjson.loads(reply.body)
    if asked is None:
        assert (reply.status, set(answered)) == (400, {"error"}), sent
        assert not has_canary(reply.body), sent
        return
    assert (reply.status, set(answered)) == (200, {"apiVersion", "kind", "response"}), sent
    request, answer = asked["request"], answered["response"]
    assert (answered["apiVersion"], answered["kind"]) == (asked["apiVersion"], "AdmissionReview"), sent
    assert answer["uid"] == request["uid"], sent
    assert set(answer) <= SAID, sent
    assert (answer["allowed"], "status" in answer) in ((True, False), (False, True)), sent
    assert all(isinstance(one, str) and 0 < len(one) <= 256 for one in answer.get("warnings", ())), sent
    assert all(isinstance(one, str) for one in answer.get("auditAnnotations", {}).values()), sent
    patch = answer.pop("patch", None)
    assert _is_elsewhere(asked) or not has_canary(orjson.dumps(answer)), sent
    if patch is not None:
        _check_patch(request, reply, ask, has_default=has_default)


def _check_patch(request: Body, reply: Reply, ask: Callable[[bytes], Reply], *, has_default: bool) -> None:
    before = request["object"]
    after: Body = patched(before, reply)
    assert request.get("operation") in ("CREATE", "") or not isinstance(request.get("operation"), str), request
    metadata = before.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    label = labels.get(LABEL) if isinstance(labels, dict) else None
    assert label == "true" or (has_default and not isinstance(label, str)), request
    for part in ("containers", "initContainers"):
        assert _names(after, part) == _names(before, part), request
    again = ask(review(after, namespace=request["namespace"]))
    assert again.outcome is not Outcome.ERROR, request
    assert "patch" not in orjson.loads(again.body)["response"], request


def _names(body: Body, part: str) -> list[Any]:
    found = body["spec"].get(part)
    return [one.get("name") for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _read(sent: bytes) -> Body | None:
    """Return a review as somebody else's reader takes it; None when it is none."""
    try:
        found = json.loads(sent.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not (isinstance(found, dict) and found.get("kind") == "AdmissionReview"):
        return None
    request, version = found.get("request"), found.get("apiVersion")
    if not (isinstance(request, dict) and isinstance(version, str) and version in KNOWN_VERSIONS):
        return None
    uid = request.get("uid")
    return found if isinstance(uid, str) and 0 < len(uid) <= 128 else None


def _refuse(text: str) -> Any:
    raise ValueError(text)


def _is_elsewhere(node: Any, under: str = "") -> bool:
    """Tell whether what nobody may see came to stand where a name stands, which may be told."""
    if isinstance(node, dict):
        return any(CANARY in key or _is_elsewhere(inner, key) for key, inner in node.items())
    if isinstance(node, list):
        return any(_is_elsewhere(one, under) for one in node)
    return isinstance(node, str) and CANARY in node and under not in VALUES
