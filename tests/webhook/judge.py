"""Which Secrets of a drawn pod must move, and what must be true of the pod that it becomes. Knows nothing of the engine.

`must_move` goes by the documents alone, as a person would who has read docs/webhook.md; `check_moved` looks at both pods from
inside (`tests.webhook.kubelet`): every container must find what it found before, from another hand.
"""

from __future__ import annotations

import re
from typing import Any

from tests.webhook.kubelet import (
    AGENT,
    MAIN_VOLUME,
    RENDERED,
    Agent,
    Inside,
    Node,
    Process,
    agent_of,
    both,
    folders,
    inside,
    nodes,
    references,
    word,
)
from tests.webhook.shapes import KEYS, MOVING, OURS, Case, template

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_DELIVERIES = ("file", "env-file", "env-wrapped", "native")
_OCTAL_OTHERS = 0o004
_LONGEST_NAME = 63

NOTHING: Node = {"reads": []}
TOUCHED = {"volumeMounts", "env", "command", "args", "readinessProbe", "lifecycle"}
"""What of a container may change; `_check_inside` says to what."""


def must_move(case: Case) -> list[str]:
    """Say which Secrets must move, sorted; none when the pod must be as it was."""
    if not _is_asked(case) or case.trap in ("by-hand", "status", "forged", "flag", "agent", "init-agent"):
        return []
    asked = _asked(case.pod)
    if asked is None:
        return []
    names, role, ways = asked
    chosen: list[tuple[Node, Node]] = []
    read = {secret for _, secret, key in references(case.pod) | _unmounted(case.pod) if key in ("*", *MOVING[secret])}
    for one in sorted(_held(case), key=lambda one: str(one["metadata"]["name"])):
        spec = one["spec"]
        is_wanted = one["metadata"]["name"] in names if names else spec["secret"] in read
        workload = _workload_of(case.pod, spec, role, ways)
        if is_wanted and spec["stage"] != "prepare" and workload:
            chosen.append((spec, workload))
    if not chosen or _is_refused(case):
        return []
    moved: list[tuple[Node, Node]] = []
    for spec, workload in chosen:
        first = moved[0] if moved else (spec, workload)
        is_one_login = (first[1]["role"], first[0]["auth"]) == (workload["role"], spec["auth"])
        if is_one_login and _can_move(case.pod, spec, workload, _wrapped(case.pod, moved)):
            moved.append((spec, workload))
    return [] if _collides(case, moved) else sorted(one["secret"] for one, _ in moved)


def _held(case: Case) -> tuple[Node, ...]:
    return case.migrations if case.namespace == "shop" else ()


def _is_asked(case: Case) -> bool:
    label = (case.pod["metadata"].get("labels") or {}).get(f"{OURS}/inject")
    is_default = label is None and case.has_default and case.namespace == "shop"
    return case.operation == "CREATE" and (label == "true" or is_default)


def _asked(pod: Node) -> tuple[set[str], str, set[str]] | None:
    """(migrations, role, ways) that the pod asks for; None when one of it is nonsense."""
    notes = pod["metadata"].get("annotations") or {}
    texts = {part: notes.get(f"{OURS}/{part}") for part in ("secrets", "role", "delivery")}
    lists = {part: [one.strip() for one in (texts[part] or "").split(",")] for part in texts}
    if texts["secrets"] is not None and not all(_NAME.fullmatch(one) for one in lists["secrets"]):
        return None
    if texts["delivery"] is not None and not set(lists["delivery"]) <= set(_DELIVERIES):
        return None
    role = texts["role"]
    if role is not None and not re.fullmatch(r"[-A-Za-z0-9_.]+", role):
        return None
    names = set(lists["secrets"]) if texts["secrets"] is not None else set()
    return names, role or "", set(lists["delivery"]) if texts["delivery"] is not None else set()


