"""From ``phase2.yaml`` to a `Config`: finds the file, reads it, and says all that is wrong with it at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from injector.config.fields import CONFIG
from injector.config.model import Config
from injector.config.shape import Place, Problems
from injector.errors import ConfigError
from injector.location import Location
from injector.manifests.yamldoc import MAX_DOCUMENT_BYTES, YamlError, decode_stream, parse_chunk, split_documents

FILE_NAME: Final = "phase2.yaml"
NEAR_NAMES: Final = (".phase2.yaml", "phase2.yml", ".phase2.yml")
"""How the file is called by mistake; see `find_near_name`."""


def find_config(start: str | os.PathLike[str] = ".") -> Path | None:
    """Return the ``phase2.yaml`` of a tree: the nearest one from `start` upwards.

    Args:
        start: a folder, or a file whose folder counts.

    Returns:
        None when there is none up to the repository's root (the folder that holds ``.git``), or the file system's.
    """
    return next((file for folder in _upwards(start) if os.path.isfile(file := folder / FILE_NAME)), None)


def find_near_name(start: str | os.PathLike[str] = ".") -> Path | None:
    """Return a file that is there and is not read, because its name is nearly ``phase2.yaml``."""
    return next(
        (file for folder in _upwards(start) for name in NEAR_NAMES if os.path.isfile(file := folder / name)), None
    )


def _upwards(start: str | os.PathLike[str]) -> list[Path]:
    # os.path: links stay as the user wrote them, and a folder that cannot be looked into is no failure.
    first = Path(os.path.abspath(start))
    folders: list[Path] = []
    for folder in (first, *first.parents) if os.path.isdir(first) else first.parents:
        folders.append(folder)
        if os.path.exists(folder / ".git"):
            break
    return folders


def load_config(file: str | os.PathLike[str], path: str = "") -> Config:
    """Read a configuration file.

    Args:
        file: where it is; errors name it like this.
        path: what evidence shall name it, relative to the tree as all evidence is; `file` when empty.

    Raises:
        ConfigError: it cannot be read, or something in it is wrong.
    """
    name = os.fspath(file)
    try:
        with open(name, "rb") as stream:  # also a pipe
            data = stream.read(MAX_DOCUMENT_BYTES + 1)
    except (OSError, ValueError) as err:
        why = os.strerror(err.errno or 0) if isinstance(err, OSError) else "its name is none"
        raise ConfigError(f"{name}: cannot be read: {why}; name a file that can be") from err
    return parse_config(data, path or name, shown=name)


def parse_config(data: bytes, path: str = FILE_NAME, *, shown: str = "") -> Config:
    """Return what the bytes of a configuration file say; of an empty one, the defaults.

    Args:
        data: the file.
        path: what evidence names it.
        shown: what errors name it, when that differs.

    Raises:
        ConfigError: with everything that is wrong, one line each: ``<file>:<line>: <key>: <what>; <what to do>``.
    """
    problems = Problems()
    config: object = Config()
    try:
        chunks = split_documents(decode_stream(data))
        parsed = [(chunk, parse_chunk(chunk, path)) for chunk in chunks]
    except YamlError as err:
        raise _error([(err.line, f"is no YAML: {err}; mend it")], shown or path) from err
    documents = [(chunk, one) for chunk, one in parsed if one.value is not None]
    if len(documents) > 1:
        problems.found.append((documents[1][0].line, "begins a second document; keep everything in one"))
    for line, key in (pair for _, one in documents for pair in one.duplicates):
        name = key if key.isidentifier() else "a key"
        problems.found.append((line, f"{name} stands there twice; remove one"))
    if documents:
        config = CONFIG.read(documents[0][1].value, Place(Location(path, documents[0][0].line)), problems)
    if problems.found or not isinstance(config, Config):
        raise _error(problems.found, shown or path)
    return replace(config, path=path)


def _error(found: Sequence[tuple[int, str]], shown: str) -> ConfigError:
    if not shown.isprintable():  # a folder's name must not forge a line
        shown = ascii(shown)[1:-1]
    first, *others = sorted(dict.fromkeys(found))
    lines = [first[1], *(f"{Location(shown, line)}: {text}" for line, text in others)]
    return ConfigError("\n".join(lines), Location(shown, first[0]))
