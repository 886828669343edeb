"""What one build carries along: the files it reads, what it found wrong, and the layer it is in."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Final

from injector.location import Location
from injector.manifests.files import Files, join
from injector.manifests.kustomize.identity import Tracked
from injector.manifests.yamldoc import Map, Value, iter_documents
from injector.manifests.yamldoc import YamlError as _YamlError
from injector.model import Diagnostic
from injector.redact import redact

MAX_VISITS: Final = 20_000
"""Folders entered in one build: more are a doubling of bases that no cluster holds."""
_REMOTE: Final = re.compile(
    r"(?:https?|ssh|git|file|oci)://|git::|git@|[\w.-]+@[\w.-]+:"
    r"|(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|dev\.azure\.com)[/:]|.*[?&](?:ref|version)=",
    re.IGNORECASE,
)

_PATH: Final = re.compile(r"[\w.@+-][\w./@+~-]{0,300}\Z")


@dataclass(frozen=True, slots=True)
class Layer:
    """One kustomization at work.

    Attributes:
        folder: what its paths start from.
        body: the kustomization's fields; may stand in several files.
        chain: the folders passed to get here, outermost first, this one last.
    """

    folder: str
    body: Map
    chain: tuple[str, ...]


@dataclass(slots=True)
class Session:
    """One build.

    Attributes:
        files: reads and parses.
        diagnostics: in the order they were found.
        reached: every file read on the way.
        visits: folders entered so far.
    """

    files: Files
    diagnostics: list[Diagnostic] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    visits: int = 0
    _inline: dict[tuple[Location, int], list[Value]] = field(default_factory=dict)
    _real: dict[str, str] = field(default_factory=dict)

    def report(self, at: Location, code: str, message: str) -> None:
        """Note something wrong."""
        self.diagnostics.append(Diagnostic(at, code, message))

    def real_path(self, folder: str) -> str:
        """Return a folder's path without symbolic links, to know a cycle by."""
        known = self._real.get(folder)
        if known is None:
            known = self._real[folder] = os.path.realpath(self.files.absolute(folder))
        return known

    def find_file(self, layer: Layer, entry: str, at: Location, field_name: str) -> str | None:
        """Return the path of a file that a kustomization names; None with a diagnostic when there is none."""
        path = join(layer.folder, entry)
        if not is_bad_path(entry) and self.files.is_file(path):
            self.reached.add(path)
            return path
        if is_remote(entry):
            message = f"{field_name}: {show_entry(entry)} is remote and is not fetched; vendor it into the tree"
            self.report(at, "remote-base", message)
        else:
            message = f"{field_name}: {show_entry(entry)} is no file; correct the path or remove the entry"
            self.report(at, "missing-file", message)
        return None

    def read(self, layer: Layer, entry: str, at: Location, field_name: str) -> list[Value]:
        """Return the documents of a file that a kustomization names; empty with a diagnostic on failure."""
        path = self.find_file(layer, entry, at, field_name)
        if path is None:
            return []
        return [document.value for document in self.files.load(path) if document.value is not None]

    def parse_inline(self, written: str, at: Location, field_name: str) -> list[Value]:
        """Return the documents of YAML that stands as text in a kustomization, with that file's lines."""
        key = (at, len(written))
        known = self._inline.get(key)
        if known is not None:
            return known
        # A block scalar's text starts on the line after its key; other text of one line stands beside it.
        offset = at.line if "\n" in written else at.line - 1
        made: list[Value] = []
        lead = b"\n" * offset
        for chunk, parsed in iter_documents(lead + written.encode(errors="replace"), at.path):
            if isinstance(parsed, _YamlError):
                message = f"{field_name}: is not YAML ({parsed}); correct it"
                self.report(Location(at.path, parsed.line), parsed.code, message)
            elif parsed.value is not None and chunk.data.strip():
                made.append(parsed.value)
        self._inline[key] = made
        return made


def is_bad_path(entry: str) -> bool:
    """Tell whether a path is none that a kustomization may name."""
    return not entry or entry.startswith("/") or "\0" in entry


def is_remote(entry: str) -> bool:
    """Tell whether an entry that is no file and no folder is the address of one elsewhere.

    Source: kustomize api/internal/git/repospec.go NewRepoSpecFromURL.
    """
    return _REMOTE.match(entry) is not None


def show_entry(entry: str) -> str:
    """Return how messages name an entry: addresses without logins, and no text that is no path."""
    if is_remote(entry):
        user = "git@" if entry.startswith("git@") else ""  # the one user of every Git host
        return user + redact(entry.removeprefix(user))
    return entry if _PATH.match(entry) else "the entry"


def describe(one: Tracked) -> str:
    """Return how messages name a resource."""
    return str(one.resource.ref)
