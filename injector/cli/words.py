"""Parameter types: words from a list, one or several, with a guess at what was meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import Generic, TypeVar

import click
from click.shell_completion import CompletionItem

from injector.errors import UsageError
from injector.report.labels import Requirement, parse_selector

E = TypeVar("E", bound=StrEnum)


class OneOf(click.ParamType[E], Generic[E]):
    """One value of an enumeration."""

    name = "word"

    def __init__(self, values: Iterable[E]) -> None:
        self.values = tuple(values)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return all values, as the help shows them."""
        del param, ctx
        return f"[{'|'.join(self.values)}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> E:
        """Return the enumeration's member, or fail with a guess at what was meant."""
        return find_member(self.values, value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the values that begin as what is typed."""
        del ctx, param
        return [CompletionItem(one.value) for one in self.values if one.startswith(incomplete)]


class SomeOf(click.ParamType[tuple[E, ...]], Generic[E]):
    """Several values of an enumeration, separated by commas; in the environment too."""

    name = "words"

    def __init__(self, values: Iterable[E]) -> None:
        self.values = tuple(values)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return all values, as the help shows them."""
        del param, ctx
        return f"[{'|'.join(self.values)},...]"

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Return the variable as one value: `convert` does the splitting."""
        return [rv]

    def convert(
        self, value: str | tuple[E, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[E, ...]:
        """Return the members, or fail at the first that is none."""
        if isinstance(value, tuple):
            return value
        return tuple(find_member(self.values, one, param, ctx) for one in split_commas(value))

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the values that could follow the last comma."""
        del ctx, param
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{before}{comma}{one}") for one in self.values if one.startswith(last)]


class PathName(click.ParamType[str]):
    """A path, not looked at: shells complete it."""

    name = "path"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete files and folders."""
        del ctx, param
        return [CompletionItem(incomplete, type="file")]


class Names(click.ParamType[tuple[str, ...]]):
    """Several free words, separated by commas."""

    name = "names"

    def __init__(self, metavar: str) -> None:
        self.metavar = metavar

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what one of the words is."""
        del param, ctx
        return f"{self.metavar},..."

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Return the variable as one value: `convert` does the splitting."""
        return [rv]

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the words."""
        del param, ctx
        return value if isinstance(value, tuple) else tuple(split_commas(value))


class Selector(click.ParamType[tuple[Requirement, ...]]):
    """A Kubernetes label selector."""

    name = "selector"

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        """Return the variable as one selector: blanks are part of it."""
        return [rv]

    def convert(
        self, value: str | tuple[Requirement, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Requirement, ...]:
        """Return the requirements, or fail with the part that is none."""
        if isinstance(value, tuple):
            return value
        try:
            return parse_selector(value)
        except UsageError as err:
            raise click.BadParameter(str(err), ctx, param) from err


def find_member(values: Sequence[E], word: str, param: click.Parameter | None, ctx: click.Context | None) -> E:
    """Return the member that is spelled like a word, or fail with a guess at what was meant."""
    for one in values:
        if one.value == word:
            return one
    close = get_close_matches(word.casefold(), [one.value for one in values], n=1, cutoff=0.5)
    guess = f"did you mean {close[0]!r}?" if close else f"choose from {', '.join(values)}"
    raise click.BadParameter(f"{word!r} is no such value; {guess}", ctx, param)


def split_commas(text: str) -> list[str]:
    """Return the non-empty parts between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def flatten(groups: Iterable[Sequence[E]]) -> tuple[E, ...]:
    """Return the values of a flag that was given several times, once each."""
    return tuple(dict.fromkeys(one for group in groups for one in group))
