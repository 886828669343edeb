"""Patches: which resources they mean, what they change, and which lines the result shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from injector.location import Location
from injector.manifests.yamldoc import Seq
from tests.unit.manifests.kustomize.trees import DEPLOYMENT, SECRET, at, built, codes, holder, one, said

KEY = ("spec", "data", 0, "remoteRef")


def test_a_json_patch_sets_the_key_that_the_base_leaves_empty(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": """\
resources: [es.yaml]
patches:
  - target: {kind: ExternalSecret}
    patch: |-
      - op: replace
        path: /spec/data/0/remoteRef/key
        value: apps/login
""",
            "es.yaml": SECRET,
        },
    )
    secret = one(made, "ExternalSecret")
    reference = holder(secret.body, *KEY)

    assert reference["key"] == "apps/login"
    assert reference.at("key") == Location("kustomization.yaml", 7)
    assert reference.at("property") == Location("es.yaml", 12)
    assert secret.location == Location("es.yaml", 1)


def test_a_merge_patch_keeps_the_lines_of_what_it_does_not_touch(tmp_path: Path) -> None:
    patch = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: app
          env:
            - name: MODE
              value: patched
            - name: NEW
              value: x
"""
    made = built(
        tmp_path,
        {
            "kustomization.yaml": "resources: [app.yaml]\npatches: [{path: patch.yaml}]\n",
            "app.yaml": DEPLOYMENT,
            "patch.yaml": patch,
        },
    )
    body = one(made, "Deployment").body
    container = holder(body, "spec", "template", "spec", "containers", 0)

    assert holder(body, "spec").at("replicas") == Location("patch.yaml", 6)
    assert container.at("image") == Location("app.yaml", 10)
    assert holder(container, "env", 0).at("value") == Location("patch.yaml", 13)
    assert holder(container, "env", 0).at("name") == Location("patch.yaml", 12)
    assert holder(container, "env", 1).at("name") == Location("patch.yaml", 14)
    assert made.reached >= {"patch.yaml", "app.yaml", "kustomization.yaml"}


@pytest.mark.parametrize(
    ("target", "is_meant"),
    [
        ("{kind: ExternalSecret}", True),
        ("{kind: External}", False),
        ("{kind: External.*}", True),
        ("{group: external-secrets.io, version: v1}", True),
        ("{group: apps}", False),
        ("{version: v1beta1}", False),
        ("{name: log}", False),
        ("{name: log.*|other}", True),
        ("{name: login, namespace: default}", True),
        ("{name: login, namespace: other}", False),
        ("{labelSelector: 'tier=back'}", True),
        ("{labelSelector: 'tier==back,!gone'}", True),
        ("{labelSelector: 'tier!=back'}", False),
        ("{labelSelector: 'tier in (front, back)'}", True),
        ("{labelSelector: 'tier notin (front,back)'}", False),
        ("{labelSelector: 'missing notin (a)'}", True),
        ("{labelSelector: tier}", True),
        ("{annotationSelector: note=yes}", True),
        ("{annotationSelector: note=no}", False),
    ],
)
def test_a_target_means_what_all_its_patterns_match_whole(tmp_path: Path, target: str, *, is_meant: bool) -> None:
    labelled = SECRET.replace(
        "  name: login\nspec", "  name: login\n  labels: {tier: back}\n  annotations: {note: 'yes'}\nspec"
    )
    patch = "- {op: add, path: /spec/patched, value: true}"
    made = built(
        tmp_path,
        {
            "kustomization.yaml": f'resources: [es.yaml]\npatches:\n  - target: {target}\n    patch: "{patch}"\n',
            "es.yaml": labelled,
        },
    )

    assert codes(made) == []
    assert ("patched" in holder(one(made, "ExternalSecret").body, "spec")) is is_meant


def test_an_overlay_may_name_the_object_as_the_base_or_as_it_is_now(tmp_path: Path) -> None:
    def patch(name: str) -> str:
        return f"""\
  - patch: |-
      apiVersion: external-secrets.io/v1
      kind: ExternalSecret
      metadata: {{name: {name}}}
      spec: {{by-{name}: true}}
"""

    made = built(
        tmp_path,
        {
            "base/kustomization.yaml": "resources: [es.yaml]\nnamePrefix: p-\n",
            "base/es.yaml": SECRET,
            "kustomization.yaml": "resources: [base]\npatches:\n" + patch("login") + patch("p-login"),
        },
    )

    assert codes(made) == []
    assert holder(one(made, "ExternalSecret").body, "spec").keys() >= {"by-login", "by-p-login"}


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("  - patch: '[{op: add, path: /a, value: 1}]'\n", "patch-without-target"),
        ("  - patch: '{apiVersion: v1, kind: Secret, metadata: {name: other}}'\n", "patch-without-target"),
        ("  - patch: '{spec: {}}'\n", "patch-without-target"),
        ("  - patch: 'just text'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '[{op: fly, path: /a}]'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '[{op: add}]'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '[{op: replace, path: /spec/gone/x, value: 1}]'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '[{op: test, path: /spec/target/name, value: x}]'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '[{op: remove, path: /spec/data/9}]'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '[{op: remove, path: /spec/data/x}]'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '[{op: replace, path: \"\", value: 1}]'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '{spec: {data: {a: b}}}'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '{spec: text}'\n    target: {kind: .*}\n", "bad-patch"),
        ("  - patch: '{a: [}'\n    target: {kind: .*}\n", "yaml-syntax"),
        ("  - patch: '{}'\n    target: {name: '*'}\n", "bad-selector"),
        ("  - patch: '{}'\n    target: {labelSelector: 'a in'}\n", "bad-selector"),
        ("  - path: gone.yaml\n", "missing-file"),
        ("  - path: https://example.org/patch.yaml\n", "remote-base"),
        ("  - target: {kind: A}\n", "bad-patch"),
        ("  - text\n", "bad-patch"),
    ],
)
def test_a_bad_patch_is_a_diagnostic_at_its_line(tmp_path: Path, entry: str, code: str) -> None:
    made = built(tmp_path, {"kustomization.yaml": "resources: [es.yaml]\npatches:\n" + entry, "es.yaml": SECRET})

    assert codes(made) == [code]
    assert made.diagnostics[0].location.path == "kustomization.yaml"
    assert made.diagnostics[0].location.line in (3, 4)
    assert one(made, "ExternalSecret").ref.name == "login"


