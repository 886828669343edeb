"""The design rules at admission: what is warned about and denied, and what never is."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from injector.cluster import ClusterState, Objects, WatchedKind, pack
from injector.config.load import parse_config
from injector.config.verify import Level, Verify
from injector.migration.model import SecretMigration, Stage
from injector.migration.write import write_migration
from tests.canary import CANARY, has_canary
from tests.unit.pod.making import migration
from tests.webhook.reviews import response, review, snapshot
from webhook.answering import answer_review
from webhook.review import Outcome, Reply
from webhook.state import Snapshot
from webhook.validation import Rules, decide_validation, make_rules

ESO = "external-secrets.io/v1"
MOVING = replace(migration(), stage=Stage.INJECT)


def external(
    name: str = "other", policy: str = "", target: str = "", keys: Any = ("token",), **spec: Any
) -> dict[str, Any]:
    to = {key: value for key, value in (("name", target), ("creationPolicy", policy)) if value}
    return {
        "apiVersion": ESO,
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": "vault"},
            "target": {**to, **spec.pop("target_more", {})},
            "data": [{"secretKey": key, "remoteRef": {"key": "a", "property": key}} for key in keys],
            **spec,
        },
    }


def secret(value: str = f"{CANARY}Zq8w", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "web", "namespace": "shop", **more.pop("metadata", {})},
        "data": {"password": base64.b64encode(value.encode()).decode()},
        **more,
    }


def rules(text: str = "") -> Rules:
    return make_rules(parse_config(f"verify: {{{text}}}".encode()))


def ask(
    body: dict[str, Any],
    *migrations: SecretMigration,
    config: str = "",
    operation: str = "CREATE",
    old: dict[str, Any] | None = None,
    known: Snapshot | None = None,
) -> Reply:
    sent = review(body, kind=str(body["kind"]), operation=operation, oldObject=old)
    return answer_review(sent, known or snapshot(*migrations), decide=partial(decide_validation, rules=rules(config)))


BREAKING: dict[str, tuple[dict[str, Any], tuple[SecretMigration, ...]]] = {
    "creation-policy": (external(policy="Merge"), ()),
    "tls-template": (external(keys=("tls.crt", "tls.key")), ()),
    "migrating-secret-retargeted": (external(target=MOVING.secret), (MOVING,)),
    "migration-malformed": (
        {"apiVersion": "phase2.tazlab.net/v1alpha1", "kind": "SecretMigration", "metadata": {"name": "a"}, "spec": {}},
        (),
    ),
    "inline-secret": (secret(), ()),
}
OUTCOMES = {"off": Outcome.UNCHANGED, "warn": Outcome.WARNED, "deny": Outcome.DENIED}


@pytest.mark.parametrize("level", OUTCOMES)
@pytest.mark.parametrize("rule", BREAKING)
def test_every_rule_does_what_the_configuration_says(rule: str, level: str) -> None:
    body, migrations = BREAKING[rule]

    reply = ask(body, *migrations, config=f"admission: {{{rule}: {level}}}")

    said = response(reply)
    assert reply.outcome is OUTCOMES[level]
    assert said["allowed"] is (level != "deny")
    assert said.get("auditAnnotations") == (None if level == "off" else {"verify": f"{rule}={level}"})
    texts = [*said.get("warnings", []), *([said["status"]["message"]] if level == "deny" else [])]
    assert [one.startswith(f"phase2: {rule}: ") for one in texts] == ([] if level == "off" else [True])
    assert not has_canary(reply.body)


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ("creation-policy", Outcome.WARNED),
        ("tls-template", Outcome.WARNED),
        ("migrating-secret-retargeted", Outcome.DENIED),
        ("migration-malformed", Outcome.DENIED),
        ("inline-secret", Outcome.UNCHANGED),
    ],
)
def test_without_a_configuration_values_in_secrets_are_not_asked_about(rule: str, outcome: Outcome) -> None:
    body, migrations = BREAKING[rule]

    assert ask(body, *migrations).outcome is outcome


def test_levels_of_a_tree_hold_at_admission_too_but_for_values_in_secrets() -> None:
    levels = "rules: {creation-policy: deny, inline-secret: deny}"

    assert ask(external(policy="Merge"), config=levels).outcome is Outcome.DENIED
    assert ask(secret(), config=levels).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    "made",
    [
        {"metadata": {"ownerReferences": [{"apiVersion": ESO, "kind": "ExternalSecret", "name": "web", "uid": "u"}]}},
        {"metadata": {"labels": {"reconcile.external-secrets.io/managed": "true"}}},
        {"type": "helm.sh/release.v1"},
        {"type": "kubernetes.io/service-account-token"},
        {"type": "bootstrap.kubernetes.io/token"},
    ],
    ids=["owned", "of the operator", "of Helm", "of Kubernetes", "of kubeadm"],
)
def test_a_secret_that_a_controller_writes_is_let_in(made: dict[str, Any]) -> None:
    assert ask(secret(**made), config="admission: {inline-secret: deny}").outcome is Outcome.UNCHANGED


def test_a_secret_that_moves_is_written_on_by_its_operator() -> None:
    body = secret("", metadata={"name": MOVING.secret, "namespace": MOVING.namespace})
    denying = "admission: {migrating-secret-retargeted: deny, inline-secret: deny}"

    assert ask(body, MOVING, config=denying).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("allowed", ["{namespace: shop, reason: r}", "{name: web, key: password, reason: r}"])
def test_a_value_that_is_allowed_is_let_in(allowed: str) -> None:
    assert ask(secret(), config=f"admission: {{inline-secret: deny}}, allow: [{allowed}]").outcome is Outcome.UNCHANGED


def test_a_value_that_is_allowed_in_a_folder_is_not_allowed_in_a_cluster() -> None:
    config = "admission: {inline-secret: deny}, allow: [{path: '*', name: other, reason: r}, {path: '**', reason: r}]"

    assert ask(secret(), config=config).outcome is Outcome.DENIED


def test_an_annotation_with_a_reason_lets_it_in_and_leaves_a_trace() -> None:
    body = external(policy="Merge")
    body["metadata"]["annotations"] = {"phase2.tazlab.net/ignore.creation-policy": "dex writes beside it"}

    reply = ask(body, config="rules: {creation-policy: deny}")

    assert reply.outcome is Outcome.UNCHANGED
    assert response(reply)["auditAnnotations"] == {"verify": "creation-policy=suppressed"}


def test_an_update_is_only_warned_about_for_what_was_there_before() -> None:
    body, deny = external(policy="Merge"), "rules: {creation-policy: deny}"

    same = ask(body, config=deny, operation="UPDATE", old=external(policy="Merge"))
    worse = ask(body, config=deny, operation="UPDATE", old=external())

    assert (same.outcome, worse.outcome) == (Outcome.WARNED, Outcome.DENIED)


def test_what_is_being_deleted_is_never_refused() -> None:
    body = external(policy="Merge", target=MOVING.secret)
    body["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert ask(body, MOVING, config="rules: {creation-policy: deny}", operation="UPDATE").outcome is Outcome.UNCHANGED


def test_a_child_of_a_cluster_external_secret_is_judged_where_that_is() -> None:
    body = external(policy="Merge", target=MOVING.secret)
    body["metadata"]["ownerReferences"] = [
        {"apiVersion": ESO, "kind": "ClusterExternalSecret", "name": "x", "uid": "u"}
    ]

    assert ask(body, MOVING, config="rules: {creation-policy: deny}").outcome is Outcome.UNCHANGED


def test_a_cluster_external_secret_is_asked_for_every_namespace_that_it_names() -> None:
    body = {
        "apiVersion": ESO,
        "kind": "ClusterExternalSecret",
        "metadata": {"name": "all"},
        "spec": {
            "namespaces": ["other", "shop"],
            "externalSecretSpec": {**external()["spec"], "target": {"name": MOVING.secret}},
        },
    }

    reply = ask(body, MOVING)

    assert reply.outcome is Outcome.DENIED
    assert f"writes Secret {MOVING.secret}, which {MOVING.ref} is moving" in response(reply)["status"]["message"]


def test_a_migration_is_told_who_writes_its_secret_already() -> None:
    bodies = [external(target=MOVING.secret), external(name=MOVING.source.name, target=MOVING.secret)]
    held = [(MOVING.namespace, str(one["metadata"]["name"]), pack(WatchedKind.EXTERNAL_SECRET, one)) for one in bodies]
    cluster = ClusterState().with_kind(WatchedKind.EXTERNAL_SECRET, Objects().replaced(held))
    known = replace(snapshot(), cluster=cluster)

    reply = ask(yaml.safe_load(write_migration(MOVING)), known=known)

    assert reply.outcome is Outcome.DENIED
    assert "ExternalSecret other writes Secret" in response(reply)["status"]["message"]
    assert f"ExternalSecret {MOVING.source.name} " not in response(reply)["status"]["message"]


@pytest.mark.parametrize(("kind", "namespace"), [("ClusterSecretStore", ""), ("SecretStore", "tools")])
@pytest.mark.parametrize(("remote", "outcome"), [("shop", Outcome.DENIED), ("other", Outcome.UNCHANGED)])
def test_a_push_into_a_secret_that_moves_is_denied(kind: str, namespace: str, remote: str, outcome: Outcome) -> None:
    provider = {"kubernetes": {"remoteNamespace": remote}}
    store: dict[str, Any] = {
        "apiVersion": ESO,
        "kind": kind,
        "metadata": {"name": "here"},
        "spec": {"provider": provider},
    }
    if namespace:
        store["metadata"] = {"name": "here", "namespace": namespace}
    watched = WatchedKind(kind)
    held = Objects().replaced([(namespace, "here", pack(watched, store))])
    known = replace(snapshot(MOVING), cluster=ClusterState().with_kind(watched, held))
    match = {"match": {"secretKey": "password", "remoteRef": {"remoteKey": MOVING.secret}}}
    body = {
        "apiVersion": "external-secrets.io/v1alpha1",
        "kind": "PushSecret",
        "metadata": {"name": "push", "namespace": "tools"},
        "spec": {
            "secretStoreRefs": [{"kind": kind, "name": "here"}],
            "selector": {"secret": {"name": "made"}},
            "data": [match],
        },
    }

    assert ask(body, known=known).outcome is outcome
    assert ask(body, MOVING).outcome is Outcome.UNCHANGED


def test_objects_nested_beyond_reason_are_answered() -> None:
    deep = b'{"a":[' * 400 + b'"x"' + b"]}" * 400
    sent = review(external(more="DEEP"), kind="ExternalSecret").replace(b'"DEEP"', deep)

    reply = answer_review(sent, snapshot(), decide=partial(decide_validation, rules=rules()))

    assert (reply.status, reply.outcome) == (200, Outcome.UNCHANGED)


STAGES = st.sampled_from([None, *Stage])
POLICIES = st.sampled_from(["", "Owner", "Merge", "Orphan", "None", "CreateOrMerge"])
KEYS = st.lists(st.sampled_from(["tls.crt", "tls.key", "ca.crt", "token"]), min_size=1, max_size=4, unique=True)
TYPES = st.sampled_from(["", "Opaque", "kubernetes.io/tls"])


@given(stage=STAGES, policy=POLICIES, keys=KEYS, made_as=TYPES, is_own=st.booleans(), is_target=st.booleans())
def test_an_external_secret_is_judged_as_the_rules_are_written(
    *, stage: Stage | None, policy: str, keys: list[str], made_as: str, is_own: bool, is_target: bool
) -> None:
    """The answer is that of a judge who knows the rules in prose, and none of the code."""
    migrations = (replace(MOVING, stage=stage),) if stage else ()
    name = MOVING.source.name if is_own else "somebody"
    body = external(
        name,
        policy,
        MOVING.secret if is_target else "elsewhere",
        keys,
        target_more={"template": {"type": made_as}} if made_as else {},
    )
    moves = stage in (Stage.INJECT, Stage.RELEASE, Stage.RETIRE)
    released = stage in (Stage.RELEASE, Stage.RETIRE)
    expected = set()
    if policy not in ("", "Owner") and not (policy == "Orphan" and is_own and released):
        expected.add("creation-policy")
    has_both = {"tls.crt", "tls.key"} <= {*keys}
    if has_both != (made_as == "kubernetes.io/tls"):
        expected.add("tls-template")
    if moves and policy != "None" and is_own != is_target:
        expected.add("migrating-secret-retargeted")

    noted = response(ask(body, *migrations)).get("auditAnnotations", {}).get("verify", "")

    assert {one.partition("=")[0] for one in noted.split()} == expected


def test_rules_that_are_all_off_cost_no_look_at_a_secret() -> None:
    off = Rules(verify=Verify(admission=dict.fromkeys(BREAKING, Level.OFF)))
    reply = answer_review(review(secret(), kind="Secret"), snapshot(), decide=partial(decide_validation, rules=off))

    assert reply.outcome is Outcome.UNCHANGED
