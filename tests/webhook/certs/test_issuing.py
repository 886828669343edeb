"""Certificates as a TLS client sees them: the standard library's, which checks by RFC 5280 to the letter."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest

from tests.webhook.certs.world import TERMS
from webhook.certs.issuing import make_ca, make_leaf, names_of
from webhook.certs.material import (
    Material,
    Pair,
    is_our_ca,
    issuer_id,
    key_id,
    parse_bundle,
    parse_material,
    write_bundle,
    write_material,
)
from webhook.certs.rotation import Seen, decide

SERVICE = "phase2-webhook.phase2-system.svc"
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


@pytest.fixture
def ca() -> Pair:
    return make_ca(NOW, TERMS.ca)


def leaf_of(ca: Pair, *names: str, days: float = 30) -> Pair:
    return make_leaf(ca, names or (SERVICE,), now=NOW, lifetime=dt.timedelta(days=days))


def shake(folder: Path, leaf: Pair, bundle: bytes, *, name: str = SERVICE) -> str:
    """Return what the client says of a handshake in memory; empty when it trusts the server."""
    data = write_material(Material(leaf=leaf))
    for key in ("tls.crt", "tls.key"):
        (folder / key).write_bytes(data[key])
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "tls.crt", folder / "tls.key")
    client = ssl.create_default_context(cadata=bundle.decode())
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname=name)
    theirs = server.wrap_bio(up, down, server_side=True)
    done = {"client": False, "server": False}
    while not all(done.values()):
        for which, one in (("client", ours), ("server", theirs)):
            try:
                one.do_handshake()
                done[which] = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError as err:
                return str(err.verify_message)
    return ""


def test_a_client_that_trusts_the_ca_trusts_the_leaf_for_its_name_only(tmp_path: Path, ca: Pair) -> None:
    leaf, bundle = leaf_of(ca), write_bundle([ca.certificate])

    assert shake(tmp_path, leaf, bundle) == ""
    assert "mismatch" in shake(tmp_path, leaf, bundle, name="other.phase2-system.svc")


def test_during_a_change_leaves_of_both_cas_are_trusted(tmp_path: Path, ca: Pair) -> None:
    other = make_ca(NOW, TERMS.ca)
    bundle = write_bundle([other.certificate, ca.certificate])

    assert [shake(tmp_path, leaf_of(one), bundle) for one in (ca, other)] == ["", ""]
    assert shake(tmp_path, leaf_of(other), write_bundle([ca.certificate])) != ""


def test_an_address_is_a_name_too(tmp_path: Path, ca: Pair) -> None:
    leaf = leaf_of(ca, "127.0.0.1", SERVICE)

    assert names_of(leaf.certificate) == {"127.0.0.1", SERVICE}
    assert shake(tmp_path, leaf, write_bundle([ca.certificate]), name="127.0.0.1") == ""


def test_a_leaf_ends_with_its_ca_at_the_latest(ca: Pair) -> None:
    leaf = leaf_of(ca, days=10_000)

    assert leaf.certificate.not_valid_after_utc == ca.certificate.not_valid_after_utc


def test_a_leaf_that_ends_with_its_ca_is_not_made_again_and_again(ca: Pair) -> None:
    late = ca.certificate.not_valid_after_utc - dt.timedelta(days=1)
    held = Material(
        ca=ca, leaf=make_leaf(ca, [SERVICE], now=late, lifetime=TERMS.leaf), next_ca=make_ca(late, TERMS.ca)
    )

    assert decide(held, Seen(), names=frozenset({SERVICE}), terms=TERMS, now=late) is held


def test_other_names_are_a_reason_for_another_leaf(ca: Pair) -> None:
    held = Material(ca=ca, leaf=leaf_of(ca))

    made = decide(held, Seen(), names=frozenset({"x.example"}), terms=TERMS, now=NOW)

    assert made.leaf
    assert names_of(made.leaf.certificate) == {"x.example"}
    assert made.ca is ca


def test_what_is_written_is_read_again(ca: Pair) -> None:
    other, old = make_ca(NOW, TERMS.ca), make_ca(NOW, TERMS.ca)
    made = Material(ca=ca, leaf=leaf_of(ca), next_ca=other, old=(old.certificate,))

    again = parse_material(write_material(made))

    assert write_material(again) == write_material(made)
    assert again.broken == ()
    assert again.trusted == (ca.certificate, other.certificate, old.certificate)


def test_a_key_of_another_certificate_is_broken(ca: Pair) -> None:
    data = write_material(Material(ca=ca, leaf=leaf_of(ca)))
    data["tls.key"] = write_material(Material(leaf=leaf_of(ca)))["tls.key"]

    found = parse_material(data)

    assert found.leaf is None
    assert found.broken == ("tls.crt",)


def test_no_key_shows_itself(ca: Pair) -> None:
    key = write_material(Material(ca=ca))["ca.key"].splitlines()[1].decode()

    assert key not in repr(Material(ca=ca)) + str(ca)


def test_ids_tell_who_signed_what(ca: Pair) -> None:
    assert issuer_id(leaf_of(ca).certificate) == key_id(ca.certificate)
    assert is_our_ca(ca.certificate)
    assert not is_our_ca(leaf_of(ca).certificate)
    assert parse_bundle(b"no pem") == ()
