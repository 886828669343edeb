"""A `SecretMigration` to YAML text, with the comments that tell a reviewer why.

Written by hand instead of dumped: the order is the reader's, templates stand as literal blocks, and a comment stands
above what it explains. ``parse_migration(load(write_migration(x)))`` is `x` again, which a property test shows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from injector.migration.model import (
    API_VERSION,
    KIND,
    ContainerReads,
    Mode,
    Read,
    Rotation,
    SecretMigration,
    Workload,
)

Comments = Mapping[str, Sequence[str]]
"""Dotted field (``spec.credentials[0]``, ``spec.workloads[1].role``) -> the lines that stand above it."""

_PLAIN: Final = re.compile(r"^[A-Za-z/][A-Za-z0-9_./-]*$")
_NOT_PLAIN: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BLOCK: Final = re.compile(r"^[\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]*$")


def write_migration(migration: SecretMigration, comments: Comments | None = None) -> str:
    """Return the document's text, ending in one newline; the same for the same arguments."""
    return "\n".join(_Writer(comments or {}).document(migration)) + "\n"


class _Writer:
    def __init__(self, comments: Comments) -> None:
        self._comments = comments

    def document(self, one: SecretMigration) -> Iterator[str]:
        yield from self._above("", 0)
        yield f"apiVersion: {API_VERSION}"
        yield f"kind: {KIND}"
        yield "metadata:"
        yield f"  name: {_scalar(one.name)}"
        if one.namespace:
            yield f"  namespace: {_scalar(one.namespace)}"
        yield "spec:"
        yield from self._line("spec.stage", 2, "stage", one.stage)
        yield from self._above("spec.source", 2)
        yield "  source:"
        yield f"    kind: {_scalar(one.source.kind)}"
        yield f"    name: {_scalar(one.source.name)}"
        yield from self._line("spec.secret", 2, "secret", one.secret)
        yield from self._above("spec.auth", 2)
        yield "  auth:"
        yield f"    method: {one.auth.method}"
        yield from self._line("spec.auth.mount", 4, "mount", one.auth.mount)
        yield from self._credentials(one)
        yield from self._files(one)
        yield "  workloads:" if one.workloads else "  workloads: []"
        for number, workload in enumerate(one.workloads):
            yield from self._workload(f"spec.workloads[{number}]", workload)

    def _credentials(self, one: SecretMigration) -> Iterator[str]:
        yield "  credentials:"
        for number, credential in enumerate(one.credentials):
            field = f"spec.credentials[{number}]"
            yield from self._above(field, 4)
            yield f"    - name: {_scalar(credential.name)}"
            yield f"      keys: [{', '.join(_scalar(key) for key in credential.keys)}]"
            yield f"      engine: {_scalar(credential.engine)}"
            yield from self._line(f"{field}.path", 6, "path", credential.path)

    def _files(self, one: SecretMigration) -> Iterator[str]:
        yield "  files:"
        for number, file in enumerate(one.files):
            yield from self._above(f"spec.files[{number}]", 4)
            yield f"    - key: {_scalar(file.key)}"
            yield from _block("template", file.template, 6)

    def _workload(self, field: str, one: Workload) -> Iterator[str]:
        yield from self._above(field, 4)
        yield f"    - kind: {_scalar(one.kind)}"
        yield f"      name: {_scalar(one.name)}"
        yield from self._line(f"{field}.serviceAccount", 6, "serviceAccount", one.service_account)
        yield from self._line(f"{field}.role", 6, "role", one.role)
        if one.mode is not Mode.SIDECAR or f"{field}.mode" in self._comments:
            yield from self._line(f"{field}.mode", 6, "mode", one.mode)
        if one.init_first:
            yield from self._above(f"{field}.initFirst", 6)
            yield "      initFirst: true"
        yield from self._above(f"{field}.runAsUser", 6)
        if one.run_as_user is not None:
            yield f"      runAsUser: {one.run_as_user}"
        if one.run_as_group is not None:
            yield f"      runAsGroup: {one.run_as_group}"
        if one.rotation != Rotation() or f"{field}.rotation" in self._comments:
            yield from self._above(f"{field}.rotation", 6)
            yield "      rotation:"
            yield from _fields(
                8, (("action", one.rotation.action), ("signal", one.rotation.signal), ("process", one.rotation.process))
            )
        yield "      containers:"
        for number, container in enumerate(one.containers):
            yield from self._container(f"{field}.containers[{number}]", container)

    def _container(self, field: str, one: ContainerReads) -> Iterator[str]:
        yield from self._above(field, 8)
        yield f"        - name: {_scalar(one.name)}"
        if one.is_init:
            yield "          init: true"
        if one.command:
            yield f"          command: [{', '.join(_quoted(word) for word in one.command)}]"
        yield "          reads:"
        for number, read in enumerate(one.reads):
            yield from self._above(f"{field}.reads[{number}]", 12)
            yield from _read(read)

    def _line(self, field: str, indent: int, key: str, value: str) -> Iterator[str]:
        yield from self._above(field, indent)
        yield f"{' ' * indent}{key}: {_scalar(value)}"

    def _above(self, field: str, indent: int) -> Iterator[str]:
        for text in self._comments.get(field, ()):
            for line in text.splitlines():
                yield f"{' ' * indent}# {line}".rstrip()


def _read(one: Read) -> Iterator[str]:
    yield f"            - key: {_scalar(one.key)}"
    pairs = (("delivery", str(one.delivery)), ("path", one.path), ("env", one.env), ("fileEnv", one.file_env))
    yield from _fields(14, pairs)
    if one.mode:
        yield f"{' ' * 14}mode: {json.dumps(one.mode)}"
    if one.is_single:
        yield f"{' ' * 14}single: true"


def _fields(indent: int, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for key, value in pairs:
        if value:
            yield f"{' ' * indent}{key}: {_scalar(value)}"


def _block(key: str, text: str, indent: int) -> Iterator[str]:
    """Yield text as a literal block where YAML can hold it so, else as a quoted scalar."""
    lead = " " * indent
    stripped = text.rstrip("\n")
    tail = len(text) - len(stripped)
    if not stripped or not _BLOCK.match(text) or "\x85" in text or "\u2028" in text or "\u2029" in text:
        yield f"{lead}{key}: {_quoted(text)}"
        return
    chomp = "-" if tail == 0 else "" if tail == 1 else "+"
    # A first line that starts with a blank (or is empty) hides how deep the block stands: say it.
    depth = "2" if text[0] in " \t\n" else ""
    yield f"{lead}{key}: |{depth}{chomp}"
    for line in stripped.split("\n") + [""] * max(tail - 1, 0):
        yield f"{lead}  {line}" if line else ""


def _scalar(value: str) -> str:
    return value if _PLAIN.match(value) and value.lower() not in _NOT_PLAIN else _quoted(value)


def _quoted(value: str) -> str:
    """Return a double-quoted scalar: JSON's, but for what YAML holds to be unprintable."""
    return _UNPRINTABLE.sub(lambda found: f"\\U{ord(found[0]):08x}", json.dumps(value, ensure_ascii=False))
