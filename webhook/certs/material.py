"""What the Secret holds: a CA that signs, a leaf that is served, a CA to come, CAs that are still trusted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import NameOID

CA_NAME: Final = "phase2-webhook-ca"
"""How the common names of our CAs begin; each has a tail of its own, since who trusts two CAs of one name may try one only."""
LEAF, LEAF_KEY, CA, CA_KEY = "tls.crt", "tls.key", "ca.crt", "ca.key"
"""Keys of the Secret; ``ca.crt`` holds every CA that is trusted, the one that signs first, as others expect it to."""
NEXT, NEXT_KEY = "next-ca.crt", "next-ca.key"
_MOST_OLD: Final = 4
"""CAs that are kept besides: one is the rule, more come of faults only."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key. Neither shows itself when printed."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    def is_valid(self, now: dt.datetime) -> bool:
        """Tell whether the time lies in its term."""
        return is_valid(self.certificate, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All certificates and keys; None for what is not there or was not usable.

    Attributes:
        ca: signs leaves.
        leaf: is served.
        next_ca: signs nothing until every configuration trusts it.
        old: trusted still, since a replica may serve a leaf of theirs; without keys.
        broken: keys of the Secret that held something else.
    """

    ca: Pair | None = None
    leaf: Pair | None = None
    next_ca: Pair | None = None
    old: tuple[x509.Certificate, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def trusted(self) -> tuple[x509.Certificate, ...]:
        """Return what callers must trust: all CAs, the one that signs first."""
        found = [one.certificate for one in (self.ca, self.next_ca) if one]
        return unique([*found, *self.old])

    @property
    def bundle(self) -> bytes:
        """Return the same as PEM: what a ``caBundle`` holds."""
        return write_bundle(self.trusted)

    def with_old(self, certificates: Iterable[x509.Certificate], now: dt.datetime) -> Material:
        """Return it with more CAs that are trusted still; those beyond their term are left out."""
        known = {write_certificate(one.certificate) for one in (self.ca, self.next_ca) if one}
        every = [one for one in unique([*self.old, *certificates]) if write_certificate(one) not in known]
        alive = sorted((one for one in every if one.not_valid_after_utc > now), key=lambda one: one.not_valid_after_utc)
        kept = tuple(alive[-_MOST_OLD:])
        return self if kept == self.old else replace(self, old=kept)


def is_valid(certificate: x509.Certificate, now: dt.datetime) -> bool:
    """Tell whether the time lies in its term."""
    return certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc


@lru_cache(maxsize=256)
def is_issued_by(certificate: x509.Certificate, ca: x509.Certificate) -> bool:
    """Tell whether a CA signed it."""
    try:
        certificate.verify_directly_issued_by(ca)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def is_our_ca(certificate: x509.Certificate) -> bool:
    """Tell whether it has the name of a CA that a webhook of ours made for itself."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return bool(names) and str(names[0].value).startswith(CA_NAME) and is_issued_by(certificate, certificate)


def key_id(certificate: x509.Certificate) -> str:
    """Return what its key is called, as hexadecimal digits; empty when it does not say."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return ""
    return found.value.digest.hex()


def issuer_id(certificate: x509.Certificate) -> str:
    """Return what the key that signed it is called, as hexadecimal digits; empty when it does not say."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    except (x509.ExtensionNotFound, ValueError):
        return ""
    return (found.value.key_identifier or b"").hex()


def parse_material(data: Mapping[str, bytes]) -> Material:
    """Return what a Secret's data says; what is broken in it is named and left out. Never raises."""
    broken: list[str] = []

    def pair(certificate: str, key: str) -> Pair | None:
        if not data.get(certificate) and not data.get(key):
            return None
        found = _parse_pair(data.get(certificate, b""), data.get(key, b""))
        if found is None:
            broken.append(certificate)
        return found

    trusted = parse_bundle(data.get(CA, b""))
    made = Material(ca=pair(CA, CA_KEY), leaf=pair(LEAF, LEAF_KEY), next_ca=pair(NEXT, NEXT_KEY))
    known = {write_certificate(one.certificate) for one in (made.ca, made.next_ca) if one}
    old = tuple(one for one in trusted if write_certificate(one) not in known)
    return replace(made, old=old[:_MOST_OLD], broken=tuple(broken))


def write_material(made: Material) -> dict[str, bytes]:
    """Return it as a Secret's data: key -> PEM."""
    found = {CA: made.bundle}
    if made.ca:
        found[CA_KEY] = _write_key(made.ca)
    if made.leaf:
        found |= {LEAF: write_certificate(made.leaf.certificate), LEAF_KEY: _write_key(made.leaf)}
    if made.next_ca:
        found |= {NEXT: write_certificate(made.next_ca.certificate), NEXT_KEY: _write_key(made.next_ca)}
    return found


def parse_bundle(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a PEM file; none when it is no PEM."""
    try:
        return unique(x509.load_pem_x509_certificates(pem))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return ()


def write_bundle(certificates: Iterable[x509.Certificate]) -> bytes:
    """Return certificates as one PEM file."""
    return b"".join(map(write_certificate, certificates))


def write_certificate(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def unique(certificates: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Return each certificate once, in the order of their first."""
    return tuple({write_certificate(one): one for one in certificates}.values())


def _write_key(pair: Pair) -> bytes:
    return pair.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _parse_pair(certificate: bytes, key: bytes) -> Pair | None:
    found = parse_bundle(certificate)
    try:
        private: PrivateKeyTypes = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not found or not isinstance(private, EllipticCurvePrivateKey):
        return None
    return Pair(found[0], private) if found[0].public_key() == private.public_key() else None