def _workload_of(pod: Node, spec: Node, role: str, ways: set[str]) -> Node | None:
    """The workload that this pod is of: the one whose containers it has, then the one that its owner tells."""
    account = pod["spec"].get("serviceAccountName") or pod["spec"].get("serviceAccount") or "default"
    there = {one["name"] for _, one in both(pod)} | {"*"}
    met = []
    for one in spec["workloads"]:
        delivered = {read["delivery"] for container in one["containers"] for read in container["reads"]}
        if one["serviceAccount"] == account and role in ("", one["role"]) and (not ways or delivered <= ways):
            met.append(one)
    met.sort(
        key=lambda one: (all(container["name"] not in there for container in one["containers"]), one["name"] != "web")
    )
    return met[0] if met else None


def _is_refused(case: Case) -> bool:
    """Tell whether the injector, or the API server behind it, would not take the pod."""
    if case.namespace in ("kube-system", "kube-public") or case.trap in ("volume", "path"):
        return True
    return not case.audience and case.trap in ("no-token", "admitted-no-token")


def _unmounted(pod: Node) -> set[tuple[str, str, str]]:
    """A volume that no container mounts is a wish for the Secret, too."""
    held = folders(pod, KEYS)
    return {("", *found[2:-2].split("/", 1)) for inner in held.values() for found in inner.values()}  # type: ignore[misc]


def reads_of(workload: Node, part: str, container: Node, readers: set[str]) -> Node | None:
    """What a migration says of a container."""
    is_init = part == "initContainers" and container.get("restartPolicy") != "Always"
    said = {(one["name"], one.get("init", False)): one for one in reversed(workload["containers"])}
    own = said.get((container["name"], is_init))
    if own or is_init or (readers and container["name"] not in readers):
        return own
    return said.get(("*", False))


def readers(pod: Node, spec: Node) -> set[str]:
    """Containers that read what moves."""
    moving = {"*", *MOVING[spec["secret"]]}
    return {name for name, secret, key in references(pod) if secret == spec["secret"] and key in moving}


def _wrapped(pod: Node, moved: list[tuple[Node, Node]]) -> set[str]:
    """Containers whose command one of the migrations wraps, so that another one knows it, too."""
    return {
        one["name"]
        for spec, workload in moved
        for part, one in both(pod)
        for _, _, way in expand_variables(reads_of(workload, part, one, readers(pod, spec)) or NOTHING, spec["secret"])
        if way == "env-wrapped"
    }


def _can_move(pod: Node, spec: Node, workload: Node, wrapped: set[str]) -> bool:
    own = readers(pod, spec)
    said = [(one, reads_of(workload, part, one, own)) for part, one in both(pod)]
    spoken = [(one, reads) for one, reads in said if reads]
    return bool(spoken) and all(
        _can_take(pod, one, spec["secret"], reads, is_known=one["name"] in wrapped) for one, reads in spoken
    )


def _can_take(pod: Node, container: Node, secret: str, said: Node, *, is_known: bool) -> bool:
    """Tell whether a container can let go of the Secret, as far as the migration speaks of it."""
    moving = MOVING[secret]
    for mount in nodes(container.get("volumeMounts")):
        if not mount["name"].startswith(f"{secret}-"):
            continue
        form = mount["name"].removeprefix(f"{secret}-")
        held = {one[2:-2].split("/", 1)[1] for one in folders(pod, MOVING)[mount["name"]].values()}
        if form in ("joined", "by-expression") or not held <= set(moving):
            return False
    variables = expand_variables(said, secret)
    wrapped = {env for env, _, way in variables if way == "env-wrapped"}
    in_files = {env for env, _, way in variables if way == "env-file"}
    spoken_of = {(env, key) for env, key, _ in variables}
    for one in nodes(container.get("env")):
        ref = one.get("valueFrom", {}).get("secretKeyRef", {})
        is_moving = ref.get("name") == secret and ref.get("key") in moving
        if is_moving and (one["name"], ref["key"]) not in spoken_of:
            return False
        if not is_moving and (one["name"] in wrapped or (one["name"] in in_files and one.get("value") != "")):
            return False  # somebody has set it otherwise
    for source in nodes(container.get("envFrom")):
        if source.get("secretRef", {}).get("name") == secret:
            loaded = {f"{source.get('prefix', '')}{key}" for key in moving}
            if not loaded <= wrapped | in_files:
                return False  # half of a login would be the old one
    if wrapped and not (container.get("command") or said.get("command") or is_known):
        return False
    return all(re.fullmatch(r"[A-Za-z_]\w*", env) for env in wrapped) and not _speaks_of(container, in_files)


