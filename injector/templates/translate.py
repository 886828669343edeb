"""The door: an ESO template in, Vault Agent's text out, or the reason why not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from injector.location import Location
from injector.templates.gotemplate import DEFAULT_DELIMITERS
from injector.templates.lexer import TemplateSyntaxError
from injector.templates.pieces import Engine, Field, Whole
from injector.templates.refusal import Refusal, RefusedError
from injector.templates.strings import quote
from injector.templates.writer import OWN_PREFIX, Translation, Writer

__all__ = [
    "DEFAULT_DELIMITERS",
    "Engine",
    "Field",
    "Refusal",
    "Translation",
    "Variable",
    "Whole",
    "translate",
    "translate_env_file",
    "translate_value",
]

_BODY: Final = f"{OWN_PREFIX}body"
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SHELL_QUOTE: Final = r"""replaceAll "'" "'\\''" """.strip()
"""Ends the quoted string, adds a quote, begins again: the only escape that every shell knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A line of an env file.

    Attributes:
        name: of the environment variable.
        template: the ESO template, None for the bare value of the only one of `variables`.
        variables: the template's data.
        whole: its ``dataFrom`` entries.
        location: of the template's first line, else of the key.
    """

    name: str
    template: str | None
    variables: Mapping[str, Field]
    whole: Sequence[Whole] = ()
    location: Location = field(default=Location("", 0))


def translate(
    text: str,
    variables: Mapping[str, Field],
    *,
    location: Location,
    whole: Sequence[Whole] = (),
    delimiters: tuple[str, str] = DEFAULT_DELIMITERS,
) -> Translation | Refusal:
    """Return Vault Agent's template for one of ESO's.

    Args:
        text: the ESO template (engine v2) of one Secret key.
        variables: the template's data: ``data[].secretKey`` -> where it is read.
        location: of the template's first line; refusals count their line from it.
        whole: ``dataFrom`` entries, in order; `variables` win over them.
        delimiters: of ESO's templates (the operator's ``--template-left-delimiter`` and ``-right-delimiter``).
    """
    writer = Writer(delimiters)
    try:
        body, data = writer.add_body(text, variables, whole)
        if data:
            body = writer.action(f'block "{_BODY}" {data}') + body + writer.action("end")
        return writer.finish(body)
    except (RefusedError, TemplateSyntaxError) as err:
        return _refuse(err, text, location)


def translate_value(
    source: Field, *, location: Location, delimiters: tuple[str, str] = DEFAULT_DELIMITERS
) -> Translation | Refusal:
    """Return Vault Agent's template for a Secret key without template: the bare value."""
    writer = Writer(delimiters)
    try:
        return writer.finish(writer.action(writer.secrets.pipeline_of(source)))
    except RefusedError as err:
        return _refuse(err, "", location)


def translate_env_file(
    entries: Sequence[Variable], *, delimiters: tuple[str, str] = DEFAULT_DELIMITERS
) -> Translation | Refusal:
    """Return the template of a file that a shell sources: ``export NAME='value'`` a line.

    Values may hold quotes and newlines; nothing in them is expanded.
    """
    writer = Writer(delimiters)
    lines: list[str] = []
    for entry in entries:
        try:
            lines.append(_env_line(writer, entry))
        except (RefusedError, TemplateSyntaxError) as err:
            return _refuse(err, entry.template or "", entry.location)
    return writer.finish("".join(lines))


def _env_line(writer: Writer, entry: Variable) -> str:
    if not _ENV_NAME.match(entry.name):
        raise RefusedError(f"variable {entry.name!a}", "no shell takes this name; rename the key")
    if entry.template is None:
        (source,) = entry.variables.values()
        value = writer.secrets.pipeline_of(source)
    else:
        body, data = writer.add_body(entry.template, entry.variables, entry.whole)
        name = quote(f"{OWN_PREFIX}env-{entry.name}")
        writer.define(name, body)
        value = f"executeTemplate {name} {data}".rstrip()
    return f"export {entry.name}='{writer.action(f'{value} | {_SHELL_QUOTE}')}'\n"


def _refuse(err: RefusedError | TemplateSyntaxError, text: str, location: Location) -> Refusal:
    line = location.line + text.count("\n", 0, err.offset)
    where = Location(location.path, line)
    if isinstance(err, TemplateSyntaxError):
        return Refusal("template syntax", f"{err.message}; Go does not read it either", where)
    return Refusal(err.construct, err.message, err.location or where)
