"""Writes a document, whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from injector.errors import InputError


def write_stdout(document: str) -> None:
    """Write a document to stdout, as UTF-8 on every machine.

    Raises:
        BrokenPipeError: nobody reads any more.
        InputError: stdout is closed, or cannot take it.
    """
    if sys.stdout is None:
        raise InputError("<stdout>: it is closed; redirect it somewhere or use --output-file")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(_encode(document))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as err:
        raise InputError(f"<stdout>: cannot be written: {os.strerror(err.errno or 0)}") from err


def write_file(document: str, name: str) -> None:
    """Write a document to a file: beside it first, then renamed, so that nobody ever sees half of it.

    A link is followed, a file keeps its permissions, and what is no plain file (``/dev/null``, a pipe) is written
    to, never replaced.

    Raises:
        InputError: the file cannot be written; what was there before is still there.
    """
    path = Path(os.path.realpath(name))
    try:
        mode = path.stat().st_mode if path.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            path.write_bytes(_encode(document))
            return
        _replace(path, _encode(document), mode)
    except OSError as err:
        raise InputError(f"{name}: cannot be written: {os.strerror(err.errno or 0)}; name a file that can be") from err


def _replace(path: Path, data: bytes, mode: int | None) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        # O_EXCL: never through a link that somebody else put there.
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            file.write(data)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _encode(document: str) -> bytes:
    return document.encode("utf-8", "backslashreplace")
