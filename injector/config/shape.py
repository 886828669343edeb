"""Shapes of values: each reads a value out of a parsed file, and says the same as JSON Schema and in words.

What a file may hold is a table of shapes (`injector.config.fields`); reader, schema and documentation all come from
that one table, so they cannot differ. No shape knows anything of phase2.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from injector.location import Location
from injector.manifests.yamldoc import Map, Seq, Value
from injector.redact import looks_secret

Json = dict[str, object]

_PLAIN: Final = re.compile(r"[\w./*:@-]{1,40}\Z")
"""What may be shown again in a message: a word. Anything longer or stranger may be what nobody should see."""


@dataclass(slots=True)
class Problems:
    """What is wrong in a file, collected while it is read.

    Attributes:
        found: (line, message) in the order of discovery.
    """

    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, place: Place, message: str) -> None:
        """Note what is wrong at a place, and what to do."""
        self.found.append((place.location.line, f"{place.key}: {message}" if place.key else message))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands.

    Attributes:
        location: its line.
        key: its way from the top: ``overrides[0].verdict``; empty for the file as a whole.
    """

    location: Location
    key: str = ""

    def inner(self, key: str, location: Location) -> Place:
        """Return the place of a key below this one."""
        return Place(location, f"{self.key}.{key}" if self.key else key)

    def item(self, index: int, location: Location) -> Place:
        """Return the place of a list's item."""
        return Place(location, f"{self.key}[{index}]")


class Shape(ABC):
    """What a value must be like."""

    @abstractmethod
    def read(self, value: Value, place: Place, problems: Problems) -> Any:
        """Return the value as the model has it; when it is wrong, note why and return anything."""

    @abstractmethod
    def schema(self) -> Json:
        """Return the same as JSON Schema (2020-12)."""

    @abstractmethod
    def describe(self) -> str:
        """Return in a few words what is expected: ``a list of globs``."""


@dataclass(frozen=True, slots=True)
class Text(Shape):
    """A text that is not empty.

    Attributes:
        what: what it is, with its article.
        pattern: the whole text matches it; without ``^`` and ``$``, and with nothing that ECMAScript lacks.
        hint: what to write instead when it does not match.
        longest: most characters.
    """

    what: str
    pattern: str = r"[^\n]+"
    hint: str = "write it on one line"
    longest: int = 500

    def read(self, value: Value, place: Place, problems: Problems) -> str:
        """Return the text."""
        if not isinstance(value, str):
            quote = "; put it in quotes" if isinstance(value, (bool, int, float)) else ""
            problems.add(place, f"must be {self.what}, not {kind_of(value)}{quote}")
        elif len(value) > self.longest:
            problems.add(place, f"is longer than {self.longest} characters; shorten it")
        elif not value:
            problems.add(place, f"is empty; write {self.what} or leave the key out")
        elif not re.fullmatch(self.pattern, value):
            problems.add(place, f"{show(value)}is not {self.what}; {self.hint}")
        else:
            return value
        return ""

    def schema(self) -> Json:
        """Return a string with the pattern."""
        return {"type": "string", "pattern": f"^{self.pattern}$", "minLength": 1, "maxLength": self.longest}

    def describe(self) -> str:
        """Return what it is."""
        return self.what


@dataclass(frozen=True, slots=True)
class Word(Shape):
    """One of a few words.

    Attributes:
        words: all of them.
        make: from the word to what the model has.
        aliases: what people may write instead -> the word they mean; a hint, not accepted.
    """

    words: tuple[str, ...]
    make: Callable[[str], Any] = str
    aliases: Mapping[str, str] = field(default_factory=dict)

    def read(self, value: Value, place: Place, problems: Problems) -> Any:
        """Return what the word stands for."""
        if isinstance(value, str) and value in self.words:
            return self.make(value)
        if not isinstance(value, str):
            problems.add(place, f"must be one of {', '.join(self.words)}, not {kind_of(value)}")
        else:
            meant = self.aliases.get(value.casefold(), "")
            guess = f"did you mean {meant}?" if meant else suggest(value, self.words)
            problems.add(place, f"{show(value)}is no such value; {guess}")
        return None

    def schema(self) -> Json:
        """Return the words."""
        return {"enum": list(self.words)}

    def describe(self) -> str:
        """Return the words."""
        return "one of " + ", ".join(f"`{one}`" for one in self.words)


@dataclass(frozen=True, slots=True)
class Switch(Shape):
    """``true`` or ``false``."""

    def read(self, value: Value, place: Place, problems: Problems) -> bool:
        """Return the truth value."""
        if not isinstance(value, bool):
            problems.add(place, f"must be true or false, not {kind_of(value)}")
        return value is True

    def schema(self) -> Json:
        """Return a boolean."""
        return {"type": "boolean"}

    def describe(self) -> str:
        """Return both words."""
        return "`true` or `false`"


