"""The tree of commands. A command's module is imported when it is asked for: ``phase2 --version`` asks for none."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Final

import click

from injector._version import __version__
