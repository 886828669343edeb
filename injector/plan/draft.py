"""One migration in the making: which of an ExternalSecret's values can be rendered, and from what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from injector.config.model import Config, EngineRole
from injector.migration.model import MovedCredential, RenderedFile
from injector.model import Credential, Item, SecretKey
from injector.plan.model import Blocked
from injector.plan.parts import CERTIFICATE, FIELDS, KEY, SESSION, UNFIT, USERS, part_of_key
from injector.plan.values import Issuing, Rendered, render_configuration, render_key, render_user
from injector.rules.naming import Part
from injector.rules.translation import find_refusal, why_refused
from injector.templates import Refusal
from injector.vault.engines import form_of, is_sts, path_of

_CONFIGURATION: Final = "configuration"


@dataclass(slots=True)
class _Moving:
    """A credential that can be rendered."""

    name: str
    issuing: Issuing
    judged: Credential
    keys: dict[str, Rendered]

    @property
    def fields(self) -> frozenset[str]:
        """Return what of the issued credential its keys hold."""
        return frozenset().union(*(one.fields for one in self.keys.values()))

    @property
    def lacks_user(self) -> bool:
        """Tell whether the engine issues a user name, and no key takes it."""
        return Part.USER in FIELDS[self.issuing.kind] and self.fields.isdisjoint(USERS)


@dataclass(slots=True)
class Draft:
    """A migration in the making: what of each credential can be rendered.

    Attributes:
        refused: credentials with a template that has no equivalent; their readers are blocked for nothing but that.
    """

    item: Item
    config: Config
    moving: Sequence[Credential]
    credentials: list[MovedCredential] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    refused: list[Credential] = field(default_factory=list)

    def files(self, *, is_whole: bool) -> list[RenderedFile]:
        """Return the files of all credentials that can be rendered, and note the others as blocked."""
        moving: list[_Moving] = []
        for credential in self.moving:
            refusal = find_refusal(credential, self.item.source)
            if refusal:
                self.blocked.append(self._blocked(credential.keys, refusal))
                self.refused.append(credential)
                continue
            if self._is_held(credential, moving):
                continue
            name, issuing = self._name(credential, {one.name for one in moving})
            rendered = self._render(credential, issuing)
            if rendered is not None:
                moving.append(_Moving(name, issuing, credential, rendered))
        moving = self._with_users(moving)
        made: list[RenderedFile] = []
        for one in moving:
            made += [RenderedFile(key=key, template=value.template) for key, value in one.keys.items()]
            self.notes.update({key: value.comment for key, value in one.keys.items() if value.comment})
            self.credentials.append(
                MovedCredential(
                    name=one.name, keys=tuple(sorted(one.keys)), engine=one.judged.engine, path=one.issuing.path
                )
            )
        if is_whole and len(self.credentials) == len(self.moving):
            made += self._configuration({one.key for one in made})
        return made

    def _is_held(self, credential: Credential, moving: Sequence[_Moving]) -> bool:
        """Tell whether its keys are those of a credential before it: one value of which each piece was judged."""
        held = [one for one in moving if set(one.judged.keys) & set(credential.keys)]
        if held and held[0].judged.engine != credential.engine:
            source = self.item.source
            why = f"holds logins of {held[0].judged.engine} and {credential.engine} in one key; give each a key of its own"
            self.blocked.append(Blocked(ref=source.ref, keys=credential.keys, why=why, location=source.origin.location))
        return bool(held)

    def _with_users(self, moving: Sequence[_Moving]) -> list[_Moving]:
        """Give each login its user name, which changes with the password: a static one beside it would fit no login."""
        users = self._users()
        kept: list[_Moving] = []
        for one in moving:
            if not one.lacks_user:
                kept.append(one)
                continue
            found = _nearest(users, one.keys)
            if len(found) != 1:
                self._block(one, found)
                continue
            users.remove(found[0])
            rendered = render_user(one.issuing, found[0])
            if isinstance(rendered, Refusal):
                self.blocked.append(self._blocked(one.judged.keys, rendered))
                continue
            one.keys[found[0].name] = rendered
            kept.append(one)
        return kept

    def _users(self) -> list[SecretKey]:
        """Return the keys that hold a user name and are no credential by themselves."""
        names = {key for one in self.item.credentials if one.kind == _CONFIGURATION for key in one.keys if key != "*"}
        return [
            key
            for key in self.item.source.keys
            if key.name in names and part_of_key(key, self._environment(key.name)) is Part.USER
        ]

    def _environment(self, key: str) -> tuple[str, ...]:
        """Return the variables by which a key is read."""
        return tuple(
            dict.fromkeys(
                one.consumer.env
                for credential in self.item.credentials
                for one in credential.consumers
                if one.consumer.key == key and one.consumer.env
            )
        )

    def _block(self, one: _Moving, users: Sequence[SecretKey]) -> None:
        source = self.item.source
        if users:
            names = ", ".join(key.name for key in users)
            why = f"each of {names} could be its user name; give the login an ExternalSecret of its own"
        else:
            why = (
                "only its password comes from this Secret, and the user name changes with each login; put the user name into the "
                "Secret and let the app read it from there"
            )
        self.blocked.append(Blocked(ref=source.ref, keys=one.judged.keys, why=why, location=source.origin.location))

    def _blocked(self, keys: tuple[str, ...], refusal: Refusal) -> Blocked:
        return Blocked(ref=self.item.source.ref, keys=keys, why=why_refused(refusal), location=refusal.location)

    def _render(self, credential: Credential, issuing: Issuing) -> dict[str, Rendered] | None:
        made = self._render_keys(credential, issuing)
        if isinstance(made, Refusal):
            self.blocked.append(self._blocked(credential.keys, made))
            return None
        return made

    def _render_keys(self, credential: Credential, issuing: Issuing) -> dict[str, Rendered] | Refusal:
        here = self.item.source.origin.location
        if issuing.kind not in FIELDS:
            why = UNFIT.get(issuing.kind, "is not known; write a SecretMigration by hand")
            return Refusal(f"engine {issuing.kind}", why, here)
        keys = {key.name: key for key in self.item.source.keys}
        made: dict[str, Rendered] = {}
        for name in credential.keys:
            environment = self._environment(name)
            key = None if name == "*" else keys.get(name) or _of_extract(name, self.item)
            if key is None:
                return Refusal(f"key {name}", "its value is known only to the operator; name it under data", here)
            one = render_key(key, self.item.source, issuing=issuing, environment=environment)
            if isinstance(one, Refusal):
                return one
            made[name] = one
        lacking = self._lacking(credential, frozenset().union(*(one.fields for one in made.values())))
        return Refusal(f"engine {issuing.kind}", lacking, here) if lacking else made

    def _lacking(self, credential: Credential, fields: AbstractSet[str]) -> str:
        """Return in words what must move along and does not; empty when nothing is missing."""
        if credential.engine == "pki" and not fields >= {CERTIFICATE, KEY}:
            return (
                "certificate and key change together, and the Secret does not have both as keys of their own; give it both "
                "(tls.crt, tls.key)"
            )
        decision = self._decision(credential)
        if credential.engine == "aws" and decision and is_sts(decision.parameters) and SESSION not in fields:
            return (
                "its role issues credentials of STS, which need a session token besides; give the Secret a key for it, as "
                "AWS_SESSION_TOKEN, or let the role have credential_type: iam_user"
            )
        return ""

    def _configuration(self, taken: set[str]) -> list[RenderedFile]:
        """Return the files of what is no credential: it goes along, for the Secret goes as a whole."""
        made: list[RenderedFile] = []
        for key in self.item.source.keys:
            if key.name in taken or key.name == "*":
                continue
            one = render_configuration(key, self.item.source)
            if isinstance(one, Refusal):
                self.blocked.append(self._blocked((key.name,), one))
                continue
            made.append(RenderedFile(key=key.name, template=one.template))
            self.notes[key.name] = "configuration, still from KV; it moves along because the Secret goes as a whole"
        if made:
            first = self.credentials[0]
            keys = tuple(sorted({*first.keys, *(one.key for one in made)}))
            self.credentials[0] = MovedCredential(name=first.name, keys=keys, engine=first.engine, path=first.path)
        return made

    def _decision(self, credential: Credential) -> EngineRole | None:
        source = self.item.source
        return self.config.find_engine_role(source.ref.namespace, (source.target, source.ref.name), credential.engine)

    def _name(self, credential: Credential, taken: set[str]) -> tuple[str, Issuing]:
        """Return a credential's name in the document, and what issues it."""
        kind, _, system = credential.engine.partition("/")
        source = self.item.source
        base = system or kind
        name = base if base not in taken else f"{base}-{len(taken) + 1}"
        decision = self._decision(credential)
        form = self.config.vault.names.engine_role or "{namespace}-{name}"
        role = (decision.role if decision else "") or form.format(
            namespace=source.ref.namespace, name=source.target, engine=base, serviceAccount=""
        )
        if len(self.moving) > 1 and not (decision and decision.role) and "{engine}" not in form:
            role = f"{role}-{name}"
        mount = self.config.vault.find_mount(credential.engine) or kind
        request = decision.request if decision and form_of(kind).asks else {}
        return name, Issuing(engine=credential.engine, path=path_of(kind, mount, role), request=request)


def _of_extract(name: str, item: Item) -> SecretKey | None:
    """Return a key that a ``dataFrom.extract`` yields under its own name; None when a template hides it."""
    source = item.source
    star = next((key for key in source.keys if key.name == "*"), None)
    if star is None or len(source.extracts) != 1 or source.extracts[0].is_rewritten:
        return None
    remote = source.extracts[0].remote
    nested = f"{remote.prop}.{name}" if remote.prop else name
    moved = type(remote)(
        remote.store, remote.path, nested, remote.location, remote.kv, remote.version, remote.decoding, remote.metadata
    )
    return SecretKey(name=name, remotes=(moved,), location=star.location)


def _nearest(users: Sequence[SecretKey], keys: Iterable[str]) -> list[SecretKey]:
    """Return the keys whose names begin most like those of a login: several when none is nearer than the others."""
    if not users:
        return []
    lengths = [max(_shared(user.name, key) for key in keys) for user in users]
    return [user for user, length in zip(users, lengths, strict=True) if length == max(lengths)]


def _shared(one: str, other: str) -> int:
    """Return how many characters two names begin alike."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(one.lower(), other.lower(), strict=False))
    return sum(1 for _ in alike)
