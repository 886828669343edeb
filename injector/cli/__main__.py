"""``python -m injector.cli``."""

from __future__ import annotations

from injector.cli.main import entry

entry()
