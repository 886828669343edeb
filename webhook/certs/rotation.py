"""Which certificate comes next, given what is there and what the time is. Pure but for the keys that it makes.

A change of CA takes four steps, each of them a write of the Secret, so that a leaf is only ever served while every
configuration trusts its CA:

1. the next CA is made, and every ``caBundle`` gets it beside the one that signs;
2. once all have had it for a while, it signs: a new leaf;
3. once all replicas have served a leaf of the new CA for a while, the old one is taken out of the Secret,
4. and so out of every ``caBundle``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from cryptography import x509

from webhook.certs.issuing import make_ca, make_leaf, names_of
from webhook.certs.material import Material, Pair, is_issued_by
from webhook.certs.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the writer has seen outside of the Secret.

    Attributes:
        next_trusted_s: for how many seconds every configuration has been seen to trust the next CA.
        old_unused_s: for how many seconds every replica has been seen to serve a leaf of the CA that signs.
        live: CAs of ours that some configuration trusts.
    """

    next_trusted_s: float = 0.0
    old_unused_s: float = 0.0
    live: tuple[x509.Certificate, ...] = ()


def decide(held: Material, seen: Seen, *, names: frozenset[str], terms: Terms, now: dt.datetime) -> Material:
    """Return what the Secret must hold; the same object when that is what it holds."""
    made = _with_ca(held, seen, terms, now)
    ca = made.ca
    if ca is not None and not _is_leaf_good(made.leaf, ca, names, now=now, terms=terms):
        made = replace(made, leaf=make_leaf(ca, names, now=now, lifetime=terms.leaf))
    if made is held and held.old and seen.old_unused_s >= terms.settle_s:
        made = replace(held, old=())
    made = made.with_old((), now)
    if made is held and held.broken:
        made = replace(held)  # written again without what was broken
    return made if made is held else replace(made, broken=())


def start_change(held: Material, *, terms: Terms, now: dt.datetime) -> Material:
    """Return it with a next CA, the first step of a change; as it is when one is under way."""
    return replace(held, next_ca=make_ca(now, terms.ca)) if held.ca and held.next_ca is None else held


def _with_ca(held: Material, seen: Seen, terms: Terms, now: dt.datetime) -> Material:
    if held.ca is None or not held.ca.is_valid(now):
        # Nobody can be let in as it is: no step is waited for.
        ca = held.next_ca if held.next_ca and held.next_ca.is_valid(now) else make_ca(now, terms.ca)
        return _changed(held, ca).with_old(seen.live, now)
    if held.next_ca is None:
        due = held.ca.certificate.not_valid_after_utc - terms.ca / 3 <= now
        return replace(held, next_ca=make_ca(now, terms.ca)) if due else held
    if not held.next_ca.is_valid(now):
        return replace(held, next_ca=None)
    if seen.next_trusted_s >= terms.settle_s:
        return _changed(held, held.next_ca).with_old((held.ca.certificate,), now)
    return held


def _changed(held: Material, ca: Pair) -> Material:
    return replace(held, ca=ca, next_ca=None)


def _is_leaf_good(leaf: Pair | None, ca: Pair, names: frozenset[str], *, now: dt.datetime, terms: Terms) -> bool:
    if leaf is None or not leaf.is_valid(now) or names_of(leaf.certificate) != names:
        return False
    if not is_issued_by(leaf.certificate, ca.certificate):
        return False
    end = leaf.certificate.not_valid_after_utc
    # A leaf that ends with its CA would not get any longer by being made again.
    gain = min(now + terms.leaf, ca.certificate.not_valid_after_utc) - end
    return now < end - terms.leaf / 3 or gain < terms.leaf / 100
