"""Takes secret values out of text that is shown or kept as evidence.

When in doubt, a text is redacted: evidence is hosts, ports, schemes, file paths and plain words.
"""

from __future__ import annotations

import re
from typing import Final

REDACTED: Final = "<redacted>"

_URL_LOGIN: Final = re.compile(r"(?P<scheme>[A-Za-z][\w+.-]*://)[^\s/@]*@")
_QUERY_SECRET: Final = re.compile(r"(?i)(?P<name>[?&;\s](?:password|passwd|pwd|secret|token|key|sig|signature)=)[^&;\s]+")
_PLAIN: Final = re.compile(
    r"(?:\$\{[^}]*\}|\{\{[^}]*\}\}|[a-z]+(?:[-_ .][a-z0-9]+)*|[A-Z][a-z]+(?:[/ ][A-Z][a-z_]+)*|\d{1,6}[a-z]{0,2}|true|false)\Z"
)
_HOST: Final = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d{1,5})?(?:/[\w./-]*)?\Z|[a-z0-9-]+:\d{2,5}\Z|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\Z")
_URL: Final = re.compile(r"[A-Za-z][\w+.-]*://(?:[\w.${}-]+)(?::\d+)?(?:/[\w./${}?=&-]*)?\Z")
_PATH: Final = re.compile(r"[./~]?(?:/[\w.@${}-]+)+/?\Z")
_MAX_PLAIN: Final = 40


def redact(text: str) -> str:
    """Return `text` when it is plain configuration, else what of it may be shown."""
    cleaned = _QUERY_SECRET.sub(rf"\g<name>{REDACTED}", _URL_LOGIN.sub(rf"\g<scheme>{REDACTED}@", text))
    if cleaned != text:
        return cleaned
    return REDACTED if looks_secret(text) else text


def looks_secret(text: str) -> bool:
    """Tell whether a literal may be a secret value; an empty text is none."""
    if not text:
        return False
    if any(pattern.match(text) for pattern in (_HOST, _URL, _PATH)):
        return False
    return len(text) > _MAX_PLAIN or not _PLAIN.match(text)
