"""What a container finds when it runs, by what Kubernetes and the injector say of themselves; a secret value is a word for it.

Written apart from the engine, for `tests.webhook.judge`: a pod and the pod that it became must look alike from inside.
Sources: kubernetes third_party/forked/golang/expansion and pkg/kubelet/kubelet_pods.go; vault-k8s agent-inject/agent@v1.6.2.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

AGENT = "vault.hashicorp.com/"
RENDERED = "/vault/secrets"
MAIN_VOLUME = "vault-secrets"
Node = dict[str, Any]
Keys = Mapping[str, tuple[str, ...]]
"""Secret -> its keys."""

_FROM_FILE = re.compile(r'([A-Za-z_]\w*)="\$\(cat (.+?) && printf x\)"; export \1="\$\{\1%x\}"; ', re.DOTALL)
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=")
_VALUE = re.compile(r"\$\{(\w+)(-\$\{phase2_dollar\}\(\1\))?\}")


def word(secret: str, key: str) -> str:
    """Stand for a value."""
    return f"<<{secret}/{key}>>"


def nodes(value: Any) -> list[Node]:
    return value or []


def both(pod: Node) -> Iterator[tuple[str, Node]]:
    """Yield (list, container)."""
    for part in ("initContainers", "containers"):
        for one in nodes(pod["spec"].get(part)):
            yield part, one


def expand(text: str, known: Mapping[str, str]) -> str:
    """Put variables into a text as the kubelet does."""

    def put(found: re.Match[str]) -> str:
        if found.group() == "$$":
            return "$"
        return known.get(found.group(1), found.group())

    return re.sub(r"\$\$|\$\(([^()]*)\)", put, text)


def environment(container: Node, data: Keys) -> dict[str, str]:
    """The variables that a container's process starts with."""
    found: dict[str, str] = {}
    for source in nodes(container.get("envFrom")):
        secret = source.get("secretRef", {}).get("name")
        found |= {f"{source.get('prefix', '')}{key}": word(secret, key) for key in data.get(secret, ())}
    for one in nodes(container.get("env")):
        ref = one.get("valueFrom", {}).get("secretKeyRef")
        found[one["name"]] = word(ref["name"], ref["key"]) if ref else expand(one.get("value", ""), found)
    return found


def secret_sources(volume: Node) -> Iterator[tuple[str, Node]]:
    """Yield (Secret, what says which items) of a volume."""
    if volume.get("secret"):
        yield volume["secret"]["secretName"], volume["secret"]
    for one in volume.get("projected", {}).get("sources", ()):
        if "secret" in one:
            yield one["secret"]["name"], one["secret"]


def folders(pod: Node, data: Keys) -> dict[str, dict[str, str]]:
    """Volume -> path in it -> value, of those that hold Secrets."""
    found: dict[str, dict[str, str]] = {}
    for volume in nodes(pod["spec"].get("volumes")):
        for secret, source in secret_sources(volume):
            items = source.get("items") or [{"key": one, "path": one} for one in data.get(secret, ())]
            made = {one["path"]: word(secret, one["key"]) for one in items}
            found.setdefault(volume["name"], {}).update(made)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """What the injector makes of a pod's annotations.

    Attributes:
        files: path -> (template, permissions).
        containers: those that get them, beside all init containers.
    """

    files: dict[str, tuple[str, str]]
    containers: tuple[str, ...]

    @property
    def mounts(self) -> set[str]:
        """Paths at which each of them gets a volume."""
        return {RENDERED, *(path.rpartition("/")[0] for path in self.files if not path.startswith(f"{RENDERED}/"))}


def agent_of(pod: Node) -> Agent:
    """Read the annotations as the injector does."""
    notes: dict[str, str] = pod["metadata"]["annotations"]
    files: dict[str, tuple[str, str]] = {}
    for name in notes:
        if not name.startswith(f"{AGENT}agent-inject-secret-"):
            continue
        suffix = name.removeprefix(f"{AGENT}agent-inject-secret-")
        folder = notes.get(f"{AGENT}secret-volume-path-{suffix}", RENDERED)
        path = f"{folder}/{notes[f'{AGENT}agent-inject-file-{suffix}']}"
        assert path not in files
        template = notes[f"{AGENT}agent-inject-template-{suffix}"]
        files[path] = (template, notes.get(f"{AGENT}agent-inject-perms-{suffix}", ""))
    return Agent(files=files, containers=tuple(notes[f"{AGENT}agent-inject-containers"].split(",")))


