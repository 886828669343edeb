"""One round of one replica: look, write what must be written when it is this replica's turn, serve what is stored."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from injector.errors import ClusterError
from webhook.certs.election import Election, Turn
from webhook.certs.material import (
    Material,
    Pair,
    is_issued_by,
    is_our_ca,
    key_id,
    parse_bundle,
    unique,
    write_certificate,
)
from webhook.certs.port import Configuration, Lease, Local, Port, Stored
from webhook.certs.rotation import Seen, decide, start_change
from webhook.certs.terms import LOOKS, Terms
from webhook.logs import LOGGER

_LOG: Final = logging.getLogger(LOGGER)
REPORT_S: Final = 600
"""How often a replica says anew what it serves, though it is the same."""
SILENT_S: Final = 3600
"""A replica that has said nothing for so long is gone; the CA of what it may have served is kept until then."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of day, which may jump, and seconds that only grow."""

    now: Callable[[], dt.datetime]
    monotonic: Callable[[], float]


class Since:
    """For how long something has been seen to be true of one and the same thing.

    Args:
        most_s: what one look may add: a process that was stopped has seen nothing meanwhile.
    """

    def __init__(self, most_s: float) -> None:
        self._most_s = most_s
        self._of: object = None
        self._last_s: float | None = None
        self._sum_s = 0.0

    def take(self, of: object, *, is_true: bool, monotonic_s: float) -> float:
        """Return the seconds since it became true; 0 while it is not."""
        if not is_true or of != self._of or self._last_s is None:
            self._sum_s = 0.0
        else:
            self._sum_s += min(self._most_s, monotonic_s - self._last_s)
        self._of, self._last_s = of, monotonic_s if is_true else None
        return self._sum_s


