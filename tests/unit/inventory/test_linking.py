"""Which Secrets are one, and who reads them, where the tree does not tell every namespace."""

from __future__ import annotations

from pathlib import Path

from injector.inventory.linking import link
from tests.unit.inventory.trees import documents, external, grow, kustomization, read


def deployment(name: str) -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {{containers: "
        f"[{{name: app, image: acme/web:1, envFrom: [{{secretRef: {{name: login}}}}]}}]}}}}}}\n"
    )


def linked(folder: Path) -> list[tuple[str, int, list[str]]]:
    """Return of every Secret its namespace, how many make it, and who reads it."""
    found = link(read(folder))
    return [(one.namespace, len(one.sources), [str(reader.ref) for reader in one.consumers]) for one in found]


def test_secrets_of_one_name_in_folders_without_a_namespace_are_not_one(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "apps/one/app.yaml": documents(external("login", "", key="one/db"), deployment("one")),
            "apps/two/app.yaml": documents(external("login", "", key="two/db"), deployment("two")),
        },
    )

    found = linked(tmp_path)

    assert found == [("", 1, ["Deployment/one"]), ("", 1, ["Deployment/two"])]


def test_overlays_without_a_namespace_deploy_secrets_of_their_own(tmp_path: Path) -> None:
    grow(
        tmp_path,
        {
            "base/kustomization.yaml": kustomization("app.yaml"),
            "base/app.yaml": documents(external("login", ""), deployment("web")),
            "blue/kustomization.yaml": kustomization("../base"),
            "green/kustomization.yaml": kustomization("../base", namespace="green"),
        },
    )

    found = linked(tmp_path)

    assert found == [("", 1, ["Deployment/web"]), ("green", 1, ["Deployment/green/web"])]


def test_two_that_make_one_secret_in_a_folder_without_a_namespace_are_two_writers(tmp_path: Path) -> None:
    copy = "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: x}\n"
    grow(tmp_path, {"app/login.yaml": external("login", ""), "app/copy.yaml": copy, "app/web.yaml": deployment("web")})

    found = linked(tmp_path)

    assert found == [("", 2, ["Deployment/web"])]