def found_files(
    pod: Node, part: str, container: Node, data: Keys, agent: Agent | None, words: Mapping[str, str]
) -> dict[str, str]:
    """Path -> value, of what a container finds in its file system; `words` is of templates."""
    held = folders(pod, data)
    found: dict[str, str] = {}
    rendered = {path: words[template] for path, (template, _) in agent.files.items()} if agent else {}
    held[MAIN_VOLUME] = {path.removeprefix(f"{RENDERED}/"): one for path, one in rendered.items()}
    for mount in nodes(container.get("volumeMounts")):
        inside = held.get(mount["name"], {})
        base, sub = mount["mountPath"].rstrip("/"), mount.get("subPath", "").strip("/")
        if sub in inside:
            found[base] = inside[sub]
        else:
            found |= {f"{base}/{path}": one for path, one in inside.items() if not sub}
    if agent and (part == "initContainers" or container["name"] in agent.containers):
        found |= rendered
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What runs in a container: its words and its variables."""

    words: list[str]
    variables: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """A container from inside.

    Attributes:
        own: its own process, behind the shells that set variables.
        beside: what Kubernetes runs in it: probes and hooks, by name.
        files: path -> value.
    """

    own: Process
    beside: dict[str, Process]
    files: dict[str, str]


def inside(pod: Node, part: str, container: Node, data: Keys, agent: Agent | None, words: Mapping[str, str]) -> Inside:
    """Look at a container from inside."""
    files = found_files(pod, part, container, data, agent, words)
    given = environment(container, data)
    line = [expand(one, given) for one in (*(container.get("command") or ()), *(container.get("args") or ()))]
    handlers = {name: container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")}
    handlers |= container.get("lifecycle") or {}
    beside = {
        name: follow(one["exec"]["command"], given, files) for name, one in handlers.items() if one and "exec" in one
    }
    return Inside(own=follow(line, given, files), beside=beside, files=files)


def follow(line: list[str], given: Mapping[str, str], files: Mapping[str, str]) -> Process:
    """Go through the shells that set variables, one for each Secret, to what they become."""
    variables = dict(given)
    while line[3:4] == ["phase2"]:
        assert line[:2] == ["/bin/sh", "-ec"]
        line = _run(line[2], line[4:], variables, files)
    variables.pop("phase2_dollar", None)
    return Process(words=line, variables=variables)


def _run(script: str, positional: list[str], variables: dict[str, str], files: Mapping[str, str]) -> list[str]:
    """Run a script as far as ours go: assignments, and an exec at its end."""
    while own := _ASSIGNED.match(script):
        name = own.group(1)
        if read := _FROM_FILE.match(script):
            (path,) = shlex.split(read.group(2))
            variables[name], script = files[path], script[read.end() :]
            continue
        (variables[name],), rest = _words(script[own.end() :], positional, variables)
        script = rest.removeprefix("; ").removeprefix(f"export {name}; ")
    assert script.startswith("exec "), script
    words, rest = _words(script.removeprefix("exec "), positional, variables)
    assert rest == "", rest
    return words


def _words(text: str, positional: list[str], variables: Mapping[str, str]) -> tuple[list[str], str]:
    """Read words up to a semicolon; return them and what follows."""
    if text == '"$@"':
        return positional, ""
    known = {**variables, **{str(number): one for number, one in enumerate(positional, 1)}}
    words, at, is_open = [""], 0, False
    while at < len(text) and text[at] != ";":
        if text[at] == " ":
            words.append("")
            at += 1
            continue
        is_open = text[at] == '"'
        assert is_open or text[at] == "'", text[at:]
        end = text.index(text[at], at + 1)
        inner = text[at + 1 : end]
        words[-1] += _VALUE.sub(partial(_value_of, known), inner) if is_open else inner
        at = end + 1
    return words, text[at:]


def _value_of(known: Mapping[str, str], found: re.Match[str]) -> str:
    name, otherwise = found.group(1), found.group(2)
    return known[name] if otherwise is None else known.get(name, f"$({name})")


def references(pod: Node) -> set[tuple[str, str, str]]:
    """(container, Secret, key or * for all) of all that Kubernetes itself gives a container."""
    found: set[tuple[str, str, str]] = set()
    volumes: dict[str, set[tuple[str, str]]] = {}
    for volume in nodes(pod["spec"].get("volumes")):
        for secret, source in secret_sources(volume):
            keys = {one["key"] for one in source.get("items") or ()} or {"*"}
            volumes.setdefault(volume["name"], set()).update((secret, key) for key in keys)
    for _, one in both(pod):
        name = one["name"]
        for mount in nodes(one.get("volumeMounts")):
            found |= {(name, secret, key) for secret, key in volumes.get(mount["name"], ())}
        for source in nodes(one.get("envFrom")):
            if "secretRef" in source:
                found.add((name, source["secretRef"]["name"], "*"))
        for variable in nodes(one.get("env")):
            ref = variable.get("valueFrom", {}).get("secretKeyRef")
            if ref:
                found.add((name, ref["name"], ref["key"]))
    return found
