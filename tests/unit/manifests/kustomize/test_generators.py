"""Generated ConfigMaps and Secrets: their names, and that no secret value stays anywhere."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from injector.location import Location
from injector.manifests.kustomize import build
from injector.manifests.kustomize.pairs import Pair
from injector.manifests.kustomize.sealed import Sealed
from tests.unit.manifests.kustomize.trees import DEPLOYMENT, at, built, codes, holder, one, tree

CANARY = "canary-never-shown"


def test_a_generated_secret_has_keys_and_no_values(tmp_path: Path) -> None:
    contents = {
        "kustomization.yaml": f"""\
resources: [app.yaml]
secretGenerator:
  - name: login
    literals: [password={CANARY}]
    files: [file.txt]
    envs: [login.env]
""",
        "file.txt": CANARY,
        "login.env": f"TOKEN={CANARY}\n",
        "app.yaml": DEPLOYMENT,
    }
    made = built(tmp_path, contents)
    secret = one(made, "Secret")

    assert secret.body["data"] == {"file.txt": "", "password": "<redacted>", "TOKEN": "<redacted>"}
    assert CANARY not in repr(made)
    assert secret.is_generated
    assert str(secret.location) == "kustomization.yaml:3"
    assert str(holder(secret.body, "data").at("TOKEN")) == "login.env:1"
    container = at(one(made, "Deployment").body, "spec", "template", "spec", "containers", 0)
    assert at(container, "envFrom", 0, "secretRef", "name") == secret.ref.name != "login"
    assert made.reached >= {"file.txt", "login.env"}


def test_the_hash_follows_the_real_values(tmp_path: Path) -> None:
    def name(value: str) -> str:
        kustomization = f"secretGenerator: [{{name: a, literals: [k={value}]}}]\n"
        return one(built(tmp_path, {"kustomization.yaml": kustomization}), "Secret").ref.name

    assert name("one") != name("two")
    assert name("one") == name("one")


def test_the_hash_can_be_switched_off(tmp_path: Path) -> None:
    own = "configMapGenerator: [{name: a, options: {disableNameSuffixHash: true}}]\n"
    shared = "configMapGenerator: [{name: a}]\ngeneratorOptions: {disableNameSuffixHash: true, immutable: true}\n"

    assert one(built(tmp_path, {"kustomization.yaml": own}), "ConfigMap").ref.name == "a"
    made = one(built(tmp_path, {"kustomization.yaml": shared}), "ConfigMap")
    assert (made.ref.name, made.body["immutable"]) == ("a", True)


def test_a_merge_keeps_the_bases_keys_and_its_own_hash(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "base/kustomization.yaml": "secretGenerator: [{name: a, literals: [x=1, y=2]}]\n",
            "kustomization.yaml": "resources: [base]\nsecretGenerator: [{name: a, behavior: merge, literals: [y=3]}]\n",
            "flat/kustomization.yaml": "secretGenerator: [{name: a, literals: [x=1, y=3]}]\n",
        },
    )
    flat = build(tree(tmp_path, {}), "flat")

    assert one(made, "Secret").body["data"] == {"x": "", "y": ""}
    assert one(made, "Secret").ref == one(flat, "Secret").ref


def test_a_merge_over_a_secret_of_a_file_shows_none_of_its_values(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "a.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata: {{token: {CANARY}}}\n",
            "kustomization.yaml": "resources: [a.yaml]\nsecretGenerator: [{name: a, behavior: merge, literals: [y=3]}]\n",
        },
    )

    assert one(made, "Secret").body["data"] == {"token": "<redacted>", "y": ""}


@pytest.mark.parametrize(
    ("generator", "code"),
    [
        ("{name: a, files: [gone]}", "missing-file"),
        ("{name: a, files: ['https://example.org/x']}", "remote-base"),
        ("{name: a, literals: [novalue]}", "bad-generator"),
        ("{name: a, envs: [bare.env]}", "unresolved"),
        ("{name: a, behavior: merge}", "bad-generator"),
        ("text", "bad-generator"),
    ],
)
def test_what_cannot_be_generated_is_said(tmp_path: Path, generator: str, code: str) -> None:
    made = built(tmp_path, {"kustomization.yaml": f"configMapGenerator: [{generator}]\n", "bare.env": "HOME\n"})

    assert codes(made) == [code]


def test_generating_twice_is_said(tmp_path: Path) -> None:
    made = built(tmp_path, {"kustomization.yaml": "configMapGenerator: [{name: a}, {name: a}]\n"})

    assert codes(made) == ["bad-generator"]
    assert len(made.resources) == 1


def test_sealed_data_shows_nothing() -> None:
    sealed = Sealed({"a": CANARY})

    assert CANARY not in repr(sealed)
    assert CANARY not in repr(Pair("a", CANARY.encode(), Location("a", 1)))
    with pytest.raises(TypeError):
        pickle.dumps(sealed)
