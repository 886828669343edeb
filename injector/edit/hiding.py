"""Lines of manifests for eyes that do not see the manifests: what may be a secret value is taken out of them.

A diff on a terminal ends up in the log of a CI run, a journal in another file than the manifest: neither may carry on what
somebody has written beside, or into, the lines that an edit touches.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from injector.redact import REDACTED, is_plain, redact

_NAMES: Final = (
    "kind|name|namespace|generateName|key|secretKey|property|version|remoteKey|remoteRef|secretName|secretStoreRef|secretRef"
    "|secretKeyRef|configMapRef|configMapKeyRef|valueFrom|refreshInterval|refreshPolicy|creationPolicy|deletionPolicy"
    "|engineVersion|mergePolicy|decodingStrategy|conversionStrategy|metadataPolicy|nullBytePolicy|mountPath|subPath|readOnly|mode"
    "|defaultMode|optional|path|type"
)
_END: Final = r"(?=[ \t]*(?:[,}\]\r\n#]|\Z))"
_REFERENCE: Final = re.compile(
    rf"""
      ^(?:-\ |\ )*apiVersion:[ \t]+[\w./-]+{_END}
    | (?<![\w.-])["']?kind["']?:[ \t]+["']?ClusterExternalSecret["']?{_END}  # longer than a plain word may be
    | (?<![\w.-])["']?(?:{_NAMES})["']?:[ \t]+["']?(?P<named>[\w./@-]*)["']?{_END}
    | (?<![\w.-])["']?[\w.-]{{1,253}}/secrets["']?:[ \t]+(?P<listed>[\w.-]+(?:,[\w.-]+)*){_END}
    | (?<![\w.-])[A-Za-z]{{1,40}}:[ \t]*(?:true|false)?(?=[ \t]*(?:[{{\[\r\n#]|\Z))
    | [\u2013\u2014\u2026\u2190-\u2193]
    """,
    re.VERBOSE,
)
_VALUE: Final = re.compile(r"(?P<head>(?<![\w.-])[\"']?value[\"']?[ \t]*:[ \t]*)(?P<value>[\"']?[^,}\r\n]*)")
"""A literal variable: a password that is a plain word looks like any other."""
_PLAIN: Final = re.compile(r"[\"']?(?:/[\w./-]*|\d{0,9}|true|false|\$\{\w+)?[\"']?[ \t]*(?:#.*)?\Z")


@lru_cache(maxsize=4096)
def hide(line: str) -> str:
    """Return a line with ``<redacted>`` for what may be a secret value; names of objects, keys and fields stay."""
    kept: list[str] = []
    last = 0
    for match in _REFERENCE.finditer(line):
        if not all(map(is_plain, (match["named"] or match["listed"] or "").split(","))):
            continue
        kept += [_hide(line[last : match.start()]), match[0]]
        last = match.end()
    return "".join((*kept, _hide(line[last:])))


def _hide(text: str) -> str:
    return redact(_VALUE.sub(_hide_value, text))


def _hide_value(match: re.Match[str]) -> str:
    return match[0] if _PLAIN.match(match["value"]) else f"{match['head']}{REDACTED}"


def is_hidden(line: str) -> bool:
    """Tell whether `hide` takes something out of a line."""
    return hide(line) != line
