"""Keys and certificates of one lab: a CA, a serving certificate for loopback, the token key."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

#: Longer than any test run, short enough that a forgotten key is soon worth nothing.
LIFETIME = dt.timedelta(days=2)

_KEY_USAGE_CA = x509.KeyUsage(
    digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
    key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Files of a lab's key material."""

    ca: Path
    server_cert: Path
    server_key: Path
    token_key: Path
    """Signs service account tokens."""
    token_public_key: Path

    @property
    def ca_bundle(self) -> str:
        """The CA as a webhook's ``caBundle`` wants it."""
        return base64.b64encode(self.ca.read_bytes()).decode()


def create_certificates(folder: Path, *addresses: str) -> Certificates:
    """Make all keys of a lab below ``folder``; one server certificate serves all on loopback and on more addresses."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    # a name of its own: who trusts two CAs of one name tries one of them only
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"phase2 lab CA {secrets.token_hex(4)}")])
    ca = (
        _builder(ca_name, ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_KEY_USAGE_CA, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "phase2 lab server")])
    names = [
        x509.DNSName("localhost"),
        x509.DNSName("kubernetes.default.svc"),
        *(x509.IPAddress(ipaddress.ip_address(one)) for one in ("127.0.0.1", *addresses)),
    ]
    cert = (
        _builder(name, ca_name, key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        # Python 3.13 checks by RFC 5280 to the letter: a leaf must name its issuer's key
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    # RSA, as real clusters sign their tokens (RS256)
    token_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = token_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Certificates(
        ca=_write(folder / "ca.crt", ca.public_bytes(serialization.Encoding.PEM)),
        server_cert=_write(folder / "server.crt", cert.public_bytes(serialization.Encoding.PEM)),
        server_key=_write(folder / "server.key", _private(key)),
        token_key=_write(folder / "sa.key", _private(token_key)),
        token_public_key=_write(folder / "sa.pub", public),
    )


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # an hour back: a server that checks at once must not find it "not yet valid"
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _private(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
