"""The operator's objects in whole trees: stores, generators and templates that stand in other files and roots."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.inventory.trees import STORE, external, flux, grow, judge, kustomization, names, paths_of, read, readers


def es(spec: str, name: str = "login", version: str = "v1") -> str:
    return (
        f"apiVersion: external-secrets.io/{version}\nkind: ExternalSecret\n"
        f"metadata: {{name: {name}, namespace: app}}\nspec: {spec}\n"
    )


@pytest.mark.parametrize("version", ["v1", "v1beta1", "v1alpha1"])
def test_every_version_is_read(version: str, tmp_path: Path) -> None:
    files = {"es.yaml": external(), "store.yaml": STORE}
    grow(
        tmp_path,
        {
            path: text.replace("external-secrets.io/v1", f"external-secrets.io/{version}")
            for path, text in files.items()
        },
    )

    found = read(tmp_path)

    assert paths_of(found.deployed) == ["password <- secret/data/app/db#password"]


def test_a_store_of_another_root_composes_the_path(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "clusters/a/sync.yaml": flux("flux-system", "./clusters/a"),
            "clusters/a/all.yaml": flux("stores", "./stores") + "---\n" + flux("apps", "./apps"),
            "stores/store.yaml": STORE,
            "apps/es.yaml": external(),
        },
    )

    assert paths_of(read(tmp_path).deployed) == ["password <- secret/data/app/db#password"]


def test_an_orphaned_store_is_known_but_a_deployed_one_wins(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "kustomization.yaml": kustomization("es.yaml", "store.yaml"),
            "es.yaml": external(),
            "store.yaml": STORE,
            "old/store.yaml": STORE.replace("path: secret", "path: old"),
        },
    )

    assert paths_of(read(tmp_path).deployed) == ["password <- secret/data/app/db#password"]


def test_a_generator_of_another_file_says_what_it_asks_vault_for(tmp_path: Path) -> None:
    generator = """\
        apiVersion: generators.external-secrets.io/v1alpha1
        kind: ClusterGenerator
        metadata: {name: creds}
        spec:
          kind: VaultDynamicSecret
          generator:
            vaultDynamicSecretSpec: {path: database/creds/app, provider: {server: 'https://v', auth: {tokenSecretRef: {name: token}}}}
        """
    reference = "{apiVersion: generators.external-secrets.io/v1alpha1, kind: ClusterGenerator, name: creds}"
    grow(
        tmp_path,
        {"generator.yaml": generator, "es.yaml": es(f"{{dataFrom: [{{sourceRef: {{generatorRef: {reference}}}}}]}}")},
    )

    found = read(tmp_path)

    assert paths_of(found.deployed) == ["* <- database/creds/app"]


def test_an_entry_may_read_from_a_store_of_its_own(tmp_path: Path) -> None:
    own = "sourceRef: {storeRef: {kind: SecretStore, name: own}}"
    spec = (
        "{secretStoreRef: {kind: ClusterSecretStore, name: vault}, data: [{secretKey: a, remoteRef: {key: x}}, "
        f"{{secretKey: b, remoteRef: {{key: y}}, {own}}}], dataFrom: [{{extract: {{key: z}}, {own}}}]}}"
    )
    store = "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: own, namespace: app}\nspec: {provider: {aws: {}}}\n"
    grow(tmp_path, {"es.yaml": es(spec), "stores.yaml": STORE + "---\n" + store})

    [source] = read(tmp_path).deployed.sources

    assert {(key.name, one.store.provider, one.path) for key in source.keys for one in key.remotes} == {
        ("a", "vault", "secret/data/x"),
        ("b", "aws", "y"),
        ("*", "aws", "z"),
    }


def test_a_template_may_come_from_a_config_map_of_the_build(tmp_path: Path) -> None:
    target = "{template: {templateFrom: [{configMap: {name: tpl, items: [{key: t, templateAs: KeysAndValues}]}}]}}"
    spec = f"{{secretStoreRef: {{kind: ClusterSecretStore, name: vault}}, target: {target}, data: [{{secretKey: pw, remoteRef: {{key: x, property: p}}}}]}}"
    template = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: tpl, namespace: app}\ndata: {t: 'PASSWORD: \"{{ .pw }}\"'}\n"
    )
    grow(tmp_path, {"es.yaml": es(spec), "store.yaml": STORE, "tpl.yaml": template})

    assert paths_of(read(tmp_path).deployed) == ["PASSWORD <- secret/data/x#p"]


def test_a_cluster_external_secret_makes_one_in_every_namespace_it_names(tmp_path: Path) -> None:
    text = """\
        apiVersion: external-secrets.io/v1
        kind: ClusterExternalSecret
        metadata: {name: all}
        spec:
          externalSecretName: login
          namespaces: [a, b]
          externalSecretSpec:
            secretStoreRef: {kind: ClusterSecretStore, name: vault}
            data: [{secretKey: password, remoteRef: {key: x, property: p}}]
        """
    grow(tmp_path, {"ces.yaml": text, "store.yaml": STORE})

    report = judge(tmp_path)

    assert [(item.source.kind.value, item.source.ref.namespace, item.source.target) for item in report.items] == [
        ("ClusterExternalSecret", "a", "login"),
        ("ClusterExternalSecret", "b", "login"),
    ]


def test_a_secret_with_two_writers_is_a_finding(tmp_path: Path) -> None:
    plain = "apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: app}\nstringData: {password: x}\n"
    grow(tmp_path, {"es.yaml": external(), "secret.yaml": plain})

    report = judge(tmp_path)

    findings = [(item.source.kind.value, one.rule) for item in report.items for one in item.findings]
    assert ("ExternalSecret", "two-writers") in findings


def test_a_reflected_secret_is_made_elsewhere_and_read_there(tmp_path: Path) -> None:
    copied = "{metadata: {annotations: {reflector.v1.k8s.emberstack.com/reflection-allowed: 'true', reflector.v1.k8s.emberstack.com/reflection-auto-enabled: 'true', reflector.v1.k8s.emberstack.com/reflection-auto-namespaces: other}}}"
    grow(
        tmp_path,
        {
            "es.yaml": es(
                f"{{secretStoreRef: {{name: v}}, target: {{template: {copied}}}, data: [{{secretKey: a, remoteRef: {{key: x}}}}]}}"
            )
        },
    )

    found = read(tmp_path)

    assert names(found.deployed) == ["app/login"]
    assert [one.partition(" <- ")[0].split()[0] for one in readers(found.deployed)] == ["copy"]


def test_what_is_pushed_from_the_cluster_and_read_again_is_a_round_trip(tmp_path: Path) -> None:
    push = """\
        apiVersion: external-secrets.io/v1alpha1
        kind: PushSecret
        metadata: {name: push, namespace: made}
        spec:
          secretStoreRefs: [{kind: ClusterSecretStore, name: vault}]
          selector: {secret: {name: source}}
          data: [{match: {secretKey: password, remoteRef: {remoteKey: secret/app/db, property: password}}}]
        """
    grow(
        tmp_path,
        {"es.yaml": external(), "other.yaml": external("other", key="app/x"), "push.yaml": push, "s.yaml": STORE},
    )

    report = judge(tmp_path)

    [found] = [one for item in report.items for one in item.findings if one.rule == "push-secret-round-trip"]
    assert found.location.path == "es.yaml"
    assert "Secret made/source (push.yaml:7)" in found.message


def test_each_cluster_has_a_store_of_its_own_by_the_same_name(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            f"clusters/{one}/{file}": text
            for one in ("live", "stage")
            for file, text in {
                "sync.yaml": flux("flux-system", f"./clusters/{one}"),
                "store.yaml": STORE.replace("path: secret", f"path: {one}-kv"),
                "es.yaml": external(),
            }.items()
        },
    )

    assert sorted(paths_of(read(tmp_path).deployed)) == [
        "password <- live-kv/data/app/db#password",
        "password <- stage-kv/data/app/db#password",
    ]
