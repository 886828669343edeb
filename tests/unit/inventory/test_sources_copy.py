from __future__ import annotations

import pytest

from injector.inventory.sources import read_copies
from tests.unit.inventory.reading import resource_of


def copies(text: str) -> list[tuple[str, str, str]]:
    """Return (namespace of the copy, its source, annotation) of every copy."""
    return [
        (f"{one.ref.namespace}/{one.ref.name}", f"{one.secret_namespace}/{one.secret}", one.path.rpartition("/")[2])
        for one in read_copies(resource_of(text), "files")
    ]


def secret(annotations: str) -> str:
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: a, annotations: {{{annotations}}}}}"


R = "reflector.v1.k8s.emberstack.com"
M = "replicator.v1.mittwald.de"


@pytest.mark.parametrize(
    ("annotations", "found"),
    [
        (f"{R}/reflects: src/x", [("a/s", "src/x", "reflects")]),
        (f"{M}/replicate-from: src/x", [("a/s", "src/x", "replicate-from")]),
        (f"{M}/replicate-from: x", [("a/s", "a/x", "replicate-from")]),
        (
            f'{R}/reflection-auto-enabled: "true", {R}/reflection-auto-namespaces: "b, c-.*"',
            [("b/s", "a/s", "reflection-auto-namespaces"), ("c-.*/s", "a/s", "reflection-auto-namespaces")],
        ),
        (
            f'{R}/reflection-auto-enabled: "true", {R}/reflection-allowed-namespaces: b',
            [("b/s", "a/s", "reflection-allowed-namespaces")],
        ),
        (f'{R}/reflection-auto-enabled: "true"', [("*/s", "a/s", "reflection-auto-enabled")]),
        (f'{R}/reflection-allowed: "true", {R}/reflection-allowed-namespaces: b', []),
        (
            f'{M}/replicate-to: "b,c/other"',
            [("b/s", "a/s", "replicate-to"), ("c/s", "a/s", "replicate-to")],
        ),
        (f"{M}/replicate-to-matching: team=a", [("*/s", "a/s", "replicate-to-matching")]),
        ("a: b", []),
    ],
)
def test_annotations_say_where_copies_go(annotations: str, found: list[tuple[str, str, str]]) -> None:
    assert copies(secret(annotations)) == found


PUSH = f'annotations: {{{R}/reflection-auto-enabled: "true", {R}/reflection-auto-namespaces: b}}'


def manifest(kind: str, metadata: str, spec: str) -> str:
    version, _, name = kind.rpartition("/")
    return f"apiVersion: {version}\nkind: {name}\nmetadata: {{namespace: a, {metadata}}}\nspec: {{{spec}}}"


@pytest.mark.parametrize(
    "text",
    [
        manifest(
            "external-secrets.io/v1/ExternalSecret",
            "name: e",
            f"target: {{name: s, template: {{metadata: {{{PUSH}}}}}}}",
        ),
        manifest("external-secrets.io/v1/ExternalSecret", f"name: s, {PUSH}", ""),
        manifest("secrets.hashicorp.com/v1beta1/VaultPKISecret", "name: e", f"destination: {{name: s, {PUSH}}}"),
        manifest("bitnami.com/v1alpha1/SealedSecret", "name: s", f"template: {{metadata: {{{PUSH}}}}}"),
        manifest("cert-manager.io/v1/Certificate", "name: e", f"secretName: s, secretTemplate: {{{PUSH}}}"),
    ],
)
def test_the_annotations_of_the_made_secret_count(text: str) -> None:
    assert copies(text) == [("b/s", "a/s", "reflection-auto-namespaces")]


def test_with_a_template_the_external_secrets_own_annotations_are_not_copied() -> None:
    text = (
        f"apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {{name: s, namespace: a, {PUSH}}}\n"
        "spec: {target: {template: {}}}"
    )

    assert copies(text) == []


def test_what_makes_no_secret_is_not_copied() -> None:
    assert copies(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: s, {PUSH}}}") == []
