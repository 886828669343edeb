"""Flags of TLS, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from injector.errors import InputError, UsageError
from webhook.certs.flags import find_client_ca, find_files, find_keeping
from webhook.settings import Keeping, Listen, Target, TlsFiles

LISTEN = Listen("127.0.0.1", 8443)


def flags(**more: object) -> dict[str, Any]:
    return {
        "tls_self_managed": True,
        "tls_cert_file": "",
        "tls_key_file": "",
        "tls_secret": "phase2-webhook-tls",
        "tls_names": "",
        "tls_dir": "/run/x",
        "tls_leaf_days": 30.0,
        "tls_ca_days": 365.0,
        "mutating_configuration": "00-phase2",
        "validating_configuration": "phase2",
        "client_ca_file": "",
        **more,
    }


def keeping(account: Path, **more: object) -> Keeping | None:
    return find_keeping(flags(**more), LISTEN, cluster=Target(), workers=1, account=account)


def test_by_default_it_is_the_services_name_in_the_pods_namespace(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("elsewhere\n", encoding="ascii")

    made = keeping(tmp_path)

    assert made
    assert made.names == {"phase2-webhook.elsewhere.svc"}
    assert (made.places.namespace, made.places.secret) == ("elsewhere", "phase2-webhook-tls")
    assert made.round_s == 5.0
    assert find_files(flags(), LISTEN, keeping=made) == TlsFiles(Path("/run/x/tls.crt"), Path("/run/x/tls.key"))


def test_namespace_and_names_can_be_given(tmp_path: Path) -> None:
    made = keeping(tmp_path, tls_secret="ns/name", tls_names="a.example,127.0.0.1", tls_leaf_days=0.001)  # noqa: S106 - a name

    assert made
    assert made.names == {"a.example", "127.0.0.1"}
    assert (made.places.namespace, made.places.secret) == ("ns", "name")
    assert made.round_s < 1


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"tls_cert_file": "x"}, "leave --tls-cert-file"),
        ({"tls_secret": "a/b/c"}, "is no name"),
        ({"tls_secret": "/"}, "is no name"),
        ({"tls_names": "ÄÖ"}, "is no name"),
        ({"tls_names": "a..b"}, "is no name"),
        ({"tls_ca_days": 60.0}, "at least three times"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, wrong: dict[str, object], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        keeping(tmp_path, **wrong)


def test_without_the_flag_nothing_is_kept_and_files_are_served(tmp_path: Path) -> None:
    assert keeping(tmp_path, tls_self_managed=False) is None
    assert find_files(flags(tls_self_managed=False), LISTEN, keeping=None) is None


def test_clients_certificates_need_tls_and_a_file(tmp_path: Path) -> None:
    files, ca = TlsFiles(tmp_path, tmp_path), tmp_path / "ca.crt"
    assert find_client_ca(flags(), None) is None
    with pytest.raises(UsageError, match="plain HTTP"):
        find_client_ca(flags(client_ca_file=str(ca)), None)
    with pytest.raises(InputError, match="no such file"):
        find_client_ca(flags(client_ca_file=str(ca)), files)
    ca.touch()

    assert find_client_ca(flags(client_ca_file=str(ca)), files) == ca
