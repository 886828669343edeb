"""Variables that a shell sets from files before a container's own command runs, and whatever else of the container needs them.

Kubernetes puts a variable's value into others (``$(NAME)`` in ``env``, ``command`` and ``args``), and commands that it runs in a
container (probes, hooks) get the container's variables. Both end where a shell sets the variable, so the shell does them as well.

Source: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/ and
kubernetes third_party/forked/golang/expansion/expand.go@v1.34.2.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from injector.pod.model import Json
from injector.pod.reading import as_map

SHELL: Final = "/bin/sh"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFERENCE: Final = re.compile(r"\$\$|\$\(([^)]*)\)")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS: Final = ("postStart", "preStop")
_DOLLAR: Final = "phase2_dollar"
_SET_DOLLAR: Final = f"{_DOLLAR}='$'"


def is_settable(name: str) -> bool:
    """Tell whether a shell can set a variable of this name; Kubernetes allows more, such as ``db.password``."""
    return bool(_NAME.fullmatch(name))


def refers_to(text: Json, names: Iterable[str]) -> bool:
    """Tell whether Kubernetes would put the value of one of these variables into a text."""
    if not isinstance(text, str) or "$(" not in text:
        return False
    wanted = set(names)
    return any(one.group(1) in wanted for one in _REFERENCE.finditer(text))


def wrap_command(
    command: Sequence[str], variables: Mapping[str, str], more: Mapping[str, str] | None = None
) -> list[str]:
    """Return a command that sets variables from files, and then becomes the one that was given.

    Args:
        command: the container's own. A word that names one of the variables as ``$(NAME)`` gets its value.
        variables: variable -> file.
        more: variable -> its text, which names one of the others, in an order in which they can be set.

    A marker behind the value keeps a newline at its end, which a shell's substitution would cut.
    """
    names = {*variables, *(more or {})}
    if not any(refers_to(one, names) for one in command):
        return wrap_handler(command, variables, more)
    kept: list[str] = []
    words: list[str] = []
    for one in command:
        if refers_to(one, names):
            words.append(in_shell(one, names))
        else:
            kept.append(one)
            words.append(f'"${{{len(kept)}}}"')
    lines = _set(variables, more or {})
    if any(_is_unsure(one, names) for one in command if refers_to(one, names)) and _SET_DOLLAR not in lines:
        lines.insert(0, _SET_DOLLAR)
    return [SHELL, "-ec", "; ".join([*lines, f"exec {' '.join(words)}"]), "phase2", *kept]


def wrap_handler(
    command: Sequence[str], variables: Mapping[str, str], more: Mapping[str, str] | None = None
) -> list[str]:
    """Return the same for a command of a probe or a hook, in whose words Kubernetes puts no values of Secrets."""
    return [SHELL, "-ec", "; ".join([*_set(variables, more or {}), 'exec "$@"']), "phase2", *command]


def _set(variables: Mapping[str, str], more: Mapping[str, str]) -> list[str]:
    names = {*variables, *more}
    lines = [_SET_DOLLAR] if any(_is_unsure(one, names) for one in more.values()) else []
    lines += [
        f'{name}="$(cat {shlex.quote(path)} && printf x)"; export {name}="${{{name}%x}}"'
        for name, path in sorted(variables.items())
    ]
    return lines + [f"{name}={in_shell(text, names)}; export {name}" for name, text in more.items()]


def in_shell(text: str, names: Collection[str]) -> str:
    """Return a text with Kubernetes' references as one word of a shell.

    Args:
        text: of a variable, or a word of a command.
        names: variables that are set for sure; of others it is not known, and Kubernetes leaves what is not set as it is.

    No ``$(`` of its own stands in the word: Kubernetes would look for a variable in it again.
    """
    made: list[str] = []
    at = 0
    for one in _REFERENCE.finditer(text):
        made.append(_quote(text[at : one.start()]))
        name = one.group(1)
        if name is None:
            made.append(_quote("$"))
        elif name in names:
            made.append(f'"${{{name}}}"')
        elif is_settable(name):
            made.append(f'"${{{name}-${{{_DOLLAR}}}({name})}}"')
        else:
            made.append(_quote(one.group()))
        at = one.end()
    made.append(_quote(text[at:]))
    return "".join(made) or "''"


def _is_unsure(text: str, names: Collection[str]) -> bool:
    found = [one.group(1) for one in _REFERENCE.finditer(text)]
    return any(one is not None and one not in names and is_settable(one) for one in found)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'").replace("$", "$''") + "'" if text else ""


def split_dependent(variables: Sequence[Mapping[str, Json]], names: Iterable[str]) -> tuple[list[Json], dict[str, str]]:
    """Return variables that are as they were, and the texts of those that hold the value of one of `names`, in their order."""
    known = set(names)
    kept: list[Json] = []
    dependent: dict[str, str] = {}
    for one in variables:
        name, value = one.get("name"), one.get("value")
        if isinstance(name, str) and isinstance(value, str) and name not in known and refers_to(value, known):
            dependent[name] = value
            known.add(name)
        else:
            kept.append(dict(one))
    return kept, dependent


def iter_handlers(container: Mapping[str, Json]) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Yield the commands that Kubernetes runs in a container beside its own: where they stand, and their words."""
    hooks = as_map(container.get("lifecycle"))
    places = [
        *(((one,), container.get(one)) for one in _PROBES),
        *((("lifecycle", one), hooks.get(one)) for one in _HOOKS),
    ]
    for path, body in places:
        command = as_map(as_map(body).get("exec")).get("command")
        if isinstance(command, list) and command:
            yield path, [str(one) for one in command]


def mentions(command: Sequence[str], names: Iterable[str]) -> bool:
    """Tell whether the words of a command name one of these variables."""
    wanted = set(names)
    return any(one in wanted for word in command for one in _NAME.findall(word))
