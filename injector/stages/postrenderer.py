"""The label and the list for pods whose chart has no place for them: a post-renderer of their HelmRelease.

What the chart calls the object that makes the pods stands only in its templates, so a person names it (``postRenderer`` in
phase2.yaml). The patch names it without a target: when the chart makes no such object, Flux' upgrade fails and says so,
while a target that selects nothing would be passed over in silence.

Source: https://fluxcd.io/flux/components/helm/helmreleases/#post-renderers; kustomize
api/internal/builtins/PatchTransformer.go: a patch without a target must match by its own name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from injector.edit.values import Data, Path
from injector.edit.yamlfile import YamlFile
from injector.model import Consumer
from injector.pod.names import OPT_IN, SECRETS
from injector.stages.documents import find_document
from injector.stages.workspace import Workspace

_VERSIONS: Final = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
}
_FIELD: Final = ("spec", "postRenderers")


def set_post_renderer(
    workspace: Workspace, consumer: Consumer, target: str, prefix: str, names: Sequence[str] = ()
) -> None:
    """Let a release's post-renderer give the pods of `target` the opt-in label, and the list of migrations they want.

    Args:
        workspace: the tree.
        consumer: of the release.
        target: ``Deployment/web``, or ``Deployment/shop/web``: the object that the chart makes, with the namespace if the
            chart writes it down.
        prefix: of the label.
        names: migrations for the list, added to those that stand there; with none, only a list that is there is kept.

    Raises:
        EditError: the release cannot be edited.
    """
    file, document, own = find_document(workspace, consumer.ref, consumer.origin)
    where = (*own, *_FIELD)
    head = _head(target)
    for path, text in _patches(file, document, where):
        if text.startswith(head):
            there = listed(text, prefix)
            wanted = [*there, *(name for name in names if name not in there)]
            workspace.save(file.set(document, path, _patch(target, prefix, wanted)))
            return
    entry: Data = {"kustomize": {"patches": [{"patch": _patch(target, prefix, names)}]}}
    if file.has(document, where):
        workspace.save(file.append(document, where, entry))
    else:
        workspace.save(file.set(document, where, [entry]))


def find_listed(workspace: Workspace, consumer: Consumer, target: str, prefix: str) -> list[str]:
    """Return the migrations that the pods of `target` want by their release's post-renderer."""
    file, document, own = find_document(workspace, consumer.ref, consumer.origin)
    head = _head(target)
    return next(
        (listed(text, prefix) for _, text in _patches(file, document, (*own, *_FIELD)) if text.startswith(head)), []
    )


def listed(text: str, prefix: str) -> list[str]:
    """Return the migrations that a patch of ours lists."""
    found = re.search(rf"^ *{re.escape(prefix)}/{SECRETS}: (.*)$", text, re.MULTILINE)
    return found[1].split(",") if found else []


def _patches(file: YamlFile, document: int, where: Path) -> Sequence[tuple[Path, str]]:
    renderers = file.value(document, where) if file.has(document, where) else ()
    found: list[tuple[Path, str]] = []
    for number, renderer in enumerate(_list(renderers)):
        kustomize = renderer.get("kustomize") if isinstance(renderer, Mapping) else None
        patches = kustomize.get("patches") if isinstance(kustomize, Mapping) else ()
        for index, one in enumerate(_list(patches)):
            text = one.get("patch") if isinstance(one, Mapping) and "target" not in one else None
            if isinstance(text, str):
                found.append(((*where, number, "kustomize", "patches", index, "patch"), text))
    return found


def _list(value: Data) -> Sequence[Data]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _head(target: str) -> str:
    kind, *namespaces, name = target.split("/")
    own = "".join(f"  namespace: {one}\n" for one in namespaces)
    return f"# phase2: who is injected\napiVersion: {_VERSIONS[kind]}\nkind: {kind}\nmetadata:\n  name: {name}\n{own}"


def _patch(target: str, prefix: str, names: Sequence[str]) -> str:
    lines = ["template:", "  metadata:", "    labels:", f'      {prefix}/{OPT_IN}: "true"']
    if names:
        lines += ["    annotations:", f"      {prefix}/{SECRETS}: {','.join(names)}"]
    around = ["spec:"]
    if target.startswith("CronJob/"):
        around += ["  jobTemplate:", "    spec:"]
    indent = " " * (2 * len(around))
    return _head(target) + "\n".join([*around, *(f"{indent}{line}" for line in lines)]) + "\n"
