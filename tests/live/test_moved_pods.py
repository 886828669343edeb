"""What the API server says to made-up pods that the webhook has moved; no webhook is registered, so it sees our work alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from random import Random
from typing import cast

from tests.lab.kube import ApiError, Object
from tests.lab.lab import Lab
from tests.webhook.drawn import READS_BY, draw, known_of, make
from tests.webhook.fuzz import SEED
from tests.webhook.reviews import patched, response, review
from webhook.answering import answer_review

COUNT = 300


def moved_pods() -> Iterator[tuple[str, Object, Object]]:
    """Made-up pods, as they were and as they became, without end; the word is the way by which a migration moved them."""
    rng = Random(SEED)  # noqa: S311 - a seed, so that a failure comes again
    while True:
        world, traits = draw(rng)
        body = make(rng, traits)
        body["metadata"].get("labels", {}).pop("a/b~c", None)  # it tries JSON Patch, and is no name of a label
        known, decide = known_of(world)
        sent = review(body, namespace=traits.namespace)
        reply = answer_review(sent, known, decide=decide)
        if "patch" in response(reply):
            yield str(world.delivery if world.stage else "alone"), body, cast("Object", patched(body, reply))


def refusal(lab: Lab, namespace: str, body: Object) -> str:
    """What the API server has against a pod; nothing is stored."""
    try:
        lab.kube.create({**body, "metadata": {**body["metadata"], "namespace": namespace}}, dry_run=True)
    except ApiError as err:
        return err.message
    return ""


def test_api_server_takes_every_pod_that_was_moved(lab_api: Lab, namespace: str) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": namespace}}
    lab_api.kube.create(account)
    pods = list(islice(moved_pods(), COUNT))

    with ThreadPoolExecutor(4) as pool:
        before = list(pool.map(lambda one: refusal(lab_api, namespace, one[1]), pods))
        after = list(pool.map(lambda one: refusal(lab_api, namespace, one[2]), pods))

    assert [why for why, was in zip(after, before, strict=True) if why and not was] == []
    taken = Counter(way for (way, _, _), was in zip(pods, before, strict=True) if not was)
    assert set(taken) == {"alone", *map(str, READS_BY)}
    assert sum(taken.values()) > COUNT * 0.9