def test_delete_takes_the_object_out(tmp_path: Path) -> None:
    patch = "  - target: {kind: Deployment}\n    patch: '{$patch: delete}'\n"
    made = built(
        tmp_path,
        {
            "kustomization.yaml": "resources: [es.yaml, app.yaml]\npatches:\n" + patch,
            "es.yaml": SECRET,
            "app.yaml": DEPLOYMENT,
        },
    )

    assert [item.ref.kind for item in made.resources] == ["ExternalSecret"]


def test_a_merge_patch_renames_only_when_allowed(tmp_path: Path) -> None:
    entry = "  - target: {kind: ExternalSecret}\n    patch: '{kind: Other, metadata: {name: new, namespace: x}}'\n"
    contents = {"kustomization.yaml": "resources: [es.yaml]\npatches:\n" + entry, "es.yaml": SECRET}
    kept = built(tmp_path, contents)
    contents["kustomization.yaml"] += "    options: {allowNameChange: true, allowKindChange: true}\n"
    changed = built(tmp_path, contents)

    assert str(kept.resources[0].ref) == "ExternalSecret/login"
    assert str(changed.resources[0].ref) == "Other/new"


def test_strategic_merges_may_be_text_or_files(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": """\
resources: [es.yaml]
patchesStrategicMerge:
  - patch.yaml
  - |-
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: login}
    spec: {second: 2}
  - {not: text}
""",
            "patch.yaml": SECRET.replace("target:\n    name: login", "first: 1"),
            "es.yaml": SECRET,
        },
    )
    spec = holder(one(made, "ExternalSecret").body, "spec")

    assert (spec["first"], spec["second"]) == (1, 2)
    assert spec.at("second") == Location("kustomization.yaml", 8)
    assert said(made) == ["kustomization.yaml:9 bad-patch"]


def test_lists_of_custom_resources_are_replaced_whole(tmp_path: Path) -> None:
    entry = "  - target: {kind: ExternalSecret}\n    patch: '{spec: {data: [{secretKey: other}]}}'\n"
    made = built(tmp_path, {"kustomization.yaml": "resources: [es.yaml]\npatches:\n" + entry, "es.yaml": SECRET})

    assert at(one(made, "ExternalSecret").body, "spec", "data") == [{"secretKey": "other"}]


def test_operations_on_lists_shift_no_lines(tmp_path: Path) -> None:
    made = built(
        tmp_path,
        {
            "kustomization.yaml": """\
resources: [app.yaml]
patchesJson6902:
  - target: {kind: Deployment}
    path: ops.yaml
""",
            "ops.yaml": """\
- op: add
  path: /spec/template/spec/containers/0
  value: {name: first}
- op: add
  path: /spec/template/spec/containers/-
  value: {name: last}
- op: copy
  from: /spec/template/spec/containers/1/env
  path: /spec/template/spec/containers/-1/env
- op: move
  from: /spec/template/spec/containers/1/envFrom
  path: /metadata/moved~1a~0b
- op: replace
  path: /spec/template/spec/containers/1/env/0
  value: {name: REPLACED}
- op: remove
  path: /spec/template/spec/containers/2/env/0/value
""",
            "app.yaml": DEPLOYMENT,
        },
    )
    body = one(made, "Deployment").body
    containers = at(body, "spec", "template", "spec", "containers")
    assert isinstance(containers, Seq)

    assert codes(made) == []
    assert [at(container, "name") for container in containers] == ["first", "app", "last"]
    assert str(containers.at(1)) == "app.yaml:9"
    assert str(containers.at(0)) == "ops.yaml:3"
    assert at(containers, 1, "env") == [{"name": "REPLACED"}]
    assert at(containers, 2, "env") == [{"name": "MODE"}]
    assert "moved/a~b" in holder(body, "metadata")
