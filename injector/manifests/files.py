"""The files of a tree: found, read and parsed once, each problem noted once.

All paths are relative to the tree's root with ``/``. A path that a kustomization names may lead out of the
root (``../../base``): it is followed, and shown as ``../../base/x.yaml``.
"""

from __future__ import annotations

import errno
import os
import posixpath
import stat
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeGuard

from injector.location import Location
from injector.manifests.document import Document, Resource, items
from injector.manifests.jsontext import parse_json
from injector.manifests.templated import find_template_line
from injector.manifests.yamldoc import (
    Chunk,
    Map,
    Parsed,
    Seq,
    Value,
    YamlError,
    clone,
    decode_stream,
    parse_chunk,
    split_documents,
)
from injector.model import Diagnostic
from injector.redact import redact

YAML_SUFFIXES: Final = (".yaml", ".yml", ".json")
MAX_FILE_BYTES: Final = 256 * 1024 * 1024
"""Beyond any rendered cluster; a larger file is not even read."""
SKIPPED_FOLDERS: Final = frozenset({".git", ".hg", ".svn", "node_modules", ".terraform", "__pycache__", ".venv"})
KUSTOMIZATION_NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""Source: sigs.k8s.io/kustomize/api/konfig RecognizedKustomizationFileNames."""
KEPT_BYTES: Final = 1024 * 1024
"""How much of what was parsed is kept for who asks again, in bytes of YAML; parsed it takes about twelve times that."""


class Files:
    """Reads files below `root`.

    Attributes:
        root: the folder that relative paths start from.
        diagnostics: what could not be read, by path, in the order of reading.
        templated: paths recognised as unrendered templates, with the line that shows it.
        shared: some files -> those of their objects that several roots look at; see `Root.shared`.
    """

    def __init__(
        self,
        root: Path,
        found: Sequence[str] = (),
        overlay: Mapping[str, bytes | None] | None = None,
        *,
        heads: frozenset[str] = frozenset(),
    ) -> None:
        """Start without reading anything.

        Args:
            root: an existing folder.
            found: the files below it that count, sorted, as `find_files` returns them.
            overlay: path -> bytes of files that are not on disk (``<stdin>``); None for one that shall count as gone.
            heads: kinds of which nothing but the head is wanted (`Document.is_header_only`).
        """
        self.root = root
        self.found = found
        self.overlay = overlay or {}
        self.diagnostics: dict[str, list[Diagnostic]] = {}
        self.templated: dict[str, Diagnostic] = {}
        self.shared: dict[tuple[str, ...], tuple[Resource, ...]] = {}
        self._heads = heads
        self._base = f"{os.fspath(root)}/"
        self._documents: dict[str, tuple[Document, ...]] = {}
        self._sizes: dict[str, int] = {}
        self._kept = 0
        self._given: set[str] = set()
        self._folders: tuple[str, ...] | None = None

    def folders(self) -> tuple[str, ...]:
        """Return every folder that holds a file or a folder with one, sorted."""
        if self._folders is None:
            folders: set[str] = set()
            for path in self.found:
                folder = parent(path)
                while folder not in folders and folder != ".":
                    folders.add(folder)
                    folder = parent(folder)
            self._folders = tuple(sorted(folders))
        return self._folders

    def below(self, folder: str) -> Sequence[str]:
        """Return those of the tree's files that lie in a folder or deeper; all for ``.``."""
        if folder in ("", "."):
            return self.found
        # What begins with "folder/" stands together, and ends before the sign that follows the slash.
        return self.found[bisect_left(self.found, f"{folder}/") : bisect_left(self.found, f"{folder}0")]

    def absolute(self, path: str) -> str:
        """Return the path for the operating system."""
        if path.startswith(("/", ".")):
            return os.path.normpath(os.path.join(self.root, path))
        return self._base + path

    def is_file(self, path: str) -> bool:
        """Tell whether `path` is a regular file (or in the overlay)."""
        return self.overlay[path] is not None if path in self.overlay else os.path.isfile(self.absolute(path))

    def is_dir(self, path: str) -> bool:
        """Tell whether `path` is a folder."""
        return os.path.isdir(self.absolute(path))

    def kustomization(self, folder: str) -> str | None:
        """Return the path of the folder's kustomization file, None when it has none."""
        for name in KUSTOMIZATION_NAMES:
            path = join(folder, name)
            if self.is_file(path):
                return path
        return None

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None with a diagnostic when it cannot be read."""
        if path in self.overlay:
            data = self.overlay[path]
            if data is None:
                self._note(path, 1, "unreadable", f"cannot be read ({os.strerror(errno.ENOENT)})")
            return data
        try:
            # A pipe of that name must not stop the program: without O_NONBLOCK opening one waits for a writer.
            descriptor = os.open(self.absolute(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as err:
            self._note_unreadable(path, err)
            return None
        try:
            info = os.fstat(descriptor)
            if stat.S_ISDIR(info.st_mode):
                raise IsADirectoryError(errno.EISDIR, "")
            if not stat.S_ISREG(info.st_mode):
                self._note(path, 1, "not-a-file", "is no regular file")
                return None
            if info.st_size > MAX_FILE_BYTES:
                limit = MAX_FILE_BYTES >> 20
                self._note(path, 1, "too-large", f"is larger than {limit} MiB; split it or leave it out")
                return None
            return _read_all(descriptor, info.st_size)
        except OSError as err:
            self._note_unreadable(path, err)
            return None
        finally:
            os.close(descriptor)

    def _note_unreadable(self, path: str, err: OSError) -> None:
        self._note(path, 1, "unreadable", f"cannot be read ({os.strerror(err.errno or 0)})")

    def load(self, path: str) -> tuple[Document, ...]:
        """Return a file's documents, which are not to be changed; those that cannot be parsed become diagnostics."""
        known = self._documents.get(path)
        if known is None:
            known, size = self._parse(path)
            self._keep(path, known, size)
        return known

    def take(self, path: str) -> tuple[Document, ...]:
        """Return a file's documents for the caller to keep and to change.

        Most files are asked for once: those are never kept and never copied.
        """
        if path not in self._given and path not in self._documents:
            self._given.add(path)
            return self._parse(path)[0]
        return tuple(replace(one, value=clone(one.value)) for one in self.load(path))

    def parse(self, path: str) -> tuple[Document, ...]:
        """Return a file's documents for the caller to keep, and forget that they were asked for."""
        return self._parse(path)[0]

    def _keep(self, path: str, documents: tuple[Document, ...], size: int) -> None:
        self._documents[path] = documents
        self._sizes[path] = size
        self._kept += size
        while self._kept > KEPT_BYTES and len(self._documents) > 1:
            oldest = next(iter(self._documents))
            del self._documents[oldest]
            self._kept -= self._sizes.pop(oldest)

    def _parse(self, path: str) -> tuple[tuple[Document, ...], int]:
        """Return a file's documents and its size."""
        data = self.read(path)
        if data is None:
            return (), 0
        try:
            chunks = split_documents(decode_stream(data))
        except YamlError as err:
            self._note(path, err.line, err.code, str(err))
            return (), len(data)
        found: list[Document] = []
        for chunk in chunks:
            try:
                parsed = parse_chunk(chunk, path, self._heads)
            except YamlError as err:
                if path.endswith(".json") and (value := _as_json(chunk, path)) is not None:
                    found += self._documents_of(path, chunk, Parsed(value))
                else:
                    self._fail(path, chunk, err)
                continue
            if parsed.template_line:
                self._note_template(path, parsed.template_line)
                continue
            self._note_duplicates(path, parsed.duplicates)
            found += self._documents_of(path, chunk, parsed)
        return tuple(found), len(data)

    def _documents_of(self, path: str, chunk: Chunk, parsed: Parsed) -> Iterator[Document]:
        value = parsed.value
        line = value.line if isinstance(value, (Map, Seq)) else chunk.line
        for at, item in _items_of(value, line) if is_list(value) else ((line, value),):
            yield Document(path, chunk.index, at, item, parsed.is_head)

    def _fail(self, path: str, chunk: Chunk, err: YamlError) -> None:
        found = find_template_line(chunk.data, err.line - chunk.line) if err.code == "yaml-syntax" else None
        if found is not None:
            self._note_template(path, chunk.line + found)
        else:
            self._note(path, err.line, err.code, str(err))

    def _note_template(self, path: str, line: int) -> None:
        where = Location(path, line)
        self.templated.setdefault(path, Diagnostic(where, "templated", "is a template that something else renders"))

    def _note_duplicates(self, path: str, duplicates: Sequence[tuple[int, str]]) -> None:
        """Note the first key of a file that stands twice; one line says that the file needs care."""
        if duplicates and not any(one.code == "yaml-duplicate-key" for one in self.diagnostics.get(path, ())):
            line, key = duplicates[0]
            message = f"key {redact(key)!r} stands twice in one mapping; the last one counts, remove the other"
            self._note(path, line, "yaml-duplicate-key", message)

    def _note(self, path: str, line: int, code: str, message: str) -> None:
        noted = self.diagnostics.setdefault(path, [])
        one = Diagnostic(Location(path, line), code, message)
        if one not in noted:  # a file may be read again
            noted.append(one)