def expand_variables(said: Node, secret: str) -> list[tuple[str, str, str]]:
    """(variable, key, way) of each variable of which a migration speaks."""
    found = []
    for read in said["reads"]:
        if read["delivery"] != "file":
            keys = MOVING[secret] if read["key"] == "*" else (read["key"],)
            found += [(read["env"] + key if read["key"] == "*" else read["env"], key, read["delivery"]) for key in keys]
    return found


def _speaks_of(container: Node, in_files: set[str]) -> bool:
    """Tell whether something that starts before any file is there needs a variable that its app reads from one."""
    line: list[str] = [*(container.get("command") or ()), *(container.get("args") or ())]
    values = [str(one.get("value", "")) for one in nodes(container.get("env"))]
    return any(
        f"$({env})" in text.replace("$$", "") or (text in line and re.search(rf"\$\{{?{re.escape(env)}\b", text))
        for env in in_files
        for text in line + values
    )


def _collides(case: Case, moved: list[tuple[Node, Node]]) -> bool:
    """Tell whether the injector's mounts and ours would meet at one path, or its settings the pod's own."""
    told = {"host-pid", "unshared"}
    if case.trap in told and any(_is_told(workload) for _, workload in moved) and not _runs_once(moved):
        return True
    rendered: dict[str, tuple[str, str]] = {}
    gets: set[str] = set()
    for spec, workload in moved:
        for part, one in both(case.pod):
            said = reads_of(workload, part, one, readers(case.pod, spec))
            files = rendered_for(case.pod, one, spec["secret"], said) if said else {}
            gets |= {one["name"]} if files and part == "containers" else set()
            for path, key in files.items():
                if rendered.setdefault(path, (spec["secret"], key)) != (spec["secret"], key) or path.count("/") == 1:
                    return True
    covered = {path.rpartition("/")[0] for path in rendered if not path.startswith(f"{RENDERED}/")}
    gone = {spec["secret"] for spec, _ in moved}
    for part, one in both(case.pod):
        left = [mount for mount in nodes(one.get("volumeMounts")) if not _is_taken(one, mount, case, moved, gone, part)]
        if (part == "initContainers" or one["name"] in gets) and {m["mountPath"].rstrip("/") for m in left} & covered:
            return True
    return False


def _is_taken(
    container: Node, mount: Node, case: Case, moved: list[tuple[Node, Node]], gone: set[str], part: str
) -> bool:
    secret = mount["name"].partition("-")[0]
    spoken = any(
        spec["secret"] == secret and reads_of(workload, part, container, readers(case.pod, spec))
        for spec, workload in moved
    )
    return secret in gone and spoken


def _is_told(workload: Node) -> bool:
    return bool(workload.get("rotation", {}).get("signal"))


def _runs_once(moved: list[tuple[Node, Node]]) -> bool:
    return any(workload.get("mode", "sidecar") != "sidecar" for _, workload in moved)


