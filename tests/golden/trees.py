"""Whole little GitOps repositories and what the program says of them: the cases below ``tests/data/trees``.

A case is a folder with ``repo/``, or with ``stream.yaml`` for a rendered stream, and these files:

- ``expected.tsv``: what a person expects, written before the program was asked, and never rewritten;
- ``expected.json``: the document of ``-o json``, byte for byte;
- ``expected.txt``: that of ``-o wide`` and, below it, what stderr and the exit code say.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

from injector.cli.main import main

TREES: Final = Path(__file__).parents[1] / "data" / "trees"
_STREAM: Final = "stream.yaml"


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of the program came to."""

    code: int
    out: str
    err: str


def case_names() -> list[str]:
    """Return the names of all cases, sorted."""
    return sorted(folder.name for folder in TREES.iterdir() if folder.is_dir())


def classify_case(name: str, *flags: str) -> Ran:
    """Judge a case's tree as its user would, from the folder above it."""
    folder = TREES / name
    stream = folder / _STREAM
    out, err = io.BytesIO(), io.BytesIO()
    env = {key: value for key, value in os.environ.items() if not key.startswith("PHASE2_")}
    with (
        contextlib.chdir(folder),
        patch.dict(os.environ, env, clear=True),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stream.read_bytes() if stream.exists() else b""))),
        contextlib.redirect_stdout(io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)) as stdout,
        contextlib.redirect_stderr(io.TextIOWrapper(err, encoding="utf-8", newline="", write_through=True)) as stderr,
    ):
        code = main(["classify", "-" if stream.exists() else "repo", "--no-progress", *flags])
    # A wrapper that nobody holds any more closes what it wraps.
    stdout.flush()
    stderr.flush()
    return Ran(code, out.getvalue().decode(), err.getvalue().decode())


def answers(name: str, *flags: str) -> dict[str, str]:
    """Return what the program says of a case: file name -> its whole text."""
    wide, document = classify_case(name, "-o", "wide", *flags), classify_case(name, "-o", "json", *flags)
    return {
        "expected.json": document.out,
        "expected.txt": f"{wide.out}\n-- stderr\n{wide.err}-- exit code {wide.code}\n",
    }


def recorded(name: str) -> dict[str, str]:
    """Return what `answers` was when the case was last rewritten."""
    files = (TREES / name / file for file in ("expected.json", "expected.txt"))
    return {file.name: file.read_text(encoding="utf-8") for file in files if file.exists()}


def rewrite(names: list[str]) -> Iterator[Path]:
    """Write down what the program says now, and yield the files that changed."""
    for name in names:
        before = recorded(name)
        for file, text in answers(name).items():
            if before.get(file) != text:
                path = TREES / name / file
                path.write_text(text, encoding="utf-8", newline="")
                yield path
