"""What a stage wrote into pods must arrive in what is deployed; what undoes it is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import CONFIG, KUSTOMIZATION, deployment, reach, refusals, shop, step, tree_of

RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web}
spec:
  chart: {spec: {chart: app-template, sourceRef: {kind: HelmRepository, name: x}}}
  values:
    controllers:
      main:
        pod:
          labels: {app: web}
        containers:
          app:
            image: {repository: ghcr.io/acme/shop, tag: "1"}
            env:
              PGHOST: db.example.org
              PGUSER: {valueFrom: {secretKeyRef: {name: db, key: PGUSER}}}
              PGPASSWORD: {valueFrom: {secretKeyRef: {name: db, key: PGPASSWORD}}}
"""
OWN = f"{CONFIG}apps:\n  - {{chart: app-template, command: [/app]}}\n"
LABEL = "the opt-in label from the pods of HelmRelease/shop/web again; nothing is changed, edit it by hand"
LIST = "the list of migrations from the pods of HelmRelease/shop/web again; nothing is changed, edit it by hand"
VALUES = """\
patches:
- target: {kind: ConfigMap}
  patch: '[{op: add, path: /data, value: {labels: x}}]'
- target: {kind: HelmRelease}
  patch: |-
    - %s
"""
REPLACEMENT = """\
replacements:
- source: {kind: HelmRelease, name: web, fieldPath: spec.chart.spec.chart}
  targets:
  - select: {kind: HelmRelease}
    fieldPaths: ["spec.values.controllers.main.pod.labels.[phase2.tazlab.net/inject]"]
"""
WORKLOAD = """\
patches:
- patch: |-
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      template:
        spec:
          containers:
          - {name: app, command: [/other]}
"""


def release(renderers: str = "") -> str:
    """The release, with post-renderers."""
    return RELEASE.replace("  values:\n", f"{renderers}  values:\n")


def charted(**changed: str) -> dict[str, str]:
    """The shop as a HelmRelease."""
    return shop(**{"phase2__yaml": OWN, "web__yaml": release(), **changed})


def post_renderer(patch: str) -> str:
    """One patch as post-renderer; its entry stands in line 9 of the release."""
    lines = "".join(f"              {line}\n" for line in patch.splitlines())
    return f"  postRenderers:\n    - kustomize:\n        patches:\n          - target: {{kind: Deployment}}\n            patch: |\n{lines}"


def whole(body: str) -> str:
    """A strategic merge patch of a Deployment's pod template."""
    return f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: any}}\nspec: {{template: {{metadata: {body}}}}}"


UNDOING = {
    "a patch replaces the labels of a release": (
        charted(
            kustomization__yaml=KUSTOMIZATION
            + VALUES % "{op: replace, path: /spec/values/controllers/main/pod, value: {labels: {app: web}}}",
        ),
        f"kustomization.yaml:12: a patch would take {LABEL}",
    ),
    "a patch removes the labels of a release": (
        charted(
            kustomization__yaml=KUSTOMIZATION + VALUES % "{op: remove, path: /spec/values/controllers/main/pod/labels}",
        ),
        f"kustomization.yaml:12: a patch would take {LABEL}",
    ),
    "a replacement writes over the label of a release": (
        charted(kustomization__yaml=KUSTOMIZATION + REPLACEMENT),
        f"kustomization.yaml:10: a patch would take {LABEL}",
    ),
    "a post-renderer removes the labels of all pods": (
        charted(web__yaml=release(post_renderer("- {op: remove, path: /spec/template/metadata/labels}"))),
        "web.yaml:9: a post-renderer would take the labels from the pods of HelmRelease/shop/web again; "
        "nothing is changed, edit it by hand",
    ),
    "a post-renderer sets the label to another value": (
        charted(web__yaml=release(post_renderer(whole('{labels: {phase2.tazlab.net/inject: "false"}}')))),
        "web.yaml:9: a post-renderer would take the labels from the pods of HelmRelease/shop/web again; "
        "nothing is changed, edit it by hand",
    ),
    "a post-renderer replaces all annotations": (
        charted(web__yaml=release(post_renderer(whole("{annotations: {$patch: replace, a: b}}")))),
        "web.yaml:9: a post-renderer would take the annotations from the pods of HelmRelease/shop/web "
        "again; nothing is changed, edit it by hand",
    ),
}


@pytest.mark.parametrize(("files", "why"), UNDOING.values(), ids=UNDOING.keys())
def test_an_edit_of_a_release_that_would_not_arrive_is_refused(files: dict[str, str], why: str, tmp_path: Path) -> None:
    reach(tmp_path, files, "prepare")
    before = tree_of(tmp_path)

    made = step(tmp_path, "inject")

    assert refusals(made)[0] == why
    assert not made.done
    assert tree_of(tmp_path) == before


