"""Where a container speaks of a variable that it will not have any more, so that it would break though its app does not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from injector.pod.environment import refers_to
from injector.pod.model import Json
from injector.pod.reading import as_list

_SHELLS: Final = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def find_mention(container: Mapping[str, Json], from_files: Collection[str]) -> str:
    """Return in words where a container speaks of a variable that it loses; empty where it does not.

    Args:
        container: rewired.
        from_files: variables that its app reads from files now: neither Kubernetes nor a shell sets them any more.
    """
    if not from_files:
        return ""
    own = [*_texts(container.get("command")), *_texts(container.get("args"))]
    for text in (*own, *(str(one.get("value", "")) for one in as_list(container.get("env")))):
        found = [one for one in from_files if refers_to(text, (one,))]
        if found:
            what = "puts it into another value, which Kubernetes does before any file is there"
            return _say(container, min(found), what)
    for text in own:
        found = [one for one in _SHELLS.findall(text) if one in from_files]
        if found:
            return _say(container, min(found), "reads it in its command line")
    return ""


def _say(container: Mapping[str, Json], name: str, what: str) -> str:
    return (
        f"container {container.get('name')} has variable {name} and {what}; let it read the file there, or choose delivery "
        "env-wrapped"
    )


def _texts(value: Json) -> Iterator[str]:
    yield from (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
