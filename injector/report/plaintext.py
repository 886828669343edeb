"""Text that may be shown.

Names and messages come from files that anybody may have written: an escape sequence in a name must not reach a
terminal, and a line break in one must not forge a line.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """Return the text on one line with every unprintable character spelled out as an escape."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def encodable(text: str) -> str:
    """Return the text with the lone surrogates spelled out that stand for bytes of a file name that is no UTF-8."""
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
