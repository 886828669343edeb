"""Consumers in any object, found by structure: the parts of pod specs in it, and the fields that name a Secret.

One walk per document. It knows no kind; what is peculiar to a kind comes in as a `KindRules`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from injector.inventory.consumers_names import Role, is_value, normal, role_of
from injector.inventory.consumers_reader import (
    MAX_DEPTH,
    Named,
    Reader,
    Use,
    is_plausible_name,
    labels_of,
)
from injector.inventory.podspec import (
    Volume,
    Volumes,
    read_container,
    read_driver_secrets,
    read_pull_secrets,
    read_unmounted,
    read_volumes,
)
from injector.manifests.document import text
from injector.manifests.yamldoc import Map, Seq, Value
from injector.model import Consumer, How

_CONTAINER_MARKS: Final = ("env", "envFrom", "volumeMounts")
_POD_KEYS: Final = frozenset({"env", "envFrom", "volumeMounts", "volumes"})
_KEY_NAMES: Final = ("key", "secretKey", "passwordKey", "certificate", "property")
_PATH_MARK: Final = "."

HowOf = Callable[[tuple[str, ...]], How]


def _custom_resource(_path: tuple[str, ...]) -> How:
    return How.CUSTOM_RESOURCE


@dataclass(frozen=True, slots=True)
class KindRules:
    """What is peculiar to a kind.

    Attributes:
        how: way of a reference, by the path of the field that names the Secret.
        skip: names (`normal`) of fields that are written, or read elsewhere.
        names: names (`normal`) of fields that name a Secret although they do not sound like it.
        mounts: fields with a list of names that the operator mounts -> the folder it mounts them in.
        is_selector_free: every ``{name, key}`` is a reference, whatever its field is called.
    """

    how: HowOf = _custom_resource
    skip: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    mounts: tuple[tuple[str, str], ...] = ()
    is_selector_free: bool = False


@dataclass(slots=True)
class FieldWalk:
    """One walk over one object."""

    reader: Reader
    rules: KindRules
    found: list[Consumer] = field(default_factory=list)

    def read(self, node: Map, key: str, value: Value) -> None:
        """Read one field of an object and everything below it."""
        self._field(node, key, value, ((), {}, 0))

    def walk(self, node: Value, path: tuple[str, ...], volumes: Volumes, depth: int = 0) -> None:
        """Read `node` and everything below it.

        Args:
            node: any value.
            path: keys that lead to it, without list positions.
            volumes: volumes of the pod specs around it.
            depth: how deep it lies; `MAX_DEPTH` ends the walk.
        """
        if depth > MAX_DEPTH:
            return
        if isinstance(node, Map):
            self._walk_map(node, path, volumes, depth)
        elif isinstance(node, Seq):
            for item in node:
                if isinstance(item, (Map, Seq)):
                    self.walk(item, path, volumes, depth + 1)

    def _walk_map(self, node: Map, path: tuple[str, ...], volumes: Volumes, depth: int) -> None:
        if ("kind" in node or self.rules.is_selector_free) and self._is_reference(node, path):
            return
        is_container = False
        declared: dict[str, Volume] = {}
        if not _POD_KEYS.isdisjoint(node):
            if isinstance(node.get("volumes"), Seq):
                declared = read_volumes(node["volumes"], self.reader)
                self.found += read_driver_secrets(node["volumes"], self.reader)
                volumes = {**volumes, **declared}
            is_container = any(isinstance(node.get(key), Seq) for key in _CONTAINER_MARKS)
        if is_container:
            is_init = bool(path) and "init" in path[-1].lower()
            name = path[-1] if path else ""
            self.found += read_container(node, volumes, self.reader, is_init=is_init, name=name)
        outer = self.reader
        if path and "spec" in node and isinstance(node.get("metadata"), Map):
            self.reader = _with_pod_labels(outer, node)
        if isinstance(node.get("containers"), Seq):
            self.reader = replace(self.reader, pod_spec=node)
        names = self.rules.names
        at = (path, volumes, depth)
        for key, value in node.items():
            # Most of a document is scalars that name nothing: they are left here.
            if isinstance(value, str):
                if role_of(key) not in _TEXT_ROLES and not (names and normal(key) in names):
                    continue
            elif not isinstance(value, (Map, Seq)) or (
                key in _POD_KEYS and isinstance(value, Seq) and (is_container or key == "volumes")
            ):
                continue
            self._field(node, key, value, at)
        self.reader = outer
        if declared:
            self.found += read_unmounted(declared, self.reader)

    def _field(self, node: Map, key: str, value: Value, at: tuple[tuple[str, ...], Volumes, int]) -> None:
        path, volumes, depth = at
        role = role_of(key)
        if role is Role.SKIP:
            return
        rules = self.rules
        if rules.skip and normal(key) in rules.skip:
            return
        if rules.names and normal(key) in rules.names:
            role = Role.NAME
        here = (*path, key)
        if role is not Role.OTHER and self._reads(node, key, value, role, here):
            return
        if isinstance(value, (Map, Seq)):
            self.walk(value, here, volumes, depth + 1)

    def _reads(self, node: Map, key: str, value: Value, role: Role, path: tuple[str, ...]) -> bool:
        """Take the reference that a field is; False when it is none and has to be walked."""
        if role is Role.PULL:
            taken = read_pull_secrets(value, self.reader)
            if isinstance(value, str) and self.reader.name_of(value):
                taken = [self.reader.consumer(Use(Named(value, node.at(key)), How.IMAGE_PULL))]
            self.found += taken
            return bool(taken)
        if isinstance(value, str):
            return self._take_text(node, key, role, path)
        if isinstance(value, Map):
            return self._take_map(value, role, path)
        if isinstance(value, Seq) and role in (Role.LIST, Role.NAME):
            return self._take_list(value, normal(key), path)
        return False

    def _take_text(self, node: Map, key: str, role: Role, path: tuple[str, ...]) -> bool:
        if role not in (Role.NAME, Role.AMBIGUOUS):
            return False
        secret = self.reader.name_of(node[key])
        if not is_plausible_name(secret) or (role is Role.AMBIGUOUS and is_value(key)):
            return False
        named = Named(
            secret,
            node.at(key),
            key=self._key_beside(node, key),
            is_optional=node.get("optional") is True,
            namespace=self.reader.name_of(node.get("namespace", node.get(f"{key}Namespace"))),
        )
        self._take(named, path)
        return True

    def _key_beside(self, node: Map, key: str) -> str:
        if "accessKey" in node:
            return ""  # {secretName, accessKey, secretKey}: both are names of keys
        own = self.reader.key_of(node.get(f"{key.removesuffix('Name')}Key"))
        if own or normal(key) not in ("secretname", "secret", "secretref"):
            return own
        found = (self.reader.key_of(node.get(name)) for name in _KEY_NAMES)
        return next((one for one in found if one), "")

    def _take_map(self, value: Map, role: Role, path: tuple[str, ...]) -> bool:
        named = self._reference(value)
        if named is None or (role is Role.SELECTOR and not (named.key and _is_flat(value))):
            return False
        if not named.key and normal(path[-1]) == "passwordsecret":
            # strimzi: passwordSecret: {secretName, password: <the key>}
            named = replace(named, key=self.reader.key_of(value.get("password")))
        self._take(named, path)
        return True

    def _reference(self, value: Map) -> Named | None:
        kind = value.get("kind")
        if isinstance(kind, str) and kind != "Secret":
            return None
        if isinstance(value.get("type"), str) and value["type"] == "ConfigMap":
            return None
        for name_key in ("name", "secretName"):
            if isinstance(value.get(name_key), str):
                named = self.reader.named(value, name_key=name_key)
                if named is None or not is_plausible_name(named.secret):
                    return None
                return named if named.key else replace(named, key=self._key_beside(value, "secretName"))
        return None

    def _take_list(self, value: Seq, name: str, path: tuple[str, ...]) -> bool:
        mount = dict(self.rules.mounts).get(name)
        taken = False
        for index, item in enumerate(value):
            named: Named | None = None
            if isinstance(item, Map) and not any(role_of(key) in _NAMING for key in item):
                named = self._reference(item)
            elif isinstance(item, str) and is_plausible_name(self.reader.name_of(item)):
                named = Named(self.reader.name_of(item), value.at(index))
            if named is None:
                continue
            taken = True
            if mount is not None:
                use = Use(named, How.VOLUME, path=f"{mount}/{named.secret}")
                self.found += self.reader.consumers([use], None)
            else:
                self._take(named, path)
        return taken

    def _is_reference(self, node: Map, path: tuple[str, ...]) -> bool:
        """Take ``{kind: Secret, name}`` and, where every selector is one, ``{name, key}``."""
        is_kind = node.get("kind") == "Secret" and "metadata" not in node
        if not (is_kind or (self.rules.is_selector_free and "key" in node)):
            return False
        named = self._reference(node)
        if named is None or (not is_kind and not _is_flat(node)):
            return False
        key = text(node.get("valuesKey")) or named.key
        if not key and self.rules.how(path) is How.HELM_VALUES_FROM:
            key = "values.yaml"  # https://fluxcd.io/flux/components/helm/helmreleases/#values-references
        self._take(replace(named, key=key), path, text(node.get("targetPath")))
        return True

    def _take(self, named: Named, path: tuple[str, ...], target: str = "") -> None:
        how = self.rules.how(path)
        use = Use(named, how, path=target or _PATH_MARK.join(path))
        self.found.append(self.reader.consumer(use))


_TEXT_ROLES: Final = frozenset({Role.NAME, Role.AMBIGUOUS, Role.PULL})
_NAMING: Final = (Role.NAME, Role.AMBIGUOUS)


def _is_flat(value: Map) -> bool:
    return not any(isinstance(item, (Map, Seq)) for item in value.values())


def _with_pod_labels(reader: Reader, template: Map) -> Reader:
    metadata = template.get("metadata")
    labels = labels_of(metadata) if isinstance(metadata, Map) else {}
    return replace(reader, labels=labels) if labels else reader