def rendered_for(pod: Node, container: Node, secret: str, said: Node) -> dict[str, str]:
    """Path -> key, of the files that a container needs."""
    found: dict[str, str] = {}
    for mount in nodes(container.get("volumeMounts")):
        inner = folders(pod, MOVING).get(mount["name"], {}) if mount["name"].startswith(f"{secret}-") else {}
        base, sub = mount["mountPath"].rstrip("/"), mount.get("subPath", "")
        for path, held in inner.items():
            key = held[2:-2].split("/", 1)[1]
            if not sub:
                found[f"{base}/{path}"] = key
            elif path == sub:
                found[f"{RENDERED}/{secret}/{key}"] = key
    is_told = bool(found)
    for read in said["reads"]:
        keys = MOVING[secret] if read["key"] == "*" else (read["key"],)
        for key in keys:
            base = read.get("path", "").rstrip("/")
            path = f"{base}/{key}" if read["key"] == "*" else base
            if read["delivery"] != "file":
                found[path or f"{RENDERED}/{secret}/{key}"] = key
            elif is_told:
                continue  # the pod's own mounts say where its app looks
            elif read.get("single"):
                found[f"{RENDERED}/{secret}/{key}"] = key
            elif not any(one.startswith(f"{base}/") for one in found):
                found.setdefault(path, key)
    return found


def check_moved(case: Case, after: Node, moved: list[str], answer: Node) -> None:
    """Show that a pod became what it must become."""
    before, agent = case.pod, agent_of(after)
    words = {template(secret, key): word(secret, key) for secret in moved for key in MOVING[secret]}
    data = {secret: MOVING[secret] if secret in moved else keys for secret, keys in KEYS.items()}
    specs = {one["spec"]["secret"]: one["spec"] for one in _held(case)}
    asked = _asked(before)
    assert asked is not None
    chosen = {secret: _workload_of(before, specs[secret], *asked[1:]) for secret in moved}
    assert {template for template, _ in agent.files.values()} <= set(words)
    for (part, was), (other, now) in zip(both(before), both(after), strict=True):
        assert (part, was["name"]) == (other, now["name"])
        said = {
            secret: reads_of(workload, part, was, readers(before, specs[secret]))
            for secret, workload in chosen.items()
            if workload
        }
        spoken = {secret: one for secret, one in said.items() if one}
        touched = TOUCHED if spoken else set()
        assert {k: v for k, v in was.items() if k not in touched} == {k: v for k, v in now.items() if k not in touched}
        assert not set(now) - set(was) - touched
        image: list[str] = next((one["command"] for one in spoken.values() if "command" in one), [])
        _check_inside(
            inside(before, part, was, data, None, {}),
            inside(after, part, now, data, agent, words),
            [variable for secret, one in spoken.items() for variable in expand_variables(one, secret)],
            image,
        )
        _check_mounts(part, now, agent)
    _check_permissions(case, agent, answer)
    _check_pod(case, after, moved, answer)
    first = chosen[moved[0]]
    assert first is not None
    assert after["metadata"]["annotations"][f"{AGENT}role"] == first["role"]


def _check_inside(was: Inside, now: Inside, said: list[tuple[str, str, str]], image: list[str]) -> None:
    """A container finds what it found, and no more than its migrations say."""
    in_files = {env: key for env, key, way in said if way == "env-file"}
    wrapped = {env for env, _, way in said if way == "env-wrapped"}
    files = {f"{one}_FILE" for one in in_files}
    _check_variables(was.own, now.own, now.files, set(in_files))
    more = set(now.own.variables) - set(was.own.variables)
    assert more <= wrapped | set(in_files) | files
    for name in wrapped:
        assert now.own.variables[name].startswith("<<")
    assert now.own.words in (was.own.words, [*image, *was.own.words])
    assert set(was.beside) == set(now.beside)
    for name, one in was.beside.items():
        assert one.words == now.beside[name].words
        for env, value in one.variables.items():
            is_named = any(re.search(rf"\b{re.escape(env)}\b", text) for text in one.words)
            assert now.beside[name].variables.get(env) == value or (env in in_files and not is_named), env
    for path, value in was.files.items():
        assert now.files[path.replace("//", "/")] == value, path


def _check_variables(was: Process, now: Process, files: dict[str, str], in_files: set[str]) -> None:
    for name, value in was.variables.items():
        if now.variables.get(name) == value:
            continue
        assert name in in_files, name
        assert not now.variables.get(name)
        assert files[now.variables[f"{name}_FILE"]] == value


