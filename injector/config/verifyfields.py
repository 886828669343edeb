"""The table of the ``verify`` section of ``phase2.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from injector.config.shape import Field, Json, ListOf, MapOf, Place, Problems, Section, Shape, Text, Word
from injector.config.verify import LEVELS, TREE_ONLY, Allowed, Forbidden, Level, Shared, Verify
from injector.manifests.yamldoc import Map, Value

_GLOB: Final = Text("a glob", r"(?:[^\s\[\]{}]|\[!?[^\s\[\]]+\])+", "`*` is any text, `?` one character", 300)
_REASON: Final = Text("a sentence", r"[^\n]*\S[^\n]*", "say why on one line")
_NAME: Final = Text("a name", r"[a-z0-9]+(?:-[a-z0-9]+)*", "small letters, digits and dashes, as in no-lan-address", 60)
_LEVEL: Final = Word(tuple(Level), Level, {"error": "deny", "warning": "warn", "ignore": "off", "none": "off"})
_RULE: Final = Word(tuple(LEVELS))
_ADMITTED: Final = Word(tuple(one for one in LEVELS if one != TREE_ONLY))


@dataclass(frozen=True, slots=True)
class Regex(Shape):
    """A regular expression of Python's, for one line."""

    longest: int = 500

    def read(self, value: Value, place: Place, problems: Problems) -> str:
        """Return the expression."""
        made = Text("a regular expression", longest=self.longest).read(value, place, problems)
        try:
            re.compile(made)
        except (re.error, RecursionError, OverflowError):
            problems.add(place, "is no regular expression; correct it, or use text for a text as it is")
        else:
            return made
        return ""

    def schema(self) -> Json:
        """Return a string; what Python's expressions are no schema can tell."""
        return Text("", longest=self.longest).schema()

    def describe(self) -> str:
        """Return what it is."""
        return "a regular expression (Python's)"


def _check_allowed(value: Map, place: Place, problems: Problems) -> None:
    if not {"namespace", "name", "path"} & set(value):
        problems.add(place, "allows everything; add namespace, name or path")


def _check_shared(value: Map, place: Place, problems: Problems) -> None:
    if not {"namespace", "name"} & set(value):
        problems.add(place, "matches everything; add namespace or name")


def _check_forbidden(value: Map, place: Place, problems: Problems) -> None:
    if ("text" in value) == ("regex" in value):
        problems.add(place, "needs either text or regex; give one of them")


VERIFY: Final = Section(
    Verify,
    (
        Field("rules", MapOf(_RULE, _LEVEL, "rules to levels"), "What a rule does, where it is not its own level."),
        Field(
            "admission",
            MapOf(_ADMITTED, _LEVEL, "rules to levels"),
            "The same for what the webhook is asked to let in. `inline-secret` is `off` there unless this says otherwise.",
        ),
        Field(
            "allow",
            ListOf(
                Section(
                    Allowed,
                    (
                        Field("namespace", _GLOB, "Glob of the Secret's namespace."),
                        Field("name", _GLOB, "Glob of its name."),
                        Field("key", _GLOB, "Glob of its key. Without it: all keys."),
                        Field("path", _GLOB, "Glob of the manifest's file, relative to this file."),
                        Field("reason", _REASON, "Why.", is_required=True),
                    ),
                    "a mapping",
                    _check_allowed,
                    {"anyOf": [{"required": [one]} for one in ("namespace", "name", "path")]},
                    is_located=True,
                ),
                "Secrets",
            ),
            "Values that may stand in Secrets' manifests.",
        ),
        Field(
            "shared",
            ListOf(
                Section(
                    Shared,
                    (
                        Field("namespace", _GLOB, "Glob of the Secret's namespace."),
                        Field("name", _GLOB, "Glob of the name of the Secret, or of the ExternalSecret."),
                        Field("reason", _REASON, "Why.", is_required=True),
                    ),
                    "a mapping",
                    _check_shared,
                    {"anyOf": [{"required": [one]} for one in ("namespace", "name")]},
                    is_located=True,
                ),
                "ExternalSecrets",
            ),
            "ExternalSecrets that share their Secret with another writer, so that they need not own it.",
        ),
        Field(
            "forbidden",
            ListOf(
                Section(
                    Forbidden,
                    (
                        Field(
                            "name", _NAME, "What it is called in reports, which never show the text.", is_required=True
                        ),
                        Field("text", Text("a text"), "The text as it is."),
                        Field("regex", Regex(), "Or a regular expression, which is held against each line."),
                        Field(
                            "paths",
                            ListOf(_GLOB, "globs"),
                            "Files to look into, relative to this file; `*` crosses slashes. Without it: all.",
                        ),
                        Field("except", ListOf(_GLOB, "globs"), "Files of these to leave out.", attribute="excluded"),
                        Field("level", _LEVEL, "What it does; without it the rule's level."),
                        Field("reason", _REASON, "What to say with it."),
                    ),
                    "a mapping",
                    _check_forbidden,
                    {"oneOf": [{"required": ["text"]}, {"required": ["regex"]}]},
                    is_located=True,
                ),
                "texts",
            ),
            "Texts that may not stand in some files, whatever kind of file it is.",
        ),
    ),
)
