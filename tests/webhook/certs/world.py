"""A cluster in memory with its own time: objects with versions, faults, and replicas whose rounds interleave."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from cryptography import x509

from injector.errors import ClusterError
from webhook.certs.election import Election, Held
from webhook.certs.issuing import names_of
from webhook.certs.keeper import Clock, Keeper
from webhook.certs.material import Material, Pair, is_issued_by, issuer_id, parse_bundle, parse_material, write_material
from webhook.certs.port import Configuration, Lease, Stored
from webhook.certs.terms import Terms

NAMES = frozenset({"phase2-webhook.phase2-system.svc"})
TERMS = Terms()
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LEASE_S = 30.0
PATHS = ("/mutating", "/validating")


@dataclass(slots=True)
class World:
    """What is stored, and the time."""

    seconds: float = 0.0
    jump: dt.timedelta = dt.timedelta()
    """By how much clocks of the day are wrong."""
    data: dict[str, bytes] | None = None
    is_ours: bool = True
    secret_version: int = 0
    lease: Lease | None = None
    lease_version: int = 0
    bundles: dict[str, tuple[bytes, ...]] = field(default_factory=lambda: dict.fromkeys(PATHS, (b"", b"")))
    versions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PATHS, 0))
    down: bool = False
    between: Callable[[], None] = lambda: None
    """Called before and after each request of any replica."""
    writes: list[str] = field(default_factory=list)

    @property
    def now(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.seconds)

    def set_bundle(self, path: str, bundle: bytes) -> None:
        self.bundles[path] = tuple(bundle for _ in self.bundles[path])
        self.versions[path] += 1

    def set_secret(self, data: dict[str, bytes] | None) -> None:
        self.data = data
        self.secret_version += 1

    @property
    def material(self) -> Material:
        return parse_material(self.data or {})


@dataclass(slots=True)
class Replica:
    """One replica, and its port to the world."""

    world: World
    identity: str
    leaf: Pair | None = None
    """What it serves."""
    taken: Pair | None = None
    """What its server will take up."""
    is_busy: bool = False
    keeper: Keeper = field(init=False)
    election: Election = field(init=False)

    def __post_init__(self) -> None:
        self.election = Election(self.identity, duration_s=LEASE_S, renew_s=10)
        self.keeper = Keeper(
            self,
            self,
            election=self.election,
            names=NAMES,
            terms=TERMS,
            clock=Clock(lambda: self.world.now + self.world.jump, lambda: self.world.seconds),
        )

    def keep(self) -> None:
        """Do a round, unless one of this replica is under way."""
        if self.is_busy:
            return
        self.is_busy = True
        try:
            self.keeper.keep()
        except ClusterError:
            pass
        finally:
            self.is_busy = False

    def reload(self) -> None:
        """Let the server take up what was installed."""
        self.leaf = self.taken

    def lets_in(self) -> bool:
        """Tell whether the API server, by every configuration, gets through to this replica."""
        bundles = {pem for path in PATHS for pem in self.world.bundles[path]}
        return self.leaf is not None and all(is_trusted(self.leaf.certificate, one, self.world.now) for one in bundles)

    # the local half

    def install(self, material: Material) -> None:
        self.taken = material.leaf

    def find_served_issuer(self) -> str:
        return issuer_id(self.leaf.certificate) if self.leaf else ""

    # the API server

    def read_configurations(self) -> Sequence[Configuration]:
        self._ask()
        found = [
            Configuration(
                path=path,
                version=str(self.world.versions[path]),
                bundles=tuple((str(index), one) for index, one in enumerate(self.world.bundles[path])),
            )
            for path in self.world.bundles
        ]
        self.world.between()
        return found

    def write_bundle(self, configuration: Configuration, bundle: bytes) -> bool:
        self._ask()
        if str(self.world.versions[configuration.path]) != configuration.version:
            return False
        self.world.set_bundle(configuration.path, bundle)
        self.world.writes.append("bundle")
        self.world.between()
        return True

    def read_lease(self) -> Lease | None:
        self._ask()
        return self.world.lease

    def claim_lease(self, lease: Lease | None) -> bool:
        self._ask()
        if (lease.version if lease else None) != (self.world.lease.version if self.world.lease else None):
            return False
        held = Held(holder=self.identity, renewed=str(self.world.seconds), duration_s=LEASE_S)
        self._store_lease(held, dict(lease.reports) if lease else {})
        return True

    def write_reports(self, reports: Mapping[str, str | None]) -> None:
        self._ask()
        if self.world.lease is None:
            return
        every = {**self.world.lease.reports, **reports}
        self._store_lease(self.world.lease.held, {name: said for name, said in every.items() if said is not None})

    def read_secret(self) -> Stored | None:
        self._ask()
        if self.world.data is None:
            return None
        made = parse_material(self.world.data)
        self.world.between()
        return Stored(material=made, version=str(self.world.secret_version), is_ours=self.world.is_ours)

    def write_secret(self, material: Material, stored: Stored | None) -> Stored | None:
        self._ask()
        if (self.world.data is None) != (stored is None):
            return None
        if stored is not None and stored.version != str(self.world.secret_version):
            return None
        self.world.set_secret(write_material(material))
        self.world.writes.append("secret")
        self.world.between()
        return Stored(material=parse_material(self.world.data or {}), version=str(self.world.secret_version))

    def _store_lease(self, held: Held, reports: dict[str, str]) -> None:
        self.world.lease_version += 1
        self.world.lease = Lease(held=held, version=str(self.world.lease_version), reports=reports)
        self.world.between()

    def _ask(self) -> None:
        self.world.between()
        if self.world.down:
            raise ClusterError("/: no answer; see the API server")


def is_trusted(leaf: x509.Certificate, bundle: bytes, now: dt.datetime) -> bool:
    """Tell whether a client that trusts a bundle accepts a leaf for the Service's name; written apart from the product."""
    issuers = find_issuers(leaf, bundle)
    return any(one.not_valid_before_utc <= now <= one.not_valid_after_utc for one in issuers) and (
        leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc
    )


@lru_cache(maxsize=4096)
def find_issuers(leaf: x509.Certificate, bundle: bytes) -> tuple[x509.Certificate, ...]:
    if not names_of(leaf) >= NAMES:
        return ()
    return tuple(one for one in parse_bundle(bundle) if one.subject == leaf.issuer and is_issued_by(leaf, one))


def run(world: World, replicas: Sequence[Replica], *, seconds: float, step_s: float = 5.0) -> None:
    """Let replicas do their rounds for some time, and take up what they install."""
    end = world.seconds + seconds
    while world.seconds < end:
        for one in replicas:
            one.keep()
            one.reload()
        world.seconds += step_s


def without(material: Material, **more: None) -> dict[str, bytes]:
    """Return a Secret's data from which something is gone."""
    return write_material(replace(material, **more))  # type: ignore[arg-type]
