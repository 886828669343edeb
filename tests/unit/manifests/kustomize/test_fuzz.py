"""Whatever stands in a kustomization, a build ends and does not raise."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from injector.manifests.files import Files
from injector.manifests.kustomize import build
from tests.unit.manifests.kustomize.trees import DEPLOYMENT, SECRET

FIELDS = (
    "resources", "bases", "components", "namespace", "namePrefix", "nameSuffix", "patches", "patchesStrategicMerge",
    "patchesJson6902", "configMapGenerator", "secretGenerator", "generatorOptions", "labels", "commonLabels",
    "commonAnnotations", "images", "replicas", "replacements", "configurations", "helmCharts", "kind",
)  # fmt: skip
KEYS = (
    "name", "kind", "target", "patch", "path", "options", "source", "targets", "select", "fieldPaths", "fieldPath",
    "literals", "files", "envs", "behavior", "pairs", "fields", "includeSelectors", "newTag", "newName", "count",
    "labelSelector", "delimiter", "index", "create", "reject", "disableNameSuffixHash", "labels", "nameReference",
)  # fmt: skip
TEXTS = st.sampled_from(
    [
        "", "app", "login", ".", "..", "app.yaml", "es.yaml", "a=b", "Deployment", ".*", "(", "*", "a in (b", "merge",
        "spec.template.spec.containers.[name=app].image", "metadata.name", "[a", "spec.*", "{a: [", "\0", "x\ny: z",
        "[{op: add, path: /spec/x/-, value: 1}]", "- op: remove\n  path: /metadata",
        "- {op: move, from: /spec, path: /spec/template}", "{$patch: delete}",
        "{metadata: null}", "{metadata: {name: [1]}}", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec: []",
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6), VALUES)
def test_build_never_raises(kustomization: dict[str, object], other: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "app.yaml").write_text(DEPLOYMENT)
        (root / "es.yaml").write_text(SECRET)
        (root / "a").write_text(json.dumps(other))
        (root / "kustomization.yaml").write_text(json.dumps({"resources": ["app.yaml", "es.yaml"], **kustomization}))

        made = build(Files(root), ".")

    assert all(found.location.line > 0 and found.message for found in made.diagnostics)
