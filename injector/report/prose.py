"""Sentences about the parts of a report that `wide`, `explain` and Markdown share."""

from __future__ import annotations

from injector.model import Consumer, ConsumerReport, Credential, Diagnostic, Finding, Reason


def describe_credential(one: Credential) -> str:
    """Return keys, kind, engine, verdict and confidence of a credential in one line."""
    engine = f" from {one.engine}" if one.engine else ""
    return f"{', '.join(one.keys) or '(no keys)'}: {one.kind}, {one.verdict}{engine} ({one.confidence})"


def describe_reason(one: Reason | Finding) -> str:
    """Return where, by which rule and why."""
    return f"{one.location}: {one.rule}: {one.message}"


def describe_diagnostic(one: Diagnostic) -> str:
    """Return where, by which code and why, and whether the deployed tree needs the file."""
    return f"{one.location}: {one.code}: {one.message}{'' if one.is_deployed else ' (not deployed)'}"


def describe_consumer(one: Consumer) -> str:
    """Return who reads what by which way, and where that is written."""
    container = f" container {one.container.name}" if one.container else ""
    detail = " ".join(part for part in (one.env or one.path, f"key {one.key}" if one.key else "") if part)
    return f"{one.location}: {one.ref}{container} reads it by {one.how}{f' ({detail})' if detail else ''}"


def describe_reader(one: ConsumerReport) -> str:
    """Return a consumer with its readiness, when it has one."""
    return describe_consumer(one.consumer) + (f": {one.readiness}" if one.readiness else "")