def _check_mounts(part: str, container: Node, agent: Agent) -> None:
    """The injector's mounts and the container's own are at different paths."""
    own = [mount["mountPath"].rstrip("/") for mount in nodes(container.get("volumeMounts"))]
    gets = part == "initContainers" or container["name"] in agent.containers
    paths = [*own, *(agent.mounts if gets else ())]
    assert len(paths) == len(set(paths)), paths
    assert all(agent.mounts)


def _check_permissions(case: Case, agent: Agent, answer: Node) -> None:
    wide = any("readable for every user" in one for one in answer.get("warnings", ()))
    wanted: dict[str, set[str]] = {}
    for volume in nodes(case.pod["spec"].get("volumes")):
        source = volume.get("secret") or volume.get("projected") or {}
        for mount in [
            m for _, one in both(case.pod) for m in nodes(one.get("volumeMounts")) if m["name"] == volume["name"]
        ]:
            for item in source.get("items") or [{"path": key} for keys in MOVING.values() for key in keys]:
                mode = item.get("mode", source.get("defaultMode", 0o644))
                text = "" if mode == 0o644 else f"{mode:04o}"
                wanted.setdefault(f"{mount['mountPath'].rstrip('/')}/{item['path']}", set()).add(text)
    for path, (_, mode) in agent.files.items():
        if not path.startswith(RENDERED):
            assert mode in wanted.get(path, {""}) or (wide and mode == ""), path
        assert not (wide and mode and not int(mode, 8) & _OCTAL_OTHERS)


def _check_pod(case: Case, after: Node, moved: list[str], answer: Node) -> None:
    before, own = case.pod, ("containers", "initContainers", "volumes")
    assert {k: v for k, v in after["spec"].items() if k not in own} == {
        k: v for k, v in before["spec"].items() if k not in own
    }
    mounted = {mount["name"] for _, one in both(after) for mount in nodes(one.get("volumeMounts"))}
    old = {one["name"]: one for one in nodes(before["spec"].get("volumes"))}
    new = {one["name"]: one for one in nodes(after["spec"].get("volumes"))}
    added = {"phase2-vault-token"} if case.audience else set()
    assert mounted - {MAIN_VOLUME} <= set(new)
    assert set(new) - set(old) == added
    assert all(new[name] == one for name, one in old.items() if name in new)
    assert all(name.partition("-")[0] in moved and name not in mounted for name in old if name not in new)
    left = {secret for _, secret, _ in references(after)} | {secret for _, secret, _ in _unmounted(after)}
    released = [one for one in moved if one not in left]
    metadata, old_metadata = after["metadata"], before["metadata"]
    labels, notes = metadata["labels"], metadata["annotations"]
    assert labels[f"{OURS}/inject"] == "true"
    assert labels.get(f"{OURS}/eso") == ("skip" if released else None)
    assert notes.get(f"{OURS}/released-secrets", "") == ",".join(released)
    assert answer["auditAnnotations"].get("released-secrets", "") == ",".join(released)
    assert notes[f"{OURS}/migration-revision"] == answer["auditAnnotations"]["migration-revision"]
    for part, found in (("labels", labels), ("annotations", notes)):
        assert (old_metadata.get(part) or {}).items() <= found.items()
        assert all(
            name.partition("/")[0] in (OURS, AGENT[:-1]) for name in set(found) - set(old_metadata.get(part) or {})
        )
        assert all(
            len(name.partition("/")[2]) <= _LONGEST_NAME for name in set(found) - set(old_metadata.get(part) or {})
        )
    rest = {k: v for k, v in metadata.items() if k not in ("labels", "annotations")}
    assert rest == {k: v for k, v in old_metadata.items() if k not in ("labels", "annotations")}
    if case.audience:
        assert notes[f"{AGENT}agent-service-account-token-volume-name"] == "phase2-vault-token"
        token: dict[str, Any] = new["phase2-vault-token"]["projected"]["sources"][0]["serviceAccountToken"]
        assert token["audience"] == case.audience