HARMLESS = {
    "a patch beside the labels": KUSTOMIZATION
    + VALUES % "{op: add, path: /spec/values/controllers/main/pod/labels/tier, value: front}",
    "a label for all": f"{KUSTOMIZATION}labels:\n- {{pairs: {{team: shop}}, includeTemplates: true}}\n",
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_patch_that_leaves_the_edit_alone_is_no_reason_to_refuse(text: str, tmp_path: Path) -> None:
    grow(tmp_path, charted(kustomization__yaml=text))

    made = [step(tmp_path, stage) for stage in ("prepare", "inject", "release", "retire")]

    assert [(len(one.done), refusals(one)) for one in made] == [(1, [])] * 4


@pytest.mark.parametrize(
    "patch",
    [
        "- {op: add, path: /spec/template/metadata/labels/tier, value: front}",
        "- {op: remove, path: /spec/replicas}",
        whole("{labels: {tier: front}, annotations: {a: b}}"),
        "not: [yaml",
    ],
)
def test_a_post_renderer_beside_the_labels_is_no_reason_to_refuse(patch: str, tmp_path: Path) -> None:
    made = step(reach(tmp_path, charted(web__yaml=release(post_renderer(patch))), "prepare"), "inject")

    assert (len(made.done), refusals(made)) == (1, [])


def test_a_patch_that_takes_the_list_of_a_release_is_found_when_the_list_is_written(tmp_path: Path) -> None:
    patch = VALUES % "{op: add, path: /spec/values/controllers/main/pod/annotations, value: {a: b}}"
    reach(tmp_path, charted(kustomization__yaml=KUSTOMIZATION + patch), "prepare", "inject")

    made = step(tmp_path, "release")

    assert refusals(made)[0] == f"kustomization.yaml:13: a patch would take {LIST}"


def test_a_patch_that_came_after_the_label_is_found_by_the_next_stage(tmp_path: Path) -> None:
    reach(tmp_path, charted(), "prepare", "inject")
    listing = (tmp_path / "kustomization.yaml").read_text()
    patch = VALUES % "{op: remove, path: /spec/values/controllers/main/pod/labels}"
    grow(tmp_path, {"kustomization.yaml": listing + patch})

    made = step(tmp_path, "release")

    assert refusals(made)[0].endswith(f"a patch would take {LABEL}")


def test_a_label_that_was_taken_out_by_hand_is_missed(tmp_path: Path) -> None:
    reach(tmp_path, charted(), "prepare", "inject")
    text = (tmp_path / "web.yaml").read_text()
    grow(tmp_path, {"web.yaml": text.replace(', phase2.tazlab.net/inject: "true"', "")})

    made = step(tmp_path, "release")

    assert text != (tmp_path / "web.yaml").read_text()
    assert refusals(made) == [
        "web.yaml:1: the pods of HelmRelease/shop/web have no opt-in label any more; put it back, or take stage inject back with "
        "git; nothing is changed, edit it by hand"
    ]


def test_a_patch_that_sets_the_wrapped_command_again_is_refused(tmp_path: Path) -> None:
    reach(tmp_path, shop(kustomization__yaml=KUSTOMIZATION + WORKLOAD), "prepare")

    made = step(tmp_path, "inject", is_inline=True)

    assert refusals(made) == [
        "kustomization.yaml:18: a patch would take spec.template.spec.containers[app].command from the pods of "
        "Deployment/shop/web again; nothing is changed, edit it by hand"
    ]


def test_a_wrapped_command_with_a_variable_of_flux_arrives(tmp_path: Path) -> None:
    flux = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
  postBuild: {substitute: {URL: "https://shop.example.org"}}
"""
    web = deployment(command='["/app", "--url=${URL}"]')
    own = {f"apps/{name}": text for name, text in shop(web__yaml=web).items() if name != "phase2.yaml"}
    reach(tmp_path, {"phase2.yaml": CONFIG, "clusters/x/apps.yaml": flux, **own}, "prepare")

    made = step(tmp_path, "inject", is_inline=True)

    assert (len(made.done), refusals(made)) == (1, [])
    assert "--url=${URL}" in (tmp_path / "apps" / "web.yaml").read_text()


def test_a_patch_of_flux_is_named_where_flux_is_told_of_it(tmp_path: Path) -> None:
    flux = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  path: ./apps
  sourceRef: {kind: GitRepository, name: flux-system}
  patches:
  - target: {kind: HelmRelease}
    patch: |-
      - {op: remove, path: /spec/values/controllers/main/pod/labels}
"""
    own = {f"apps/{name}": text for name, text in charted().items() if name != "phase2.yaml"}
    reach(tmp_path, {"phase2.yaml": OWN, "clusters/x/apps.yaml": flux, **own}, "prepare")

    made = step(tmp_path, "inject")

    assert refusals(made)[0] == f"clusters/x/apps.yaml:8: a patch would take {LABEL}"
