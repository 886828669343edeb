"""Pods that are alike are decided once: a ReplicaSet makes hundreds that differ only in what the API server gave each of them.

A decision is a function of namespace, pod and snapshot (`webhook.pods.decide_pod`), so that an answer may be given again to the
same question. Two things are taken out of the pod first, because every pod has its own and nothing is decided by them:
``metadata.managedFields``, which hold the time, and the name of the volume with the ServiceAccount's token.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

from injector.convention.kept import Kept
from injector.convention.known import Proposer
from injector.convention.obey import opts_in
from injector.convention.workload import TOKEN
from injector.pod.model import Json
from injector.pod.names import OPT_IN
from injector.pod.reading import CONTAINER_LISTS, as_list, as_map, spec_of
from webhook.pods import decide_pod, is_asked
from webhook.review import Answer, Request
from webhook.state import Snapshot

_MOST: Final = 1024
_MOST_BYTES: Final = 4 * 1024 * 1024
"""Of answers: a pod of 2 KB is answered by about 3 KB, one of 40 KB by 40."""
_OVERHEAD: Final = 512
"""Bytes of an answer without its patch."""
_TOKEN: Final = re.compile(rf"{TOKEN}[a-z0-9]{{5}}")
"""Source: kubernetes plugin/pkg/admission/serviceaccount/admission.go@v1.34.2, ServiceAccountVolumeName and GenerateName."""


@dataclass(frozen=True, slots=True)
class _Neutral:
    """A pod as all pods that are alike have it: as JSON, and the name that was taken out; empty when none was."""

    text: bytes
    token: bytes


class PodDecider:
    """Answers as `decide_pod` does, from memory where the same was asked before. Not for several threads.

    The name of the token's volume is taken out only where it is nothing but that: the name of one volume and of its mounts.
    In its place stands one that nobody can have written down, and the answer is made of the pod with that name.
    """

    __slots__ = ("_kept", "_proposer", "_stand_in")

    def __init__(self, proposer: Proposer) -> None:
        self._proposer = proposer
        self._kept: Kept[Answer] = Kept(_MOST, most_bytes=_MOST_BYTES)
        # It starts as the name does, since by that a template is told from what is added to it.
        self._stand_in: Final = f"{TOKEN}{secrets.token_hex(16)}".encode()

    @property
    def size(self) -> int:
        """Return how many answers are kept."""
        return len(self._kept)

    def __call__(self, request: Request, snapshot: Snapshot) -> Answer:
        """Return the answer to a request."""
        neutral = self._neutral_of(request, snapshot)
        if neutral is None:
            return decide_pod(request, snapshot, proposer=self._proposer)
        key = (request.namespace, hashlib.blake2b(neutral.text, digest_size=20).digest())
        sources = _sources_of(snapshot, request.namespace)
        answer = self._kept.find(key, sources)
        if answer is None:
            alike = Request(request.version, request.uid, request.namespace, body=orjson.loads(neutral.text))
            answer = decide_pod(alike, snapshot, proposer=self._proposer)
            self._kept.keep(key, sources, answer, size_bytes=len(answer.patch) + _OVERHEAD)
        return self._named(answer, neutral.token) if neutral.token else answer

    def _neutral_of(self, request: Request, snapshot: Snapshot) -> _Neutral | None:
        """Return what is decided by; None for a pod of which that takes longer than the decision, or which is none."""
        body = request.body
        if body is None or not is_asked(request):
            return None
        metadata = as_map(body.get("metadata"))
        label = as_map(metadata.get("labels")).get(f"{snapshot.settings.label_prefix}/{OPT_IN}")
        if label != "true" and not opts_in(snapshot.cluster, request.namespace, snapshot.settings):
            return None
        if "managedFields" in metadata:
            body = {**body, "metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}
        try:
            text = orjson.dumps(body)
        except orjson.JSONEncodeError:  # nested more deeply than it writes
            return None
        token, count = _find_token(spec_of(body))
        name = token.encode()
        if not name or text.count(name) != count:
            return _Neutral(text, b"")
        return _Neutral(text.replace(name, self._stand_in), name)

    def _named(self, answer: Answer, token: bytes) -> Answer:
        """Return an answer with a pod's own name in it."""
        before, after = self._stand_in.decode(), token.decode()
        return Answer(
            answer.outcome,
            answer.patch.replace(self._stand_in, token),
            [one.replace(before, after) for one in answer.warnings],
            answer.message.replace(before, after),
            answer.notes,
        )


def _find_token(spec: Mapping[str, Json]) -> tuple[str, int]:
    """Return the name of the volume with the token, empty without one, and how often it stands as a volume's and a mount's name."""
    names = [str(one.get("name")) for one in as_list(spec.get("volumes"))]
    token = next((one for one in reversed(names) if _TOKEN.fullmatch(one)), "")  # the API server adds it last
    count = names.count(token)
    for kind in CONTAINER_LISTS:
        for container in as_list(spec.get(kind)):
            count += sum(1 for mount in as_list(container.get("volumeMounts")) if mount.get("name") == token)
    return token, count


def _sources_of(snapshot: Snapshot, namespace: str) -> tuple[object, ...]:
    """Return everything in a snapshot that the pods of a namespace are decided by; what has not changed is the same object."""
    cluster = snapshot.cluster
    return (
        snapshot.migrations.get(namespace, ()),
        cluster.external_secrets.in_namespace(namespace),
        cluster.secret_stores.in_namespace(namespace),
        cluster.cluster_secret_stores.in_namespace(""),
        cluster.namespaces.in_namespace("").packed(namespace),
        snapshot.settings,
        snapshot.is_complete,
    )