class Keeper:
    """Keeps the certificates of one replica, round by round.

    Args:
        port: the API server.
        local: what this replica serves.
        election: this replica's view of the Lease.
        names: what the leaf is for: DNS names and IP addresses.
        terms: for how long certificates are made.
        clock: injected, so that tests can let years go by.
    """

    def __init__(
        self, port: Port, local: Local, *, election: Election, names: frozenset[str], terms: Terms, clock: Clock
    ) -> None:
        self._port = port
        self._local = local
        self._election = election
        self._names = names
        self._terms = terms
        self._clock = clock
        self._known = Material()
        """What was last stored, so that a Secret that is deleted can be made again as it was."""
        self._serves: Pair | None = None
        most_s = terms.settle_s / LOOKS
        self._next_trusted, self._old_unused = Since(most_s), Since(most_s)
        self._heard: dict[str, tuple[str, float]] = {}
        """Name of a replica -> its last report, and when it was first seen."""

    def keep(self) -> None:
        """Do one round.

        The configurations are read before the Secret: a bundle is written only where nobody has written since, and comes of
        a Secret that is at least as new as all that was written before. So bundles never go back, whoever believes to lead.

        Raises:
            ClusterError: the API server refuses or does not answer, or the Secret is somebody else's. What is served stays.
        """
        configurations = self._port.read_configurations()
        lease = self._port.read_lease()
        leads = self._take_turn(lease)
        stored = self._port.read_secret()
        if leads:
            stored = self._write(stored, configurations, lease)
        if stored is None:
            return
        if not stored.is_ours:
            raise ClusterError("their Secret is somebody else's; delete it, or name another one by --tls-secret")
        if stored.material.ca:
            self._known = stored.material
        if leads:
            self._write_bundles(stored.material, configurations)
        if self._is_wanted(stored.material, configurations):
            self._local.install(stored.material)
            self._serves = stored.material.leaf
        self._report(lease)

    def _take_turn(self, lease: Lease | None) -> bool:
        asked_at_s = self._clock.monotonic()
        turn = self._election.take_turn(lease.held if lease else None, asked_at_s)
        if turn is Turn.CLAIM and self._port.claim_lease(lease):
            if not self._election.is_leading(asked_at_s):
                _LOG.info("writes the certificates from now on", extra={"fields": {"lease": self._election.identity}})
            self._election.win(asked_at_s)
        return self._election.is_leading(self._clock.monotonic())

    def _write(
        self, stored: Stored | None, configurations: Sequence[Configuration], lease: Lease | None
    ) -> Stored | None:
        if stored is not None and not stored.is_ours:
            return stored
        now = self._clock.now()
        held = stored.material if stored else Material()
        if held.ca is None and self._known.ca is not None and self._known.ca.is_valid(now):
            # It was deleted or broken. What is served goes on to be trusted, but may be known to others: a change begins.
            held = start_change(self._known, terms=self._terms, now=now)
        seen = self._look(held, configurations, lease)
        if stored is None or held is not stored.material:
            held = held.with_old(seen.live, now)  # others may have gone on since we knew
        made = decide(held, seen, names=self._names, terms=self._terms, now=now)
        if stored is not None and made is stored.material:
            return stored
        written = self._port.write_secret(made, stored)
        if written is None:
            return None  # somebody was faster; the next round sees what it is now
        _LOG.info("certificates changed", extra={"fields": _describe(held, made)})
        return written

    def _look(self, held: Material, configurations: Sequence[Configuration], lease: Lease | None) -> Seen:
        monotonic_s = self._clock.monotonic()
        bundles = [parse_bundle(pem) for one in configurations for _, pem in one.bundles]
        coming = write_certificate(held.next_ca.certificate) if held.next_ca else b""
        trusted = bool(bundles) and all(coming in map(write_certificate, one) for one in bundles)
        signing = key_id(held.ca.certificate) if held.ca else ""
        reports = self._listen(lease, monotonic_s)
        served = self._election.identity in reports and all(
            one.partition(" ")[0] == signing for one in reports.values()
        )
        old = tuple(map(write_certificate, held.old))
        return Seen(
            next_trusted_s=self._next_trusted.take(coming, is_true=trusted, monotonic_s=monotonic_s),
            old_unused_s=self._old_unused.take((signing, old), is_true=served, monotonic_s=monotonic_s),
            live=_find_ours(bundles),
        )

    def _listen(self, lease: Lease | None, monotonic_s: float) -> dict[str, str]:
        """Return the reports of replicas that are there, and strike out those of the others."""
        reports = dict(lease.reports) if lease else {}
        self._heard = {
            name: self._heard[name] if self._heard.get(name, ("",))[0] == said else (said, monotonic_s)
            for name, said in reports.items()
        }
        gone = [name for name, (_, since_s) in self._heard.items() if monotonic_s - since_s > SILENT_S]
        if gone:
            self._port.write_reports(dict.fromkeys(gone))
        return {name: said for name, said in reports.items() if name not in gone}

    def _write_bundles(self, material: Material, configurations: Sequence[Configuration]) -> None:
        wanted = material.bundle
        for one in configurations:
            if not self._election.is_leading(self._clock.monotonic()):
                return
            if any(bundle != wanted for _, bundle in one.bundles) and self._port.write_bundle(one, wanted):
                _LOG.info(
                    "caBundle written", extra={"fields": {"configuration": one.path, "cas": len(material.trusted)}}
                )

    def _is_wanted(self, material: Material, configurations: Sequence[Configuration]) -> bool:
        """Tell whether a leaf is better than what is served: a CA that came in a hurry may not be trusted yet."""
        leaf, now = material.leaf, self._clock.now()
        issuers = [one for one in material.trusted if leaf and is_issued_by(leaf.certificate, one)]
        if leaf is None or not issuers:
            return False
        if self._serves is None or not self._serves.is_valid(now):
            return True
        if not leaf.is_valid(now):
            return False
        ca = write_certificate(issuers[0])
        return all(ca in bundle for one in configurations for _, bundle in one.bundles)

    def _report(self, lease: Lease | None) -> None:
        if lease is None:
            return
        issuer = self._local.find_served_issuer()
        said = f"{issuer} {int(self._clock.monotonic() // REPORT_S)}"
        if issuer and lease.reports.get(self._election.identity) != said:
            self._port.write_reports({self._election.identity: said})


def _find_ours(bundles: Sequence[Sequence[x509.Certificate]]) -> tuple[x509.Certificate, ...]:
    return unique(ca for bundle in bundles for ca in bundle if is_our_ca(ca))


def _describe(before: Material, after: Material) -> dict[str, object]:
    """Return what changed in a person's words, for the log; no key and no certificate."""
    new = {
        "leaf": after.leaf and after.leaf != before.leaf,
        "ca": after.ca and after.ca != before.ca,
        "next ca": after.next_ca and after.next_ca != before.next_ca,
    }
    ends = after.leaf.certificate.not_valid_after_utc.isoformat() if after.leaf else ""
    return {
        "new": [name for name, is_new in new.items() if is_new],
        "old_cas": len(after.old),
        "broken": list(before.broken),
        "leaf_ends": ends,
    }
