"""What the keeper of certificates is told. Free of libraries, so that the flags are known where they are not installed."""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from typing import Final

_ADMISSION: Final = "/apis/admissionregistration.k8s.io/v1"
_LONGEST_NAME: Final = 63
LOOKS: Final = 6
"""In how many rounds something must be seen, at least, to be taken for settled."""
LONGEST_ROUND_S: Final = 5.0
"""Between two rounds: a wiped ``caBundle`` lets nobody in until it is mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """For how long certificates are made. A third of its term before the end, one is replaced.

    Attributes:
        ca: term of a CA.
        leaf: term of a leaf; shorter than a third of a CA's, so that a CA outlives the leaves that it signs.
        settle_s: seconds that pass between two steps of a change, in which every API server learns of the one before.
    """

    ca: dt.timedelta = dt.timedelta(days=365)
    leaf: dt.timedelta = dt.timedelta(days=30)
    settle_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where everything is.

    Attributes:
        namespace: of the Secret and the Lease.
        secret: its name, and the Lease's.
        mutating: name of our MutatingWebhookConfiguration.
        validating: name of our ValidatingWebhookConfiguration.
    """

    namespace: str
    secret: str
    mutating: str
    validating: str

    @property
    def configurations(self) -> tuple[str, ...]:
        """Return the paths of our configurations."""
        return (
            f"{_ADMISSION}/mutatingwebhookconfigurations/{self.mutating}",
            f"{_ADMISSION}/validatingwebhookconfigurations/{self.validating}",
        )


def make_identity(host: str) -> str:
    """Return a replica's name as it may stand in an annotation: the pod's, which is its host name."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in "-.") else "-" for char in host)
    return kept[:_LONGEST_NAME].strip("-.") or "replica"


def is_name(text: str) -> bool:
    """Tell whether it can stand in a certificate: an IP address or a DNS name."""
    labels = text.split(".")
    return find_address(text) is not None or all(
        0 < len(one) <= 63 and one.isascii() and one.replace("-", "a").isalnum() and one.lower() == one  # noqa: PLR2004 - RFC 1035
        for one in labels
    )


def find_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that a text is; None when it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
