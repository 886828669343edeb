"""How rules are asked: every value is decided, whatever it is called, and the order of files and keys is no matter."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from injector.model import Verdict
from injector.report.jsontext import render_json
from injector.rules.example import document, external_secret, manifests, workload
from injector.rules.naming import judge_name
from injector.rules.registry import VERDICTS
from tests.unit.rules.judging import judge, near_misses_of

WORDS = st.sampled_from(
    ["DB", "POSTGRES", "REDIS", "AWS", "S3", "ACCESS", "SECRET", "KEY", "ID", "PASSWORD", "USER", "TOKEN", "URL", "HOST",
     "API", "SSH", "PRIVATE", "INIT", "SUPER", "ROOT", "ADMIN", "CLIENT", "OIDC", "TLS", "CRT", "VAULT", "K8S", "GCP",
     "JSON", "AZURE", "TENANT", "CONSUL", "MAIL", "SMTP", "WEBHOOK", "X", "DUMMY", "KUBECONFIG", "LDAP", "BIND", "DN"]
)  # fmt: skip
NAMES = st.lists(WORDS, min_size=1, max_size=4).map("_".join)
IMAGES = st.sampled_from(["postgres:17", "ghcr.io/acme/web:1", "redis", "cloudflare/cloudflared", "mongo-express", "x"])


@settings(max_examples=150, deadline=None)
@given(NAMES, IMAGES, st.booleans())
def test_every_value_is_decided_with_a_reason(name: str, image: str, is_read: bool) -> None:  # noqa: FBT001
    secret = external_secret("shop/web", {name: "shop/web#x"})
    reader = workload("shop/web", image, env={"VALUE": f"web#{name}"})

    report = judge(manifests(secret, reader) if is_read else secret)

    [item] = report.items
    for credential in item.credentials:
        assert credential.reasons
        assert (credential.verdict is Verdict.DYNAMIC) == bool(credential.engine)


@settings(max_examples=200, deadline=None)
@given(NAMES)
def test_every_kind_that_a_name_may_have_is_known_to_a_rule(name: str) -> None:
    kinds = {kind for rule in VERDICTS for kind in rule.kinds}
    resolved = {"login", "aws", "gcp", "azure", "unknown"}  # what gets its kind from elsewhere, and what has none

    assert judge_name(name).kind in kinds | resolved


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_order_of_documents_and_keys_decides_nothing(data: st.DataObject) -> None:
    keys = ["POSTGRES_PASSWORD", "POSTGRES_USER", "API_TOKEN", "REDIS_URL", "DB_HOST"]
    shuffled = data.draw(st.permutations(keys))
    parts = [
        workload("shop/web", "ghcr.io/acme/web:1", env={key: f"web#{key}" for key in keys}),
        workload("shop/pg", "postgres:17", env_from="web"),
        document("v1", "Pod", "shop/pod", "spec: {containers: []}"),
    ]
    order = data.draw(st.permutations(parts))

    def told(secret: str, *others: str) -> list[tuple[object, ...]]:
        report = judge(manifests(secret, *others))
        return [
            (one.keys, one.kind, one.engine, one.verdict, one.confidence, {reason.rule for reason in one.reasons})
            for item in report.items
            for one in item.credentials
        ]

    straight = told(external_secret("shop/web", {key: f"a#{key}" for key in keys}), *parts)
    mixed = told(external_secret("shop/web", {key: f"a#{key}" for key in shuffled}), *order)

    assert straight == mixed


def test_the_same_manifests_give_the_same_bytes() -> None:
    text = manifests(external_secret("shop/web", {"A": "b"}), workload("shop/web", "x", env_from="web"))

    assert render_json(judge(text)) == render_json(judge(text))


def test_a_rule_that_was_overruled_is_a_near_miss_with_the_rule_that_won() -> None:
    secret = external_secret("shop/pg", {"POSTGRES_PASSWORD": "a#b"})

    report = judge(manifests(secret, workload("shop/pg", "postgres:17", env_from="pg")))

    [near] = [near for item in report.items for one in item.credentials for near in one.near_misses]
    assert near.rule == "engine-database"
    assert near.message.endswith("; overruled by server-own-password")


def test_what_nothing_is_known_of_never_came_close() -> None:
    body = "spec: {db: {passwordSecret: {name: web, key: APP_PASSWORD}}}"
    secret = external_secret("shop/web", {"APP_PASSWORD": "a#b"})

    report = judge(manifests(secret, document("k8s.keycloak.org/v2alpha1", "Keycloak", "shop/web", body)))

    assert "kind-unknown-system" not in near_misses_of(report)
