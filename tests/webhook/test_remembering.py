"""An answer from memory is the answer that would have been computed."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.config.model import DEFAULT
from injector.convention.known import Proposer
from injector.migration.model import Stage
from injector.pod.model import Json
from tests.unit.pod.making import OPT_IN, migration, mounted, pod, volume
from tests.webhook.drawn import draw, known_of, make
from tests.webhook.reviews import patched, response, review, snapshot
from webhook import remembering
from webhook.answering import answer_review
from webhook.pods import decide_pod
from webhook.remembering import PodDecider
from webhook.review import Reply
from webhook.state import Snapshot

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
ELSEWHERE = ("", "container", "mount", "annotation", "label", "secret", "image", "twice", "longer", "env")
"""Where a drawn pod has the name of its token's volume, too."""


def with_token(body: dict[str, Any], token: str, *, elsewhere: str = "") -> dict[str, Any]:
    """The pod as the API server sends it on: with a token, in a volume of a name that is its own."""
    made = copy.deepcopy(body)
    spec, app = made["spec"], made["spec"]["containers"][-1]
    source: dict[str, Any] = {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
    for container in spec["containers"]:
        container["volumeMounts"] = [*container.get("volumeMounts", []), {"name": token, "mountPath": MOUNT}]
    if elsewhere == "container":
        app["name"] = token
    elif elsewhere == "mount":
        app["volumeMounts"][-1]["mountPath"] = f"/{token}/serviceaccount"
    elif elsewhere in ("annotation", "label"):
        made["metadata"][f"{elsewhere}s"] = {**made["metadata"].get(f"{elsewhere}s", {}), "note": token}
    elif elsewhere == "secret":
        source = {"secret": {"secretName": "db"}}
    elif elsewhere == "image":
        app["image"] = f"registry/{token}:1"
    elif elsewhere == "env":
        app["env"] = [*app.get("env", []), {"name": token, "value": "x"}]
    volumes = [*spec.get("volumes", []), {"name": token, **source}]
    if elsewhere == "twice":
        volumes.append({"name": "kube-api-access-zzzzz", **source})
    elif elsewhere == "longer":
        volumes.append({"name": f"{token}-more", "emptyDir": {}})
    spec["volumes"] = volumes
    made["metadata"]["managedFields"] = [{"manager": token, "time": f"2026-11-25T04:00:{sum(token.encode()) % 60}Z"}]
    return made


@given(seed=st.integers(0, 2**32), elsewhere=st.sampled_from(ELSEWHERE), is_named=st.booleans())
@settings(max_examples=300, deadline=None)
def test_answer_from_memory_is_the_one_that_would_be_computed(seed: int, elsewhere: str, *, is_named: bool) -> None:
    """Each pod is asked about after its twin, with all that earlier ones have left in memory."""
    rng = Random(seed)  # noqa: S311 - hypothesis shrinks it
    world, traits = draw(rng)
    body = make(rng, traits)
    twin, own = (
        with_token(body, token, elsewhere=elsewhere) if is_named else body
        for token in ("kube-api-access-aaaaa", "kube-api-access-bbbbb")
    )
    known, decide = known_of(world)
    sent = review(own, namespace=traits.namespace, operation=traits.operation)
    answer_review(review(twin, namespace=traits.namespace, operation=traits.operation), known, decide=decide)

    reply = answer_review(sent, known, decide=decide)

    computed = answer_review(
        sent, known, decide=lambda request, held: decide_pod(request, held, proposer=decide._proposer)
    )
    assert (reply.outcome, reply.body) == (computed.outcome, computed.body)


def ask(decide: PodDecider, body: object, known: Snapshot, **more: Any) -> Reply:
    return answer_review(review(body, **more), known, decide=decide)


def shop_pod() -> dict[str, Any]:
    return pod(mounted(), volumes=[volume()])


def decider() -> PodDecider:
    return PodDecider(Proposer(DEFAULT))


def test_pods_of_a_replica_set_are_decided_once_and_each_keeps_its_own_token() -> None:
    decide, known = decider(), snapshot(migration())
    tokens = [f"kube-api-access-{number:05}" for number in range(9)]

    made = [with_token(shop_pod(), token) for token in tokens]
    after: list[Any] = [patched(body, ask(decide, body, known)) for body in made]

    assert decide.size == 1
    assert [[one["name"] for one in body["spec"]["volumes"]] for body in after] == [[token] for token in tokens]
    assert all(json.dumps(body).count(token) == 3 for body, token in zip(after, tokens, strict=True))
    assert "kube-api-access-00000" not in json.dumps(after[1:])


@pytest.mark.parametrize("elsewhere", [one for one in ELSEWHERE if one not in ("", "secret")])
def test_name_that_stands_elsewhere_is_left_where_it_is(elsewhere: str) -> None:
    decide, known = decider(), snapshot(migration(container="*"))

    for token in ("kube-api-access-aaaaa", "kube-api-access-bbbbb"):
        body = with_token(shop_pod(), token, elsewhere=elsewhere)
        ask(decide, body, known)

    assert decide.size == 2


def test_warning_names_the_pods_own_volume() -> None:
    decide, known = decider(), snapshot(migration())
    source: Json = {"sources": [{"secret": {"name": "db"}}, {"serviceAccountToken": {"path": "token"}}]}

    def asked(token: str) -> Reply:
        body = pod(
            {"name": "app", "volumeMounts": [{"name": token, "mountPath": MOUNT}]},
            volumes=[{"name": token, "projected": source}],
        )
        return ask(decide, body, known)

    asked("kube-api-access-aaaaa")
    [warning] = response(asked("kube-api-access-bbbbb"))["warnings"]

    assert decide.size == 1
    assert "volume kube-api-access-bbbbb joins Secret db" in warning


def test_migration_that_changes_is_obeyed_at_once() -> None:
    decide, body = decider(), shop_pod()
    before = ask(decide, body, snapshot(migration()))

    after = ask(decide, body, snapshot(migration(stage=Stage.PREPARE)))

    assert ("patch" in response(before), "patch" in response(after)) == (True, False)


def test_change_in_another_namespace_keeps_the_answer() -> None:
    decide, first = decider(), snapshot(migration())
    other = replace(migration(), namespace="other")
    ask(decide, shop_pod(), first)

    ask(decide, shop_pod(), replace(first, migrations={**first.migrations, "other": (other,)}))

    assert decide.size == 1


def test_same_pod_in_another_namespace_is_another_question() -> None:
    decide, known = decider(), snapshot(migration())

    replies = [ask(decide, shop_pod(), known, namespace=namespace) for namespace in ("shop", "other")]

    assert ["patch" in response(reply) for reply in replies] == [True, False]


def test_pod_that_did_not_opt_in_takes_no_room() -> None:
    decide, known = decider(), snapshot(migration())
    body = {**shop_pod(), "metadata": {"name": "web", "labels": dict.fromkeys(OPT_IN, "false")}}

    ask(decide, body, known)

    assert decide.size == 0


@pytest.mark.parametrize("more", [{"operation": "UPDATE"}, {"kind": "Deployment"}])
def test_what_is_no_pod_that_is_made_takes_no_room(more: dict[str, str]) -> None:
    decide, known = decider(), snapshot(migration())

    reply = ask(decide, shop_pod(), known, **more)

    assert (decide.size, "patch" in response(reply)) == (0, False)


def test_pod_nested_too_deeply_to_be_compared_is_decided_by_itself() -> None:
    decide, known = decider(), snapshot(migration())
    deep: Json = []
    for _ in range(300):
        deep = [deep]
    sent = review(None).replace(b'"object":null', b'"object":' + json.dumps({**shop_pod(), "status": deep}).encode())

    reply = answer_review(sent, known, decide=decide)

    assert (decide.size, "patch" in response(reply)) == (0, True)


def test_no_more_is_kept_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "_MOST", 3)
    decide, known = decider(), snapshot(migration())

    for number in range(9):
        body = shop_pod()
        ask(decide, {**body, "metadata": {**body["metadata"], "name": f"web-{number}"}}, known)

    assert decide.size == 3
