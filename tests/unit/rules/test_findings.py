"""Findings where their examples do not say it all: neighbours, partial trees, and whom a finding belongs to."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.rules.example import document, external_secret, file, flux, manifests, vault_store, workload
from tests.unit.rules.judging import item_of, judge, rules_of

APP = "ghcr.io/acme/web:1.4"
SECRET = external_secret("shop/web", {"token": "shop/web#token"})


def messages(text: str, rule: str, folder: Path) -> list[str]:
    report = judge(text, folder)
    items = (*report.items, *report.orphans)
    findings = [*report.findings, *(finding for item in items for finding in item.findings)]
    return [finding.message for finding in findings if finding.rule == rule]


def test_two_writers_are_told_at_both(tmp_path: Path) -> None:
    other = document(
        "secrets.hashicorp.com/v1beta1",
        "VaultStaticSecret",
        "shop/sync",
        "spec: {mount: secret, type: kv-v2, path: shop/web, destination: {create: true, name: web}}",
    )

    text = manifests(SECRET, other, workload("shop/web", APP, env_from="web"))

    assert messages(text, "two-writers", tmp_path) == [
        "Secret web is also written by VaultStaticSecret/shop/sync (<stdin>:9)",
        "Secret web is also written by ExternalSecret/shop/web (<stdin>:1)",
    ]


def test_who_merges_the_same_key_fights(tmp_path: Path) -> None:
    other = external_secret("shop/more", {"token": "shop/more#token"}, target="name: web\ncreationPolicy: Merge")

    assert messages(manifests(SECRET, other), "two-writers", tmp_path)


def test_who_writes_nothing_is_no_writer(tmp_path: Path) -> None:
    other = external_secret("shop/more", {"token": "shop/more#token"}, target="name: web\ncreationPolicy: None")

    assert not messages(manifests(SECRET, other), "two-writers", tmp_path)


READER = workload("shop/web", APP, env={"API_TOKEN": "web#token"})
OPTIONAL = READER.replace("key: token", "key: token, optional: true")
RELEASE = document(
    "helm.toolkit.fluxcd.io/v2",
    "HelmRelease",
    "shop/web",
    "spec: {chart: {spec: {chart: web}}, values: {env: [{name: T, valueFrom: {secretKeyRef: {name: web-auth, key: t}}}]}}",
)


@pytest.mark.parametrize(
    "text",
    [
        manifests(file("clusters/home/all.yaml", flux("web")), file("web/app.yaml", OPTIONAL)),
        manifests(file("clusters/home/all.yaml", flux("web")), file("web/app.yaml", RELEASE)),
        manifests(file("web/kustomization.yaml", "resources: [app.yaml]\n"), file("web/app.yaml", READER)),
        manifests(
            file("clusters/home/all.yaml", flux("web")),
            file("web/app.yaml", READER.replace("name: web, key", "name: 'web-${TEAM}', key")),
        ),
    ],
    ids=["optional", "may be its chart's own", "a folder may be a part of a tree", "a name that is not known"],
)
def test_a_secret_that_somebody_else_may_make_is_not_missing(text: str, tmp_path: Path) -> None:
    assert not messages(text, "secret-missing", tmp_path)


def test_a_manifest_that_nobody_lists_is_told_instead_of_a_missing_secret(tmp_path: Path) -> None:
    text = manifests(
        file("clusters/home/all.yaml", flux("web")),
        file("web/kustomization.yaml", "resources: [app.yaml]\n"),
        file("web/app.yaml", READER),
        file("web/secret.yaml", SECRET),
    )

    report = judge(text, tmp_path)

    [finding] = item_of(report, "web").findings
    assert (finding.rule, str(finding.location)) == ("source-not-listed", "web/secret.yaml:1")
    assert finding.message == (
        "ExternalSecret/shop/web would make Secret web, which Deployment/shop/web reads, but no kustomization lists its file"
    )


def test_a_store_of_another_kind_is_named(tmp_path: Path) -> None:
    text = manifests(vault_store("vault"), SECRET.replace("kind: ClusterSecretStore, name", "name"))

    assert messages(text, "store-missing", tmp_path) == [
        "reads from the SecretStore vault, but that is a ClusterSecretStore: say so in kind"
    ]


def test_an_external_secret_without_a_store_is_told(tmp_path: Path) -> None:
    text = manifests(vault_store("vault"), SECRET.replace("{kind: ClusterSecretStore, name: vault}", "{}"))

    assert messages(text, "store-missing", tmp_path) == ["names no store to read from"]


def test_a_variable_that_an_unseen_config_map_may_set_is_no_finding(tmp_path: Path) -> None:
    body = "spec: {path: ./web, postBuild: {substituteFrom: [{kind: Secret, name: settings}]}}"
    root = document("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "flux-system/web", body)
    secret = external_secret("shop/web", {"token": "${TEAM}/web#token"})

    text = manifests(file("clusters/home/all.yaml", root), file("web/app.yaml", secret))

    assert not messages(text, "unresolved-variable", tmp_path)


def test_the_variables_place_is_told(tmp_path: Path) -> None:
    text = external_secret("shop/web", {"token": "${TEAM}/web#token"}, target="name: '${APP}-secret'")

    assert messages(text, "unresolved-variable", tmp_path) == [
        "its target's name holds ${APP}, which nothing in the tree sets",
        "a remote path holds ${TEAM}, which nothing in the tree sets",
    ]


@pytest.mark.parametrize(
    ("spec", "is_frozen"),
    [
        ("refreshPolicy: CreatedOnce", True),
        ("refreshInterval: '0'", True),
        ("refreshInterval: 0s", True),
        ("refreshInterval: 0h0m0s", True),
        ("refreshInterval: 10m", False),
        ("refreshPolicy: OnChange\nrefreshInterval: '0'", False),
    ],
)
def test_a_frozen_external_secret_is_told_where_it_is_in_the_way(spec: str, is_frozen: bool, tmp_path: Path) -> None:  # noqa: FBT001
    text = external_secret("shop/web", {"POSTGRES_PASSWORD": "shop/web#pw"}, spec=spec)

    assert bool(messages(text, "refresh-frozen", tmp_path)) is is_frozen


def test_a_frozen_external_secret_that_owns_nothing_lets_go(tmp_path: Path) -> None:
    text = external_secret(
        "shop/web", {"POSTGRES_PASSWORD": "a#b"}, spec="refreshInterval: '0'", target="creationPolicy: Orphan"
    )

    assert not messages(text, "refresh-frozen", tmp_path)


def push(policy: str) -> str:
    body = (
        f"spec: {{deletionPolicy: {policy}, secretStoreRefs: [{{kind: ClusterSecretStore, name: vault}}], "
        "selector: {secret: {name: web}}, data: [{match: {remoteRef: {remoteKey: shop/copy}}}]}"
    )
    return document("external-secrets.io/v1alpha1", "PushSecret", "shop/push", body)


@pytest.mark.parametrize(
    ("policy", "end"),
    [("Delete", "deletes the copy in the store as well"), ("None", "finds nothing to push any more")],
)
def test_a_push_secret_on_a_secret_that_moves_is_told(policy: str, end: str, tmp_path: Path) -> None:
    secret = external_secret("shop/web", {"POSTGRES_PASSWORD": "shop/web#pw"})
    text = manifests(secret, workload("shop/web", APP, env_from="web"), push(policy))

    assert messages(text, "push-secret-on-move", tmp_path) == [
        f"when the Secret is retired, PushSecret/shop/push {end}"
    ]


def test_a_finding_about_an_external_secret_belongs_to_its_item(tmp_path: Path) -> None:
    report = judge(external_secret("shop/web", {"token": "", "other": "a"}), tmp_path)

    assert [finding.rule for finding in item_of(report, "web").findings] == ["eso-empty-remote-key"]
    assert report.findings == ()


def test_a_finding_about_a_push_secret_belongs_to_no_item(tmp_path: Path) -> None:
    report = judge(manifests(SECRET, push("Delete")), tmp_path)

    assert [finding.rule for finding in report.findings] == ["push-secret-deletes-remote"]


def test_a_finding_about_a_cluster_external_secret_belongs_to_each_of_its_namespaces(tmp_path: Path) -> None:
    body = (
        "spec: {namespaces: [one, two], externalSecretSpec: {secretStoreRef: {kind: ClusterSecretStore, name: vault}, "
        "data: [{secretKey: token, remoteRef: {key: ''}}]}}"
    )

    report = judge(document("external-secrets.io/v1", "ClusterExternalSecret", "web", body), tmp_path)

    assert [[finding.rule for finding in item.findings] for item in report.items] == [["eso-empty-remote-key"]] * 2


def test_an_orphan_harms_nobody_and_keeps_what_is_wrong_with_itself(tmp_path: Path) -> None:
    text = manifests(
        file("clusters/home/all.yaml", flux("web")),
        file("web/kustomization.yaml", "resources: [app.yaml]\n"),
        file("web/app.yaml", SECRET),
        file("web/old.yaml", external_secret("shop/old", {"token": ""}, target="name: web")),
    )

    report = judge(text, tmp_path)

    assert [finding.rule for item in report.orphans for finding in item.findings] == ["eso-empty-remote-key"]
    assert "two-writers" not in rules_of(report)


def test_the_prefix_of_a_suppression_is_the_users(tmp_path: Path) -> None:
    bare = external_secret("shop/web", {"token": "a"}, annotations="acme.example/ignore.two-writers: ''")
    text = manifests(file("phase2.yaml", "labelPrefix: acme.example\n"), file("app.yaml", bare))

    assert messages(text, "suppression-without-reason", tmp_path) == [
        "two-writers is suppressed without a reason, so it is not suppressed"
    ]


TWO_CLUSTERS = manifests(
    file("clusters/live/all.yaml", flux("web")),
    file("clusters/stage/all.yaml", flux("web").replace("./web", "./stage")),
    file("web/app.yaml", external_secret("shop/web", {"token": "shop/web#token"})),
    file("stage/app.yaml", external_secret("shop/web", {"token": "#token"})),
)


def test_what_is_wrong_in_one_cluster_is_not_told_of_another(tmp_path: Path) -> None:
    report = judge(TWO_CLUSTERS, tmp_path)

    found = {item.source.origin.location.path: [one.rule for one in item.findings] for item in report.items}

    assert found == {"web/app.yaml": [], "stage/app.yaml": ["eso-empty-remote-key"]}


COPIED = "metadata: {annotations: {reflector.v1.k8s.emberstack.com/reflection-auto-enabled: 'true', reflector.v1.k8s.emberstack.com/reflection-auto-namespaces: 'NAMESPACES'}}"


@pytest.mark.parametrize(("namespaces", "count"), [("shop", 0), ("sh.*", 0), ("other", 1), ("tools-.*", 1)])
def test_what_a_tool_copies_here_is_not_missing(namespaces: str, count: int, tmp_path: Path) -> None:
    target = f"template: {{{COPIED.replace('NAMESPACES', namespaces)}}}"
    source = external_secret("shared/web", {"token": "shared/web#token"}, target=target)

    text = manifests(file("clusters/home/all.yaml", flux("web")), file("web/app.yaml", READER, source))

    assert len(messages(text, "secret-missing", tmp_path)) == count


@pytest.mark.parametrize(("folder", "count"), [("web", 0), ("other", 1)])
def test_what_an_unreadable_file_nearby_may_make_is_not_missing(folder: str, count: int, tmp_path: Path) -> None:
    text = manifests(
        file("clusters/home/all.yaml", flux("web"), flux("other")),
        file("web/app.yaml", READER),
        file("other/app.yaml", SECRET.replace("name: web", "name: other")),
        file(f"{folder}/broken.yaml", "kind: [\n"),
    )

    assert len(messages(text, "secret-missing", tmp_path)) == count
