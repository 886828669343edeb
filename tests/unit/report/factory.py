"""Reports made by hand: small parts with defaults, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Mapping

from injector.location import Location
from injector.model import (
    Confidence,
    Consumer,
    ConsumerReport,
    ContainerFacts,
    Credential,
    Diagnostic,
    Finding,
    How,
    Item,
    ObjectRef,
    Origin,
    Readiness,
    Reason,
    Remote,
    Report,
    SecretKey,
    SecretSource,
    SourceKind,
    StoreRef,
    Suppressed,
    Verdict,
)

VAULT = StoreRef("ClusterSecretStore", "vault", "vault")


def origin(path: str = "apps/db.yaml", line: int = 1, root: str = "flux:flux-system/apps") -> Origin:
    return Origin(Location(path, line), 0, root, ("apps/cluster", "apps/base") if root else ())


def reader(
    readiness: Readiness | None = Readiness.READY, how: How = How.ENV, name: str = "web", *obstacles: str
) -> ConsumerReport:
    ref = ObjectRef("Deployment", "shop", name)
    consumer = Consumer(
        ref,
        "db",
        how,
        origin(),
        Location("apps/web.yaml", 20),
        key="password",
        env="DB_PASSWORD",
        container=ContainerFacts("app"),
    )
    return ConsumerReport(consumer, readiness, obstacles)


def credential(
    verdict: Verdict = Verdict.DYNAMIC,
    *consumers: ConsumerReport,
    kind: str = "database-login",
    engine: str = "database/postgresql",
    near_misses: tuple[Reason, ...] = (),
) -> Credential:
    return Credential(
        keys=("password", "username"),
        vault_paths=("secret/data/shop/db",),
        kind=kind,
        engine=engine,
        verdict=verdict,
        confidence=Confidence.HIGH,
        reasons=(Reason("engine-database", "password is a client's login", Location("apps/db.yaml", 14)),),
        consumers=consumers,
        near_misses=near_misses,
    )


def static_credential(kind: str = "api-token") -> Credential:
    return credential(Verdict.STATIC, reader(None), kind=kind, engine="")


def source(
    name: str = "db",
    namespace: str = "shop",
    kind: SourceKind = SourceKind.EXTERNAL_SECRET,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    root: str = "flux:flux-system/apps",
    store: StoreRef | None = VAULT,
    via: ObjectRef | None = None,
    namespaces: tuple[str, ...] = (),
    keys: tuple[SecretKey, ...] = (),
) -> SecretSource:
    return SecretSource(
        kind=kind,
        ref=ObjectRef(kind.value, namespace, name),
        target=f"{name}-secret",
        origin=origin(root=root),
        keys=keys,
        store=store,
        labels=labels or {},
        annotations=annotations or {},
        creation_policy="Owner",
        refresh_interval="1h",
        via=via,
        namespaces=namespaces,
    )


def item(
    made_by: SecretSource | None = None,
    *credentials: Credential,
    verdict: Verdict | None = None,
    findings: tuple[Finding, ...] = (),
    suppressed: tuple[Suppressed, ...] = (),
) -> Item:
    judged = credentials or (credential(Verdict.DYNAMIC, reader()),)
    return Item(made_by or source(), verdict or judged[0].verdict, Confidence.HIGH, judged, findings, suppressed)


def finding(rule: str = "two-writers", message: str = "Secret db-secret has two writers") -> Finding:
    return Finding(rule, message, Location("apps/db.yaml", 1))


def diagnostic(code: str = "yaml-syntax", *, is_deployed: bool = True, path: str = "apps/broken.yaml") -> Diagnostic:
    return Diagnostic(Location(path, 3), code, "a mapping ends too early; close it", is_deployed)


def report(
    *items: Item,
    orphans: tuple[Item, ...] = (),
    findings: tuple[Finding, ...] = (),
    unreadable: tuple[Diagnostic, ...] = (),
    templated: tuple[Diagnostic, ...] = (),
    unresolved: tuple[Diagnostic, ...] = (),
) -> Report:
    return Report(items, orphans, findings, unreadable, templated, unresolved)


def full_report() -> Report:
    """One of everything: every verdict, readiness, way and source, and every list filled."""
    ways = [reader(readiness, how, f"r-{how.value.lower()}-{readiness or 'static'}", "mount it as a file")
            for readiness in (*Readiness, None) for how in How]  # fmt: skip
    sources = [item(source(f"made-{kind.value.lower()}", kind=kind), static_credential()) for kind in SourceKind]
    remote = Remote(VAULT, "secret/data/shop/db", "password", Location("apps/db.yaml", 14))
    keys = (
        SecretKey("password", (remote,), location=Location("apps/db.yaml", 14)),
        SecretKey("url", (remote,), "postgres://{{ .password }}@db", ("password",), Location("apps/db.yaml", 20)),
        SecretKey("*", (Remote(StoreRef("SecretStore", "aws", "aws"), "", "", Location("apps/db.yaml", 30)),)),
        SecretKey("fixed"),
    )
    near = (Reason("bootstrap-namespace", "shop is no bootstrap namespace", Location("apps/db.yaml", 2)),)
    chain = item(
        source(keys=keys, labels={"team": "a"}),
        credential(Verdict.DYNAMIC, *ways, near_misses=near),
        credential(Verdict.DYNAMIC),
        findings=(finding(),),
    )
    mixed = item(source("mixed", labels={"team": "b"}), credential(), static_credential(), verdict=Verdict.MIXED)
    operator = item(
        source("pg-pguser-app", kind=SourceKind.OPERATOR, store=None, via=ObjectRef("PostgresCluster", "shop", "pg")),
        credential(Verdict.DYNAMIC, reader(Readiness.NEEDS_CHANGE)),
    )
    everywhere = item(
        source("wide", "", SourceKind.CLUSTER_EXTERNAL_SECRET, namespaces=("a", "b")), static_credential()
    )
    quiet = item(source("quiet"), static_credential(), suppressed=(Suppressed(finding(), "both write the same"),))
    return report(
        everywhere, chain, mixed, operator, quiet, *sources,
        orphans=(item(source("left-over", root=""), static_credential()),),
        findings=(finding("two-writers", "somewhere else"),),
        unreadable=(diagnostic(), diagnostic(is_deployed=False, path="old/broken.yaml")),
        templated=(diagnostic("helm-template"),),
        unresolved=(diagnostic("unset-variable"),),
    )  # fmt: skip
