"""Everything that goes to stderr: errors, warnings, the summary, and one line of progress.

stdout carries only the document. stderr may be closed or gone, which is no reason to fail.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from injector.cli.answer import Note
from injector.report.plaintext import printable

LEVELS: Final = {"error": -1, "help": -1, "warning": 0, "summary": 0, "info": 1, "debug": 2}
"""From which verbosity on a line is shown; ``-q`` is -1."""

_REDRAW_S: Final = 0.1
"""How often the line of progress is drawn: more often costs more than it tells."""
_CLEAR: Final = "\r\x1b[K"
_LONGEST: Final = 78


@dataclass(slots=True)
class Console:
    """Writes to stderr as the flags ask for.

    Attributes:
        verbosity: -1 quiet, 0, 1 or 2.
        is_json: one JSON object per line instead of text.
        has_progress: whether progress is shown at all.
    """

    verbosity: int = 0
    is_json: bool = False
    has_progress: bool = False
    _drawn_at_s: float = field(default=0.0, init=False)
    _is_drawn: bool = field(default=False, init=False)

    def write(self, note: Note) -> None:
        """Write a line, if its level is to be shown."""
        if LEVELS[note.level] > self.verbosity:
            return
        self.clear()
        if self.is_json:
            self._put(json.dumps({"level": note.level, "message": note.message}, ensure_ascii=True) + "\n")
        elif note.level in ("error", "warning"):
            self._put(f"phase2: {note.level}: {printable(note.message)}\n")
        else:  # the help has several lines
            self._put("".join(f"{printable(line)}\n" for line in note.message.split("\n")))

    def error(self, message: str) -> None:
        """Write why there is no answer, or no full one."""
        self.write(Note("error", message))

    def progress(self, what: str, done: int, total: int) -> None:
        """Draw how far the work is, over the line drawn before."""
        now_s = time.monotonic()
        if not self.has_progress or now_s - self._drawn_at_s < _REDRAW_S:
            return
        self._drawn_at_s = now_s
        self._is_drawn = True
        self._put(f"{_CLEAR}{f'{what} {done}/{total}'[:_LONGEST]}")

    def clear(self) -> None:
        """Take the line of progress away."""
        if self._is_drawn:
            self._is_drawn = False
            self._put(_CLEAR)

    def _put(self, text: str) -> None:
        # sys.stderr is None when the shell closed it (2>&-).
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))
                sys.stderr.flush()


def is_terminal(stream: object) -> bool:
    """Return whether a stream is a terminal; a closed one is none."""
    with contextlib.suppress(ValueError):
        isatty = getattr(stream, "isatty", None)
        return bool(isatty and isatty())
    return False


def wants_color(choice: str, environment: Mapping[str, str], *, is_tty: bool) -> bool:
    """Decide about colour.

    Args:
        choice: ``auto``, ``always`` or ``never``.
        environment: of the process; with ``auto``, ``NO_COLOR`` wins over ``FORCE_COLOR``, and both count only when
            they are not empty. Source: https://no-color.org, https://force-color.org
        is_tty: whether the document goes to a terminal.
    """
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return is_tty and environment.get("TERM") != "dumb"


def terminal_width() -> int | None:
    """Return the columns of stdout when it is a terminal, else None."""
    if not is_terminal(sys.stdout):
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return int(columns)
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    return None
