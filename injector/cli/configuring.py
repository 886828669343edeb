"""``--config``: which ``phase2.yaml`` holds for a run, and its ``defaults`` as defaults of the other flags.

The flag is eager, as the paths are: when it is read, the paths are known and the other flags are not yet asked for
their defaults. So a flag on the command line wins over its variable, and that over the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from injector.cli.answer import Note
from injector.cli.words import PathName
from injector.errors import ConfigError

if TYPE_CHECKING:
    from injector.config.model import Config
    from injector.model import Report


@dataclass(frozen=True, slots=True)
class Configured:
    """The configuration of a run.

    Attributes:
        outcome: what holds, or why there is nothing. `get` raises that when all flags are known, so that help is
            given and errors look as asked for whatever the file is like.
        notes: which file it is of, and what is strange about that.
        folder: of the file; None when there is none.
    """

    outcome: Config | ConfigError
    notes: tuple[Note, ...] = ()
    folder: Path | None = None

    def get(self) -> Config:
        """Return what holds.

        Raises:
            ConfigError: the file cannot be read, or is wrong.
        """
        if isinstance(self.outcome, ConfigError):
            raise self.outcome
        return self.outcome


def load_configured(name: str, paths: Sequence[str]) -> Configured:
    """Return the configuration that holds for some paths.

    Args:
        name: the file; empty to search from the first path upwards.
        paths: of the command line; ``-`` counts as the current folder.

    Raises:
        ConfigError: the file cannot be read, or is wrong.
    """
    from injector.config.load import FILE_NAME, find_config, find_near_name, load_config
    from injector.config.model import DEFAULT
    from injector.manifests.tree import locate_root

    root = locate_root(paths)
    if name:
        noted = (Note("info", f"configuration: {name}"),)
        return Configured(load_config(name, _below(root, name) or name), noted, Path(name).parent)
    start = paths[0] if paths and paths[0] != "-" else "."
    file = find_config(start)
    if file:
        shown = _below(Path(), file) or os.fspath(file)
        evidence = os.path.relpath(file, root).replace(os.sep, "/")
        return Configured(load_config(shown, evidence), (Note("info", f"configuration: {shown}"),), file.parent)
    near = find_near_name(start)
    if near:
        shown = _below(Path(), near) or os.fspath(near)
        return Configured(DEFAULT, (Note("warning", f"{shown}: is not read; rename it to {FILE_NAME}"),))
    return Configured(DEFAULT, (Note("info", f"configuration: none; there is no {FILE_NAME} from {start} upwards"),))


def _below(folder: Path, file: str | os.PathLike[str]) -> str:
    """Return the file's path from a folder, empty when it is not in there."""
    path = os.path.relpath(file, folder).replace(os.sep, "/")
    return "" if path.startswith("../") else path


def read_config(ctx: click.Context, _param: click.Parameter, value: str | None) -> Configured | None:
    """Load the configuration as the value of ``--config``, and set the defaults of the command's other flags."""
    if ctx.resilient_parsing:  # completion: no file is worth a failure there
        return None
    if value == "":
        raise click.BadParameter("it names no file; name one, or leave the flag out", ctx, _param)
    try:
        configured = load_configured(value or "", ctx.params.get("paths") or ())
    except ConfigError as err:
        return Configured(err)
    flags = configured.get().defaults.get(ctx.command.name or "", {})
    ctx.default_map = {**(ctx.default_map or {}), **{name.replace("-", "_"): one for name, one in flags.items()}}
    return configured


def unused_notes(config: Config, report: Report) -> Iterator[Note]:
    """Yield a line for every override that decides nothing in a whole report: a slip in it would go unseen."""
    if not config.overrides:
        return
    items = (*report.items, *report.orphans)
    evidence = {reason.location for item in items for one in item.credentials for reason in one.reasons}
    for one in config.overrides:
        if one.location not in evidence:
            yield Note("warning", f"{one.location}: this override decides nothing here; correct its globs or remove it")


def paths_argument(metavar: str = "[PATH|-]...") -> Callable[[Any], Any]:
    """Return the argument of every command that reads a tree."""
    return click.argument("paths", nargs=-1, metavar=metavar, type=PathName(), is_eager=True)


def folder_argument() -> Callable[[Any], Any]:
    """Return the argument of commands that edit a tree: `injector.cli.planning.one_folder` refuses more than one in words."""
    return paths_argument("[PATH]")
