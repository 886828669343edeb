"""What is built and applied elsewhere is whole: the image's inputs, the kustomize base."""

from __future__ import annotations

import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from injector.cli.main import main
from tests.packaging.conftest import REPOSITORY

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")


def copied() -> set[str]:
    """Return what the image's build takes from the repository."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return {source for line in lines for source in line.split()[:-1]}


def test_image_copies_what_is_there() -> None:
    missing = [one for one in copied() if not (REPOSITORY / one).exists()]

    assert missing == []


def test_image_copies_only_what_dockerignore_lets_through() -> None:
    first, *lines = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = [line.removeprefix("!") for line in lines if line.startswith("!")]

    stopped = [one for one in copied() if not any(fnmatch(one, pattern) for pattern in let_through)]

    assert (first, stopped) == ("*", [])


def test_image_has_what_the_build_needs() -> None:
    """The backend reads the README and the license, as pyproject.toml says."""
    assert {"README.md", "LICENSE", "pyproject.toml", "injector", "webhook"} <= set(DOCKERFILE.split())


def test_image_runs_without_root_and_without_a_shell() -> None:
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]

    assert "\nRUN " not in last_stage
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last_stage, re.MULTILINE)
    assert re.search(r"^ENTRYPOINT \[", last_stage, re.MULTILINE)


def test_every_file_of_the_base_is_listed_and_there() -> None:
    base = REPOSITORY / "deploy" / "base"
    kustomization = yaml.safe_load((base / "kustomization.yaml").read_text(encoding="utf-8"))

    found = {path.name for path in base.glob("*.yaml")} - {"kustomization.yaml"}

    assert set(kustomization["resources"]) == found


def test_kustomize_builds_the_base() -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not on PATH")

    built = subprocess.check_output(["kubectl", "kustomize", "deploy/base"], cwd=REPOSITORY, text=True)

    assert {one["kind"] for one in yaml.safe_load_all(built)} >= {"CustomResourceDefinition", "Deployment"}


@pytest.mark.parametrize("number", [0, 1])
def test_hook_of_pre_commit_is_a_command_that_exists(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)

    code = main([*hooks[number]["entry"].removeprefix("phase2 ").split(), *hooks[number].get("args", [])])

    assert (code, len(hooks)) == (0, 2)


@pytest.fixture(scope="module", params=["cert-manager", "first-user"])
def overlay(request: pytest.FixtureRequest) -> tuple[str, list[dict[str, Any]]]:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not on PATH")
    name = str(request.param)
    built = subprocess.check_output(["kubectl", "kustomize", f"deploy/overlays/{name}"], cwd=REPOSITORY, text=True)
    return name, list(yaml.safe_load_all(built))


def test_overlays_keep_all_that_runs(overlay: tuple[str, list[dict[str, Any]]]) -> None:
    found = {one["kind"] for one in overlay[1]}

    assert found >= {
        "Deployment",
        "Service",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "Namespace",
    }


def test_only_who_keeps_its_certificates_may_write_them(overlay: tuple[str, list[dict[str, Any]]]) -> None:
    name, objects = overlay
    (deployment,) = [one for one in objects if one["kind"] == "Deployment"]
    args = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    is_self_managed = "--tls-self-managed" in args

    roles = {one["kind"] for one in objects if one["metadata"]["name"] == "phase2-webhook-certificates"}

    assert is_self_managed == (name != "cert-manager")
    assert roles == ({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"} if is_self_managed else set())


def test_cert_manager_gives_its_secret_its_name_and_its_ca() -> None:
    folder = REPOSITORY / "deploy" / "overlays" / "cert-manager"
    objects = list(yaml.safe_load_all((folder / "certificate.yaml").read_text(encoding="utf-8")))
    (leaf,) = [one for one in objects if one["kind"] == "Certificate" and not one["spec"].get("isCA")]
    patched = list(yaml.safe_load_all((folder / "ca.yaml").read_text(encoding="utf-8")))

    assert leaf["spec"]["secretName"] == "phase2-webhook-tls"
    assert leaf["spec"]["dnsNames"] == ["phase2-webhook.phase2-system.svc"]
    source = {one["metadata"]["annotations"]["cert-manager.io/inject-ca-from"] for one in patched}
    assert source == {f"{leaf['metadata']['namespace']}/{leaf['metadata']['name']}"}


def test_the_first_users_order_is_read_as_flux_reads_it() -> None:
    place = REPOSITORY / "deploy" / "overlays" / "first-user" / "clusters" / "phase2.yaml"
    (made,) = yaml.safe_load_all(place.read_text(encoding="utf-8"))

    assert made["apiVersion"] == "kustomize.toolkit.fluxcd.io/v1"
    assert {"name": "infrastructure-operators-vault-injector"} in made["spec"]["dependsOn"]
    assert made["spec"]["path"].endswith("overlays/first-user")


def test_kustomize_lays_the_component_for_secrets_over_the_base(tmp_path: Path) -> None:
    if not shutil.which("kubectl"):
        pytest.skip("kubectl is not on PATH")
    for name in ("base", "components"):
        shutil.copytree(REPOSITORY / "deploy" / name, tmp_path / name)
    text = "resources: [base]\ncomponents: [components/validate-secrets]\n"
    (tmp_path / "kustomization.yaml").write_text(text, encoding="utf-8")

    built = subprocess.check_output(["kubectl", "kustomize", str(tmp_path)], text=True)

    webhooks = [
        one["name"]
        for config in yaml.safe_load_all(built)
        if config["kind"] == "ValidatingWebhookConfiguration"
        for one in config["webhooks"]
    ]
    assert webhooks.count("secrets.validate.phase2.tazlab.net") == 1
    assert "sources.validate.phase2.tazlab.net" in webhooks
