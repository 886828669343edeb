"""Whether Vault Agent can render what an ESO template makes: one answer for the verdict and for the plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from injector.model import Credential, Extract, Readiness, SecretKey, SecretSource, Verdict
from injector.redact import REDACTED
from injector.templates import Engine, Field, Refusal, Whole, translate

_ANY: Final = Field(path="secret/data/any", prop="any")
"""Stands for every variable: the plan decides which of them the engine issues and which stay in KV."""


def find_refusal(credential: Credential, source: SecretSource) -> Refusal | None:
    """Return why a template of a credential's keys has no equivalent; None when all have one.

    What is asked here is the template itself, its functions and its syntax; where its variables come from is the plan's.

    Args:
        credential: of `source`.
        source: the ExternalSecret.
    """
    keys = {key.name: key for key in source.keys}
    for name in credential.keys:
        refusal = _refusal_of(keys[name], source) if name in keys else None
        if refusal:
            return refusal
    return None


def why_refused(refusal: Refusal) -> str:
    """Return a refusal in words, without its place."""
    return f"{refusal.construct}: {refusal.message}"


def block_untranslatable(credential: Credential, source: SecretSource) -> Credential:
    """Return a dynamic-capable credential with all its readers blocked when it cannot be rendered; else as it is."""
    refusal = find_refusal(credential, source) if credential.verdict is Verdict.DYNAMIC else None
    if refusal is None:
        return credential
    why = f"{why_refused(refusal)} ({refusal.location})"
    consumers = tuple(
        replace(one, readiness=Readiness.BLOCKED, obstacles=(why, *one.obstacles)) for one in credential.consumers
    )
    return replace(credential, consumers=consumers)


def is_bare(key: SecretKey) -> bool:
    """Tell a template that hands one variable through."""
    template, variables = key.template, key.variables
    return len(variables) == 1 and template.strip("{}- ") == f".{variables[0]}" and template.count("{{") == 1


def wholes_of(source: SecretSource) -> tuple[Whole, ...]:
    """Return what a source's ``dataFrom`` gives its templates."""
    return tuple(_whole(one) for one in source.extracts)


def _refusal_of(key: SecretKey, source: SecretSource) -> Refusal | None:
    if REDACTED in key.template:
        return Refusal("literal secret", "stands in the template itself; move it to Vault first", key.location)
    if not key.template or is_bare(key):
        return None
    variables = dict.fromkeys((*(name for name, _ in source.variables), *key.variables), _ANY)
    made = translate(key.template, variables, location=key.location, whole=wholes_of(source))
    return made if isinstance(made, Refusal) else None


def _whole(one: Extract) -> Whole:
    remote = one.remote
    return Whole(
        path=remote.path,
        prop=remote.prop,
        engine=Engine.KV_V1 if remote.kv == "v1" else Engine.KV_V2,
        version=remote.version,
        decoding=remote.decoding,
        metadata=remote.metadata,
        conversion=one.conversion,
        is_rewritten=one.is_rewritten,
        location=remote.location,
    )