def _read_all(descriptor: int, size: int) -> bytes:
    """Read to the end; the size is a guess, for files grow, and those of /proc claim to be empty."""
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while parts[-1]:
        parts.append(os.read(descriptor, 1024 * 1024))
    return b"".join(parts)


def is_list(value: Value) -> TypeGuard[Map]:
    """Tell a ``List``, or a list of one kind such as ``SecretList``, from an object."""
    return (
        isinstance(value, Map) and str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), Seq)
    )


def _items_of(found: Map, line: int) -> Iterator[tuple[int, Value]]:
    """Yield the items of a list and of the lists in it; in a list of one kind they need not say theirs."""
    kind = str(found["kind"]).removesuffix("List")
    for item in items(found, "items"):
        at = item.line if isinstance(item, Map) else line
        if isinstance(item, Map) and kind and "kind" not in item and "apiVersion" not in item:
            for key, value in (("kind", kind), ("apiVersion", found.get("apiVersion"))):
                item.put(key, value, found.lines.get(key))
        yield from _items_of(item, at) if is_list(item) else ((at, item),)


def _as_json(chunk: Chunk, path: str) -> Value:
    try:
        return parse_json(chunk.data, path)
    except ValueError:
        return None


def join(folder: str, path: str) -> str:
    """Return `path` as seen from `folder`, normalised, relative to the tree's root."""
    return posixpath.normpath(posixpath.join(folder, path)) if folder not in ("", ".") else posixpath.normpath(path)