@dataclass(frozen=True, slots=True)
class Number(Shape):
    """A whole number."""

    least: int
    most: int

    def read(self, value: Value, place: Place, problems: Problems) -> int:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int):
            problems.add(place, f"must be a whole number, not {kind_of(value)}")
        elif not self.least <= value <= self.most:
            problems.add(place, f"must be from {self.least} to {self.most}; change it")
        else:
            return value
        return self.least

    def schema(self) -> Json:
        """Return an integer with its limits."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}

    def describe(self) -> str:
        """Return the limits."""
        return f"a whole number from {self.least} to {self.most}"


@dataclass(frozen=True, slots=True)
class ListOf(Shape):
    """A list whose items are all of one shape, none twice; becomes a tuple."""

    item: Shape
    what: str

    def read(self, value: Value, place: Place, problems: Problems) -> tuple[Any, ...]:
        """Return the items."""
        if not isinstance(value, Seq):
            problems.add(place, f"must be a list of {self.what}, not {kind_of(value)}; begin each with a dash")
            return ()
        for index, one in enumerate(value):
            if any(same(one, before) for before in value[:index]):
                problems.add(place.item(index, value.at(index)), "stands there twice; remove one")
        return tuple(
            self.item.read(one, place.item(index, value.at(index)), problems) for index, one in enumerate(value)
        )

    def schema(self) -> Json:
        """Return an array."""
        return {"type": "array", "uniqueItems": True, "items": self.item.schema()}

    def describe(self) -> str:
        """Return what is listed."""
        each = f", each {self.item.describe()}" if isinstance(self.item, Word) else ""
        return f"a list of {self.what}{each}"


@dataclass(frozen=True, slots=True)
class MapOf(Shape):
    """A mapping with keys of the user's choice."""

    key: Text | Word
    value: Shape
    what: str

    def read(self, value: Value, place: Place, problems: Problems) -> dict[str, Any]:
        """Return the mapping, sorted by key."""
        if not isinstance(value, Map):
            problems.add(place, f"must be {self.describe()}, not {kind_of(value)}")
            return {}
        found: dict[str, Any] = {}
        for key, one in value.items():
            inner = place.inner(key if _PLAIN.match(key) else "?", value.at(key))
            self.key.read(key, inner, problems)
            found[key] = self.value.read(one, inner, problems)
        return dict(sorted(found.items()))

    def schema(self) -> Json:
        """Return an object."""
        names = {**self.key.schema()} if isinstance(self.key, Word) else {"pattern": f"^{self.key.pattern}$"}
        return {"type": "object", "propertyNames": names, "additionalProperties": self.value.schema()}

    def describe(self) -> str:
        """Return what is mapped."""
        return f"a mapping of {self.what}"


@dataclass(frozen=True, slots=True)
class Field:
    """A key of a section.

    Attributes:
        key: as it is written.
        shape: what its value must be like.
        about: what it is for, and what holds without it: one or two sentences of Markdown.
        is_required: whether the section cannot do without.
        attribute: its name in the model, when it is not the key in snake_case.
    """

    key: str
    shape: Shape
    about: str
    is_required: bool = False
    attribute: str = ""

    @property
    def name(self) -> str:
        """Return its name in the model."""
        return self.attribute or re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.key).lower()


Check = Callable[[Map, Place, Problems], None]
"""Looks at the keys of one section together."""


@dataclass(frozen=True, slots=True)
class Section(Shape):
    """A mapping with given keys.

    Attributes:
        make: the model's class; it gets the keys that are there.
        fields: the keys.
        what: what it is, with its article.
        check: what no key alone can tell; None when there is nothing.
        together: the same as JSON Schema.
        is_located: whether the model's class has a ``location``.
    """

    make: Callable[..., Any]
    fields: tuple[Field, ...]
    what: str = "a mapping"
    check: Check | None = None
    together: Mapping[str, object] = field(default_factory=dict)
    is_located: bool = False

    def read(self, value: Value, place: Place, problems: Problems) -> Any:
        """Return the model's object; a section without keys is made of defaults."""
        if not isinstance(value, Map):
            problems.add(place, f"must be {self.what} with keys such as {self.fields[0].key}, not {kind_of(value)}")
            return None
        before = len(problems.found)
        known = {one.key: one for one in self.fields}
        for key in value:
            if key not in known:
                where = place.inner(key if _PLAIN.match(key) else "?", value.at(key))
                problems.add(where, f"no such key; {suggest(key, known)}")
        for one in self.fields:
            if one.is_required and one.key not in value:
                problems.add(place, f"{one.key} is missing; add it")
        values = {
            known[key].name: known[key].shape.read(one, place.inner(key, value.at(key)), problems)
            for key, one in value.items()
            if key in known
        }
        if self.check and len(problems.found) == before:
            self.check(value, place, problems)
        if len(problems.found) > before:
            return None
        return self.make(**values, location=place.location) if self.is_located else self.make(**values)

    def schema(self) -> Json:
        """Return a closed object."""
        required = [one.key for one in self.fields if one.is_required]
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {one.key: {"description": one.about, **one.shape.schema()} for one in self.fields},
            **({"required": required} if required else {}),
            **self.together,
        }

    def describe(self) -> str:
        """Return what it is."""
        return self.what


def suggest(word: str, known: Iterable[str]) -> str:
    """Return what a wrong word was probably meant to be, or else all that it may be."""
    names = list(known)
    by_folded = {name.casefold(): name for name in names}
    close = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f"did you mean {by_folded[close[0]]}?" if close else f"choose from {', '.join(names)}"


def show(value: str) -> str:
    """Return a value for the beginning of a message; of one that is no plain word, or may be secret, nothing of it."""
    return f"{value} " if _PLAIN.match(value) and not looks_secret(value) else "what stands there "


def kind_of(value: Value) -> str:
    """Return in words what kind of value it is, never the value."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "a truth value"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case Map():
            return "a mapping"
        case Seq():
            return "a list"


def same(one: Value, other: Value) -> bool:
    """Return whether two values are equal; true is not 1 (JSON Schema says so too)."""
    return type(one) is type(other) and one == other
