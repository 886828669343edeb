"""From the templates of External Secrets Operator (engine v2) to those of Vault Agent.

Both are Go's text/template, with other functions and other data. `translate` is the door; a text that has no
equivalent becomes a `Refusal`, never a guess.
"""

from __future__ import annotations

from injector.templates.translate import (
    DEFAULT_DELIMITERS,
    Engine,
    Field,
    Refusal,
    Translation,
    Variable,
    Whole,
    translate,
    translate_env_file,
    translate_value,
)

__all__ = [
    "DEFAULT_DELIMITERS",
    "Engine",
    "Field",
    "Refusal",
    "Translation",
    "Variable",
    "Whole",
    "translate",
    "translate_env_file",
    "translate_value",
]
