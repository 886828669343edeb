"""Where a container speaks of a variable that it will not have any more, so that it would break though its app does not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from injector.pod.model import Json
from injector.pod.reading import as_list, as_map

_KUBELETS: Final = re.compile(r"(?<!\$)(?:\$\$)*\$\(([^()$]+)\)")
"""``$(NAME)``, and not ``$$(NAME)``. Source:
https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/."""
_SHELLS: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS: Final = ("postStart", "preStop")


def find_mention(container: Mapping[str, Json], from_files: Collection[str], wrapped: Collection[str]) -> str:
    """Return in words where a container speaks of a variable that it loses; empty where it does not.

    Args:
        container: rewired, its command not wrapped yet.
        from_files: variables that its app reads from files now: neither kubelet nor a shell sets them any more.
        wrapped: variables that are set by a shell in front of its command: the app has them, what runs beside it has not.
    """
    gone = {*from_files, *wrapped}
    if not gone:
        return ""
    own = [*_texts(container.get("command")), *_texts(container.get("args"))]
    set_by_kubelet = [*own, *(str(one.get("value", "")) for one in as_list(container.get("env")))]
    beside = list(_run_beside(container))
    for texts, names, pattern, where in (
        (set_by_kubelet, gone, _KUBELETS, "puts it into another value, which Kubernetes does before any file is there"),
        (own, set(from_files), _SHELLS, "reads it in its command line"),
        (beside, gone, _SHELLS, "reads it in a probe or a hook, which gets the container's own environment"),
    ):
        for text in texts:
            found = {one for one in pattern.findall(text) if one in names} if "$" in text else ()
            if found:
                return f"container {container.get('name')} has variable {min(found)} and {where}; let it read the file there"
    return ""


def _run_beside(container: Mapping[str, Json]) -> Iterator[str]:
    lifecycle = as_map(container.get("lifecycle"))
    for handler in (*(container.get(one) for one in _PROBES), *(lifecycle.get(one) for one in _HOOKS)):
        yield from _texts(as_map(as_map(handler).get("exec")).get("command"))


def _texts(value: Json) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
