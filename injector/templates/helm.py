"""Vault Agent's templates inside Helm values that a chart passes through ``tpl``.

Such a value is itself a template for Helm, with the same braces.
"""

from __future__ import annotations

import re
from typing import Final

_PIECES: Final = re.compile(r"[`\r]+|[^`\r]+")


def quote_for_tpl(text: str) -> str:
    """Return what ``tpl`` turns into `text`; unchanged when Helm finds nothing to do in it.

    Raw strings of Go can hold neither a backquote nor a carriage return, so these stand in strings of their own.
    """
    if "{{" not in text:
        return text
    pieces = []
    for piece in _PIECES.findall(text):
        if piece[0] in "`\r":
            escaped = piece.replace("\r", "\\r")
            pieces.append(f'{{{{ "{escaped}" }}}}')
        else:
            pieces.append(f"{{{{ `{piece}` }}}}")
    return "".join(pieces)
