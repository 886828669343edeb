"""What the webhook is told at its start; immutable, and handed to each worker as it is."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from injector.config.model import DEFAULT, Config
from injector.errors import InputError, UsageError
from injector.pod.model import Settings as PodSettings
from webhook.answering import OnError
from webhook.certs.terms import LONGEST_ROUND_S, LOOKS, Places, Terms, make_identity
from webhook.validation import Rules

MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Variable: where several workers put their numbers together; prometheus_client reads it when it is imported."""
KEPT: Final = "kept"
"""File beside the certificates that the webhook makes: touched after each round in which all was well."""
_PORTS: Final = 65_535


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the webhook listens: an IP address and a port."""

    address: str = "127.0.0.1"
    port: int = 8443

    def __str__(self) -> str:
        """Return ``address:port``, an IPv6 address in brackets."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """Which API server.

    Attributes:
        kubeconfig: a file; empty for the one whose pod this is.
        context: of the kubeconfig; empty for its current one.
    """

    kubeconfig: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate, its chain behind it, and its key, as PEM files."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What the keeper is told.

    Attributes:
        cluster: which API server.
        places: where the Secret, the Lease and the configurations are.
        names: what the leaf is for.
        folder: where this replica's files are.
        listen: where the server listens.
        workers: of the server.
        terms: for how long certificates are made.
        identity: this replica's name.
    """

    cluster: Target
    places: Places
    names: frozenset[str]
    folder: Path
    listen: Listen
    workers: int = 1
    terms: Terms = field(default_factory=Terms)
    identity: str = field(default_factory=lambda: make_identity(socket.gethostname()))

    @property
    def round_s(self) -> float:
        """Return the seconds between two rounds."""
        return min(LONGEST_ROUND_S, self.terms.settle_s / LOOKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that the webhook is told.

    Attributes:
        policy_dir: where the SecretMigrations are; empty to watch the API server.
        cluster: which API server is watched.
        pods: how pods are mutated.
        config: what the user decided: the convention by which a label alone is enough, and what classification needs.
        rules: what is warned about or denied.
        on_error: what becomes of an object when the webhook itself fails.
        listen: where to listen.
        tls: None for plain HTTP.
        keeping: makes and renews the certificate of `tls`; None when somebody else does.
        client_ca: a PEM file of the CAs of which every client must have a certificate; None to let everybody ask.
        workers: processes that answer.
        poll_s: seconds between two looks at the folder and the certificate. A mounted ConfigMap takes about a minute to
            change anyway.
        drain_s: seconds after SIGTERM in which requests are still answered: endpoints take that long to know.
        read_timeout_s: seconds in which a request's body must have come.
    """

    policy_dir: str = ""
    cluster: Target = field(default_factory=Target)
    pods: PodSettings = field(default_factory=PodSettings)
    config: Config = DEFAULT
    rules: Rules = field(default_factory=Rules)
    on_error: OnError = OnError.ALLOW
    listen: Listen = field(default_factory=Listen)
    tls: TlsFiles | None = None
    keeping: Keeping | None = None
    client_ca: Path | None = None
    workers: int = 1
    poll_s: float = 2.0
    drain_s: float = 5.0
    read_timeout_s: float = 5.0


def parse_listen(text: str) -> Listen:
    """Return an address and port as text has them: ``127.0.0.1:8443``, ``[::1]:8443``, ``:8443`` for every address.

    Raises:
        UsageError: it is none.
    """
    address, colon, port = text.rpartition(":")
    mistake = UsageError(f"--listen {text}: is no address and port; write it as in 127.0.0.1:8443")
    if not (colon and port.isascii() and port.isdigit() and 0 < int(port) <= _PORTS):
        raise mistake
    if not address:
        return Listen("0.0.0.0", int(port))  # noqa: S104 - asked for
    try:
        host = str(ipaddress.ip_address(address.removeprefix("[").removesuffix("]")))
    except ValueError as err:
        raise mistake from err
    return Listen(host, int(port))


def find_tls(certificate: str, key: str, listen: Listen) -> TlsFiles | None:
    """Return the files of a certificate; None for plain HTTP, which only a loopback address may have.

    Raises:
        UsageError: only one of them is named, or none where everybody could listen in.
        InputError: one cannot be read.
    """
    if bool(certificate) != bool(key):
        raise UsageError("--tls-cert-file and --tls-key-file belong together; give both, or neither")
    if not certificate:
        if not ipaddress.ip_address(listen.address).is_loopback:
            raise UsageError(
                f"--listen {listen}: pods may hold secrets, and this is plain HTTP; give --tls-cert-file and "
                "--tls-key-file, or listen on 127.0.0.1"
            )
        return None
    for name in (certificate, key):
        if not Path(name).is_file():
            raise InputError(f"{name}: no such file; name a PEM file")
    return TlsFiles(Path(certificate), Path(key))
