"""Fields of Helm values that name a Secret: which, which keys of it, and what the chart does with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from injector.inventory.consumers_names import Role, normal, role_of
from injector.inventory.consumers_reader import Named, Reader, Use, is_plausible_name
from injector.inventory.helmvalues_mounts import MountBook, add_secret_mounts
from injector.inventory.helmvalues_names import keys_beside
from injector.inventory.helmvalues_scope import Scope
from injector.inventory.podspec import read_pull_secrets
from injector.manifests.yamldoc import Map, Seq
from injector.model import Consumer, How

_INGRESS: Final = re.compile(r"(?:[a-z0-9]*ingress(?:es|tls)?|httproute|gateway|[a-z0-9]*ingressroute|routes?)\Z")
_OPERATOR: Final = re.compile(
    r"(?:servicemonitors?|podmonitors?|[a-z0-9]*endpointadditionalproperties|prometheusspec|alertmanagerspec"
    r"|thanosrulerspec|prometheusrule|vmagentspec|vmsinglespec|servicemonitorspec|probe|backupstoragelocations?"
    r"|volumesnapshotlocations?)\Z"
)
"""Values that become a resource of an operator: it reads the Secret, no container of the chart does."""
_MOUNTED_BY_OPERATOR: Final = {
    "prometheusspec": "/etc/prometheus/secrets",
    "alertmanagerspec": "/etc/alertmanager/secrets",
}
_DEFINITION: Final = frozenset({"data", "stringData", "value", "values", "content"})


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads fields of one component.

    Attributes:
        scope: the component; takes what its container reads.
        direct: takes what no container reads.
        book: takes what is mounted.
    """

    reader: Reader
    scope: Scope
    direct: list[Consumer]
    book: MountBook

    def take(self, node: Map, key: str, path: tuple[str, ...]) -> bool:
        """Take the reference that a field is; False when it is none and has to be walked."""
        role = role_of(key)
        value = node[key]
        if role is Role.PULL:
            return self._pull(node, key)
        if isinstance(value, str):
            return self._text(node, key, role, path)
        if isinstance(value, Map):
            return self._mapping(value, role, path)
        if isinstance(value, Seq) and role in (Role.LIST, Role.NAME):
            return self._list(value, path)
        return False

    def is_reference(self, node: Map, path: tuple[str, ...]) -> bool:
        """Take ``{kind: Secret, name}``, the form that operators' resources have inside values."""
        if node.get("kind") != "Secret" or "metadata" in node:
            return False
        named = self.reader.named(node)
        if named is None:
            return False
        self._put([named], path)
        return True

    def _pull(self, node: Map, key: str) -> bool:
        value = node[key]
        if isinstance(value, str):
            secret = self.reader.name_of(value)
            if is_plausible_name(secret):
                self.direct.append(self.reader.consumer(Use(Named(secret, node.at(key)), How.IMAGE_PULL)))
            return True
        if isinstance(value, Map):
            named = self.reader.named(value)
            if named is not None:
                self.direct.append(self.reader.consumer(Use(named, How.IMAGE_PULL)))
            return named is not None
        self.direct.extend(read_pull_secrets(value, self.reader))
        return True

    def _text(self, node: Map, key: str, role: Role, path: tuple[str, ...]) -> bool:
        # A chart's `fooSecret: text` is the value as often as a name; with a `key` beside it it is a name
        # (gitlab: password: {secret, key}).
        is_pair = role is Role.AMBIGUOUS and normal(key) == "secret" and isinstance(node.get("key"), str)
        if (role is not Role.NAME and not is_pair) or node.get("useExistingSecret") is False:
            return False
        secret = self.reader.name_of(node[key])
        if not is_plausible_name(secret):
            return False
        if "mountPath" in node:
            add_secret_mounts(_listed(node), self.scope, self.book, self.reader)
            return True
        optional = node.get("optional") is True
        keys = keys_beside(node, key, self.reader) or [""]
        self._put([Named(secret, node.at(key), one, is_optional=optional) for one in keys], path)
        return True

    def _mapping(self, value: Map, role: Role, path: tuple[str, ...]) -> bool:
        if value.get("enabled") is False or value.get("create") is True:
            return value.get("enabled") is False
        named = self._reference(value)
        if named is None:
            return False
        if role is Role.SELECTOR and not (named.key and _is_flat(value)):
            return False
        name_key = "name" if "name" in value else "secretName"
        keys = keys_beside(value, name_key, self.reader)
        self._put([replace(named, key=key) for key in keys] or [named], path)
        return True

    def _reference(self, value: Map) -> Named | None:
        kind = value.get("kind")
        if isinstance(kind, str) and kind != "Secret":
            return None
        for name_key in ("name", "secretName"):
            named = self.reader.named(value, name_key=name_key) if isinstance(value.get(name_key), str) else None
            if named is not None and is_plausible_name(named.secret):
                return named
        return None

    def _list(self, value: Seq, path: tuple[str, ...]) -> bool:
        taken = False
        for index, item in enumerate(value):
            named: Named | None = None
            if isinstance(item, str):
                secret = self.reader.name_of(item)
                named = Named(secret, value.at(index)) if is_plausible_name(secret) else None
            elif isinstance(item, Map) and _DEFINITION.isdisjoint(item):
                if "mountPath" in item:
                    add_secret_mounts(_listed(item), self.scope, self.book, self.reader)
                    taken = True
                elif not any(role_of(key) in (Role.NAME, Role.AMBIGUOUS) for key in item):
                    named = self._reference(item)
            if named is not None:
                taken = True
                self._put_listed(named, path)
        return taken

    def _put_listed(self, named: Named, path: tuple[str, ...]) -> None:
        folder = _MOUNTED_BY_OPERATOR.get(normal(path[-2])) if len(path) > 1 else None
        if folder and normal(path[-1]) == "secrets":
            self.scope.uses.append(Use(named, How.VOLUME, path=f"{folder}/{named.secret}"))
        else:
            self._put([named], path)

    def _put(self, named: list[Named], path: tuple[str, ...]) -> None:
        how = _way(path)
        uses = [Use(one, how, path=".".join(path)) for one in named]
        if how is How.HELM_VALUES:
            self.scope.uses += uses
        else:
            self.direct.extend(self.reader.consumer(use) for use in uses)


def _way(path: tuple[str, ...]) -> How:
    names = [normal(part) for part in path]
    if any(_INGRESS.match(name) for name in names[:-1]) and _is_tls(names):
        return How.INGRESS_TLS
    if any(_OPERATOR.match(name) for name in names[:-1]):
        return How.CUSTOM_RESOURCE
    return How.HELM_VALUES


def _is_tls(names: list[str]) -> bool:
    return any("tls" in name or "cert" in name for name in names) or names[-1] == "secretname"


def _listed(entry: Map) -> Seq:
    made = Seq(entry.path, entry.line)
    made.append(entry)
    return made


def _is_flat(value: Map) -> bool:
    return not any(isinstance(item, (Map, Seq)) for item in value.values())
