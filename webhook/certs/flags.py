"""The flags of ``phase2 webhook`` that have to do with TLS, and what they come to."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from injector.cli.options import flag
from injector.cli.words import PathName
from injector.errors import InputError, UsageError
from webhook.certs.terms import Places, Terms, is_name
from webhook.settings import Keeping, Listen, Target, TlsFiles, find_tls

F = TypeVar("F", bound=Callable[..., Any])
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its namespace. Source: kubernetes.io/docs/tasks/run-application/access-api-from-pod/"""
_NAMESPACE: Final = "phase2-system"
_SETTLE_S: Final = 60.0
_STEPS: Final = 30
"""A leaf is good for many steps of a change: terms of minutes are for trying things out."""


def tls_flags(command: F) -> F:
    """Add the flags of TLS."""
    days = {"metavar": "DAYS", "type": click.FloatRange(0, 3650, min_open=True), "show_default": True}
    for decorate in reversed(
        (
            flag(
                "--tls-cert-file",
                metavar="FILE",
                type=PathName(),
                default="",
                help="Certificate and chain as PEM; taken up again when it changes.",
            ),
            flag(
                "--tls-key-file",
                metavar="FILE",
                type=PathName(),
                default="",
                help="Its key as PEM. Without any certificate it is plain HTTP, on loopback only.",
            ),
            flag(
                "--tls-self-managed",
                is_flag=True,
                help="Make and renew a CA and a certificate, and write the CA into the webhook configurations.",
            ),
            flag(
                "--tls-secret",
                metavar="[NAMESPACE/]NAME",
                default="phase2-webhook-tls",
                show_default=True,
                help="Where both are kept for all replicas, and the name of their Lease; by default in the pod's namespace.",
            ),
            flag(
                "--tls-names",
                metavar="NAME,...",
                default="",
                help="What the certificate is for; by default phase2-webhook.NAMESPACE.svc.",
            ),
            flag(
                "--tls-dir",
                metavar="DIR",
                type=PathName(),
                default="",
                help="Folder of this replica's files; best in memory. By default one below TMPDIR.",
            ),
            flag("--tls-leaf-days", default=30.0, help="Term of the certificate; renewed after two thirds.", **days),
            flag("--tls-ca-days", default=365.0, help="Term of the CA; replaced after two thirds.", **days),
            flag(
                "--mutating-configuration",
                metavar="NAME",
                default="00-phase2",
                show_default=True,
                help="The MutatingWebhookConfiguration that gets the CA.",
            ),
            flag(
                "--validating-configuration",
                metavar="NAME",
                default="phase2",
                show_default=True,
                help="The ValidatingWebhookConfiguration that gets the CA.",
            ),
            flag(
                "--client-ca-file",
                metavar="FILE",
                type=PathName(),
                default="",
                help="Let in only clients with a certificate of these CAs, as PEM.",
            ),
        )
    ):
        command = decorate(command)
    return command


def find_keeping(
    given: Mapping[str, Any], listen: Listen, *, cluster: Target, workers: int, account: Path = ACCOUNT
) -> Keeping | None:
    """Return what the keeper of certificates is told; None when there is none to be.

    Raises:
        UsageError: flags contradict each other, or make no sense.
    """
    if not given["tls_self_managed"]:
        return None
    if given["tls_cert_file"] or given["tls_key_file"]:
        raise UsageError("--tls-self-managed makes the certificate; leave --tls-cert-file and --tls-key-file out")
    namespace, slash, name = given["tls_secret"].rpartition("/")
    if not slash:
        namespace = _read_namespace(account) or _NAMESPACE
    names = frozenset(filter(None, given["tls_names"].split(","))) or {f"phase2-webhook.{namespace}.svc"}
    wrong = sorted(one for one in [*names, name, namespace] if not is_name(one))
    if wrong:
        raise UsageError(f"{wrong[0]!r} is no name; see --tls-secret and --tls-names")
    leaf, ca = dt.timedelta(days=given["tls_leaf_days"]), dt.timedelta(days=given["tls_ca_days"])
    if ca < 3 * leaf:
        raise UsageError("--tls-ca-days must be at least three times --tls-leaf-days; a CA outlives what it signs")
    return Keeping(
        cluster=cluster,
        places=Places(
            namespace=namespace,
            secret=name,
            mutating=given["mutating_configuration"],
            validating=given["validating_configuration"],
        ),
        names=frozenset(names),
        folder=Path(given["tls_dir"] or Path(tempfile.gettempdir()) / "phase2-webhook-tls"),
        listen=listen,
        workers=workers,
        terms=Terms(ca=ca, leaf=leaf, settle_s=min(_SETTLE_S, leaf.total_seconds() / _STEPS)),
    )


def find_files(given: Mapping[str, Any], listen: Listen, *, keeping: Keeping | None) -> TlsFiles | None:
    """Return the files that are served: the keeper's, or those that are named.

    Raises:
        UsageError: they make no sense.
        InputError: one cannot be read.
    """
    if keeping is not None:
        return TlsFiles(keeping.folder / "tls.crt", keeping.folder / "tls.key")
    return find_tls(given["tls_cert_file"], given["tls_key_file"], listen)


def find_client_ca(given: Mapping[str, Any], files: TlsFiles | None) -> Path | None:
    """Return the file of the CAs whose clients are let in; None to let in everybody.

    Raises:
        UsageError: there is no TLS.
        InputError: it cannot be read.
    """
    if not given["client_ca_file"]:
        return None
    if files is None:
        raise UsageError("--client-ca-file: plain HTTP has no certificates; give one to the webhook, too")
    found = Path(given["client_ca_file"])
    if not found.is_file():
        raise InputError(f"{found}: no such file; name a PEM file")
    return found


def _read_namespace(account: Path) -> str:
    try:
        return (account / "namespace").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
