"""Which variables of a template are the login: by where they stand, else by their names and what they are read from.

A user name that stands in the template itself belongs to the old login: it is to be replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from injector.model import Remote, SecretKey
from injector.plan.outline import MARK, Outline, name_of, outline
from injector.rules.naming import Part, judge_name
from injector.templates import Refusal

USER: Final = "phase2_user"
"""The variable that takes the place of a user name which stands in a template."""
_PLACES: Final = (
    # scheme://user:password@host, and Go's user:password@tcp(host)
    re.compile(rf"(?:://|(?<![\w:/]))(?P<user>{MARK}|[\w.~%+-]{{0,128}}):(?P<password>{MARK})(?:{MARK}){{0,9}}@"),
    # libpq's and JDBC's options, and ADO.NET's: user=... password=...
    re.compile(
        rf"(?i)(?<![\w-])(?:user(?: ?(?:name|id))?|uid|login)\s*=\s*[\"']?(?P<user>{MARK}|[\w.~%+-]{{1,128}})[\"']?(?=[\s;&,\"']|\Z)"
        rf"[^\n]{{0,500}}?(?<![\w-])(?:password|pwd|pass)\s*=\s*[\"']?(?P<password>{MARK})"
    ),
    re.compile(
        rf"(?i)(?<![\w-])(?:password|pwd|pass)\s*=\s*[\"']?(?P<password>{MARK})[^\n]{{0,500}}?"
        rf"(?<![\w-])(?:user(?: ?(?:name|id))?|uid|login)\s*=\s*[\"']?(?P<user>{MARK}|[\w.~%+-]{{1,128}})[\"']?(?=[\s;&,\"']|\Z)"
    ),
)
_OWN_USER: Final = re.compile(
    r"(?im)^[ \t]*[\"']?(?:db[_.-]?)?user(?:[_.-]?name)?[\"']?[ \t]*[=:][ \t]*[\"']?[\w.-]+[\"']?[ \t]*,?$"
)
"""A user name on a line of its own, as configuration files have it."""
_UNSPLIT: Final = re.compile(rf"://{MARK}@")
_LOGIN_KINDS: Final = frozenset({"login", "unknown", "configuration", "aws", "gcp", "azure"})
_WITHOUT_USER: Final = frozenset({"redis"})
"""Systems whose connection strings may leave the user name out: then the default user logs in."""


@dataclass(frozen=True, slots=True)
class Login:
    """The login in a template.

    Attributes:
        parts: variable -> what it is.
        template: the text, with `USER` in the place of a user name that stood in it.
    """

    template: str
    parts: Mapping[str, Part] = field(default_factory=dict)


def find_login(key: SecretKey, variables: Mapping[str, Remote], engine: str) -> Login | Refusal:
    """Return the login in a key's template.

    Args:
        key: with a template.
        variables: the template's data.
        engine: what issues the login.
    """
    drawn = outline(key.template)
    found = [match for pattern in _PLACES for match in pattern.finditer(drawn.text)]
    found = list({match.start("password"): match for match in found}.values())
    if found:
        return _by_place(key, drawn, found, variables, engine)
    if _UNSPLIT.search(drawn.text):
        return _refusal(key, "takes user and password from one variable; give it one for each")
    login = _by_name(key, variables, engine)
    if isinstance(login, Login) and Part.USER not in login.parts.values() and _OWN_USER.search(drawn.text):
        return _refusal(key, "has its user name in its text, and each login has another one; take it from a variable")
    return login


def _by_place(
    key: SecretKey, drawn: Outline, found: Sequence[re.Match[str]], variables: Mapping[str, Remote], engine: str
) -> Login | Refusal:
    if len(_sources({name_of(one["password"]) for one in found}, variables)) > 1:
        return _refusal(key, "holds several logins; give each an ExternalSecret key of its own")
    parts: dict[str, Part] = {}
    edits: list[tuple[int, int]] = []
    for match in found:
        user = match["user"]
        parts[name_of(match["password"])] = Part.PASSWORD
        if re.fullmatch(MARK, user):
            parts[name_of(user)] = Part.USER
            continue
        if not user and engine.rpartition("/")[2] not in _WITHOUT_USER:
            return _refusal(key, "leaves the user name out, and each login has one; write it into the template")
        span = drawn.find_span(*match.span("user")) if user else _point(drawn, match.start("user"))
        if span is None:
            return _refusal(key, "has its user name inside an action; write it as text, or take it from a variable")
        edits.append(span)
    if "*" in parts:
        return _refusal(key, "takes its login from the data as a whole; name the variables")
    text = key.template
    for start, end in sorted(edits, reverse=True):
        text = f"{text[:start]}{{{{ .{USER} }}}}{text[end:]}"
    return Login(text, parts | ({USER: Part.USER} if edits else {}))


def _point(drawn: Outline, at: int) -> tuple[int, int] | None:
    place = drawn.find_place(at)
    return None if place is None else (place, place)


def _by_name(key: SecretKey, variables: Mapping[str, Remote], engine: str) -> Login | Refusal:
    parts: dict[str, Part] = {}
    for part in (Part.PASSWORD, Part.USER):
        names = [name for name in key.variables if _part_of(name, variables.get(name)) is part]
        nearest = [name for name in names if _system_of(name) == engine.rpartition("/")[2]] or names
        if len(_sources(nearest, variables)) > 1:
            message = (
                f"has several variables that may be its {part} ({', '.join(nearest)}); give the login a key of its own"
            )
            return _refusal(key, message)
        parts.update(dict.fromkeys(nearest, part))
    if not parts:
        return _refusal(
            key, "names no variable that is a user or a password; say in a SecretMigration of your own what it holds"
        )
    return Login(key.template, parts)


def _part_of(name: str, remote: Remote | None) -> Part | None:
    """Return what a variable is by its own name, else by that of the property it is read from."""
    for word in (name, remote.prop if remote else ""):
        hint = judge_name(word) if word else None
        if hint and hint.part in (Part.USER, Part.PASSWORD) and hint.kind in _LOGIN_KINDS:
            return hint.part
    return None


def _system_of(name: str) -> str:
    return judge_name(name).system


def _sources(names: Iterable[str], variables: Mapping[str, Remote]) -> set[tuple[str, str]]:
    """Return from where variables are read: two names of one value are one login."""
    return {(remote.path, remote.prop) if (remote := variables.get(name)) else ("", name) for name in names}


def _refusal(key: SecretKey, message: str) -> Refusal:
    return Refusal(f"template of {key.name}", message, key.location)