def parent(path: str) -> str:
    """Return the folder of a path, ``.`` for the root."""
    return posixpath.dirname(path) or "."


def find_files(
    root: Path, folder: str = ".", suffixes: Iterable[str] = YAML_SUFFIXES, links: set[str] | None = None
) -> list[str]:
    """Return the tree's YAML and JSON files and kustomizations, sorted, each real folder once.

    Symbolic links are followed, after everything else, so that a file is known by its own path where it has one; a link
    that leads back to a folder already seen ends there. A folder that cannot be looked into is returned like a file: who
    reads it is told why it cannot be.

    Args:
        root: the tree's root.
        folder: where to look, relative to `root`.
        suffixes: how the names of files end.
        links: is filled with the files that are, or lie below, symbolic links.
    """
    endings = tuple(suffixes)
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    stack = [(folder, False)]
    later: list[str] = []
    while stack or later:
        current, is_linked = stack.pop() if stack else (later.pop(), True)
        where = os.path.join(root, current)
        try:
            info = os.stat(where)
            if (info.st_dev, info.st_ino) in seen:
                continue
            seen.add((info.st_dev, info.st_ino))
            entries = sorted(os.scandir(where), key=lambda entry: entry.name)
        except OSError:
            found.append(current)
            continue
        for entry in entries:
            path = f"{current}/{entry.name}" if current != "." else entry.name
            if _is_folder(entry):
                if entry.name not in SKIPPED_FOLDERS and entry.is_symlink():
                    later.append(path)
                elif entry.name not in SKIPPED_FOLDERS:
                    stack.append((path, is_linked))
            elif entry.name.endswith(endings) or entry.name in KUSTOMIZATION_NAMES:
                found.append(path)
                if links is not None and (is_linked or entry.is_symlink()):
                    links.add(path)
    found.sort()
    return found


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself; without the error it would be a file or a folder
        return False
