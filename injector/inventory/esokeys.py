"""Which keys the Secret of an ExternalSecret has: what was fetched, or what a template makes of it.

Source: external-secrets pkg/controllers/externalsecret/externalsecret_controller_template.go and
runtime/template/v2/template.go:166-251@v2.9.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from injector.inventory.esodata import Fetched, unique
from injector.inventory.esotemplate import ALL, MAX_TEMPLATE, find_variables, iter_actions
from injector.location import Location
from injector.manifests.document import items, mapping, text
from injector.manifests.yamldoc import Chunk, Map, Value, YamlError, parse_chunk
from injector.model import Finding, SecretKey
from injector.redact import redact

ConfigMapLookup: TypeAlias = "Callable[[str, str], Mapping[str, Value] | None]"
"""(namespace, name) -> data of a ConfigMap of the same build, None when it is not there."""

_LINE_KEY: Final = re.compile(r"^[\"']?([-._a-zA-Z0-9]+)[\"']?\s*:", re.MULTILINE)
_PLAIN_CONTROL: Final = frozenset({"if", "else", "end", ""})
_MARK: Final = "\ue000{}\ue001"
_MARKED: Final = re.compile("\ue000(\\d+)\ue001")


@dataclass(slots=True)
class _Keys:
    """The keys in the making; later ones of the same name replace earlier ones."""

    fetched: Fetched
    namespace: str
    lookup: ConfigMapLookup | None
    found: dict[str, SecretKey] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add_raw(self) -> None:
        """Add what was fetched, under its own names."""
        fetched = self.fetched
        remotes = unique(fetched.open_remotes())
        if remotes:
            self.found[ALL] = SecretKey(ALL, remotes, location=remotes[0].location)
        for name, named in fetched.named.items():
            self.found[name] = SecretKey(name, named.remotes, location=named.location)

    def add_template(self, name: str, template: str, where: Location) -> None:
        """Add a key that a template makes."""
        uses = find_variables(template)
        for missing in uses.required:
            if not self.fetched.has(missing):
                message = f"the template of {name} uses .{missing}, which nothing provides: rendering fails"
                self.findings.append(Finding("eso-template-missing-variable", message, where))
        remotes = unique(one for variable in uses.variables for one in self.fetched.remotes_of(variable))
        self._put(SecretKey(name, remotes, redact(template), uses.variables, where))

    def add_shared(self, name: str, variables: tuple[str, ...], where: Location) -> None:
        """Add a key of a template that only makes sense as a whole."""
        remotes = unique(one for variable in variables for one in self.fetched.remotes_of(variable))
        self._put(SecretKey(name, remotes, "", variables, where))

    def add_unknown(self, name: str, where: Location) -> None:
        """Add a key whose template cannot be read: it may be made of anything that was fetched."""
        self._put(SecretKey(name, self.fetched.remotes_of(ALL), "", (ALL,), where))

    def _put(self, key: SecretKey) -> None:
        self.found.pop(key.name, None)
        self.found[key.name] = key


def read_keys(
    target: Map, fetched: Fetched, namespace: str, lookup: ConfigMapLookup | None
) -> tuple[tuple[SecretKey, ...], list[Finding]]:
    """Return the keys of the Secret, in the order of the manifest.

    With ``template.data`` or ``templateFrom`` and the default ``mergePolicy: Replace`` the fetched names are template
    variables only, not keys.

    Args:
        target: ``ExternalSecret.spec.target``.
        fetched: what `injector.inventory.esodata` has read.
        namespace: where ConfigMaps of ``templateFrom`` lie.
        lookup: finds ConfigMaps; without it their templates are unknown.
    """
    template = mapping(target, "template")
    data, sources = mapping(template, "data"), items(template, "templateFrom")
    keys = _Keys(fetched, namespace, lookup)
    if not (data or sources) or text(template.get("mergePolicy")) == "Merge":
        keys.add_raw()
    for source in sources:
        if isinstance(source, Map) and text(source.get("target")).lower() in ("", "data"):
            _add_source(source, keys)
    for name, value in data.items():
        keys.add_template(name, text(value), data.at(name))
    return tuple(keys.found.values()), keys.findings


def _add_source(source: Map, keys: _Keys) -> None:
    """Add one ``templateFrom`` entry: ConfigMap, then Secret, then literal, as ESO does (parser.go:144-164)."""
    config_map = mapping(source, "configMap")
    found = keys.lookup(keys.namespace, text(config_map.get("name"))) if config_map and keys.lookup else None
    for item in items(config_map, "items"):
        if isinstance(item, Map):
            _add_item(item, text(found.get(text(item.get("key")))) if found is not None else None, keys)
    # A Secret's data is never read, so its templates stay unknown.
    for item in items(mapping(source, "secret"), "items"):
        if isinstance(item, Map):
            _add_item(item, None, keys)
    literal = source.get("literal")
    if isinstance(literal, str):
        _add_keys_and_values(literal, source.at("literal"), keys)


def _add_item(item: Map, template: str | None, keys: _Keys) -> None:
    name, where = text(item.get("key")), item.at("key")
    if text(item.get("templateAs")) == "KeysAndValues":
        if template is None:
            keys.add_unknown(ALL, where)
        else:
            _add_keys_and_values(template, where, keys)
    elif template is None:
        keys.add_unknown(name, where)
    else:
        keys.add_template(name, template, where)


def _add_keys_and_values(template: str, where: Location, keys: _Keys) -> None:
    """Add the pairs of a template whose rendered text is a YAML mapping.

    The text is not rendered: actions that print stand as marks while the YAML is read, the others (``if``, ``range``,
    assignments) are left out. A key that is printed itself can be any name.
    """
    if len(template) > MAX_TEMPLATE:
        keys.add_unknown(ALL, where)
        return
    actions: list[str] = []
    marked: list[str] = []
    position = 0
    has_scope = False
    for action in iter_actions(template):
        marked.append(template[position : action.start])
        if action.is_output:
            marked.append(_MARK.format(len(actions)))
            actions.append(template[action.start : action.end])
        else:
            has_scope = has_scope or action.keyword not in _PLAIN_CONTROL
        position = action.end
    marked.append(template[position:])
    pairs = _parse_pairs("".join(marked))
    if pairs is None or has_scope:
        # Inside ``with`` and ``range`` a pair alone does not tell what its dot is: the template counts as a whole.
        uses = find_variables(template)
        names = list(pairs) if pairs is not None else _LINE_KEY.findall("".join(marked))
        for name in names:
            keys.add_shared(ALL if _MARKED.search(name) else name, uses.variables, where)
        return
    for name, value in pairs.items():
        if _MARKED.search(name):
            keys.add_unknown(ALL, where)
        else:
            keys.add_template(name, _unmark(text(value), actions), where)


def _parse_pairs(marked: str) -> Map | None:
    try:
        value = parse_chunk(Chunk(0, 1, marked.encode("utf-8", "replace")), "").value
    except YamlError:
        return None
    return value if isinstance(value, Map) else None


def _unmark(value: str, actions: list[str]) -> str:
    return _MARKED.sub(lambda match: actions[int(match[1])] if int(match[1]) < len(actions) else "", value)
