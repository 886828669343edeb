"""The small trees of `tests/data/kustomize`, without kubectl: they build whole, and small facts of them hold.

`tests/differential` compares the same trees object by object.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.manifests.files import KUSTOMIZATION_NAMES, Files
from injector.manifests.kustomize import Build, build
from tests.unit.manifests.kustomize.trees import at, holder, one

CASES = Path(__file__).resolve().parents[3] / "data" / "kustomize"
FOLDERS = sorted({str(path.parent.relative_to(CASES)) for name in KUSTOMIZATION_NAMES for path in CASES.rglob(name)})


def case(folder: str) -> Build:
    return build(Files(CASES), folder)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_case_builds_without_diagnostics(folder: str) -> None:
    made = case(folder)

    assert made.diagnostics == []
    assert [str(one.ref) for one in made.resources] == [str(one.ref) for one in case(folder).resources]


def test_a_hash_is_kustomizes() -> None:
    """The values are those that kustomize 5.5 prints for this case."""
    made = case("generators")

    names = {resource.ref.name for resource in made.resources if resource.is_generated}

    assert names == {
        "g-settings-d7dk52h9hb",
        "g-plain",
        "g-login-hfdf5tg6b5",
        "g-typed-4hk8hf6tch",
        "g-empty-46f8b28mk5",
    }


def test_roles_and_bindings_follow_their_targets() -> None:
    made = case("affixes")

    assert at(one(made, "Role").body, "rules", 0, "resourceNames") == ["p-login-s", "p-settings-s", "other"]
    assert at(one(made, "RoleBinding").body, "roleRef", "name") == "p-reader-s"
    assert [holder(one(made, "RoleBinding").body, "subjects", index).get("name") for index in range(3)] == [
        "runner",
        "p-runner-s",
        "default",
    ]


def test_an_ingress_follows_its_secret_and_service() -> None:
    body = one(case("affixes"), "Ingress").body

    assert at(body, "spec", "tls", 0, "secretName") == "p-login-s"
    assert at(body, "metadata", "annotations", "nginx.ingress.kubernetes.io/auth-secret") == "p-login-s"
    assert at(body, "spec", "rules", 0, "http", "paths", 0, "backend", "service", "name") == "p-web-s"


def test_a_second_layer_follows_what_the_first_renamed() -> None:
    job = one(case("affixes-twice"), "Job").body

    names = [
        at(job, "spec", "template", "spec", "containers", 0, "envFrom", index, "secretRef", "name") for index in (0, 1)
    ]

    assert names == ["outer-p-login-s", "outer-p-login-s"]
