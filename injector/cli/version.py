"""``phase2 version``: which phase2, of which commit, on which Python."""

from __future__ import annotations

import json
import platform
from enum import StrEnum

import click

from injector._version import __version__
from injector.cli.answer import Answer
from injector.cli.options import CONTEXT, Command, flag
from injector.cli.words import OneOf

DISTRIBUTION = "vault-phase2"
_LIBRARIES = ("click", "orjson", "pyyaml")


class VersionFormat(StrEnum):
    """What ``version -o`` takes."""

    TEXT = "text"
    JSON = "json"


@click.command("version", cls=Command, context_settings=CONTEXT)
@flag("-o", "--output", type=OneOf(VersionFormat), default=VersionFormat.TEXT, show_default=True, help="Format.")
def command(*, output: VersionFormat) -> Answer:
    """Print the versions of phase2, Python and the libraries."""
    facts: dict[str, str] = {"version": __version__, "commit": find_commit(), "python": platform.python_version()}
    facts |= {name: _version_of(name) for name in _LIBRARIES}
    match output:
        case VersionFormat.TEXT:
            return Answer(document="".join(f"{name} {value or 'unknown'}\n" for name, value in facts.items()))
        case VersionFormat.JSON:
            return Answer(document=json.dumps(facts, indent=2) + "\n")


def find_commit() -> str:
    """Return the commit that was installed, empty unless pip installed it from a repository.

    Source: PEP 610, https://packaging.python.org/en/latest/specifications/direct-url/
    """
    from importlib import metadata

    try:
        text = metadata.distribution(DISTRIBUTION).read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return ""
    facts = json.loads(text) if text else {}
    return str(facts.get("vcs_info", {}).get("commit_id", ""))


def _version_of(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
