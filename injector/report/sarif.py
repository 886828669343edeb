"""What `phase2 verify` found as SARIF 2.1.0, which GitHub's code scanning and editors read.

Suppressed violations are left out: GitHub does not read SARIF's suppressions, and would show them as alerts.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/, and for what GitHub reads of it
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from injector._version import __version__
from injector.config.verify import LEVELS, Level
from injector.location import Location
from injector.model import Diagnostic
from injector.report.jsontext import encode
from injector.report.plaintext import printable
from injector.rules.rule import Rule
from injector.verify.model import Verification, Violation
from injector.verify.rules import RULES

Json = dict[str, object]

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_WORDS: Final = {Level.DENY: "error", Level.WARN: "warning", Level.OFF: "none"}
_INDEX: Final = {rule.id: number for number, rule in enumerate(RULES)}


def render_sarif(found: Verification, *, is_full: bool, base: str = "") -> str:
    """Return the log as JSON text, complete also when nothing was found.

    Args:
        found: what was found.
        is_full: everything that matters could be read.
        base: the way from the repository's folder to the one that paths are relative to.
    """
    return encode(
        {
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "phase2",
                            "version": __version__,
                            "rules": [_rule(one) for one in RULES],
                        }
                    },
                    "columnKind": "utf16CodeUnits",
                    "invocations": [
                        {
                            "executionSuccessful": is_full,
                            "toolExecutionNotifications": [_notification(one, base) for one in found.unreadable],
                        }
                    ],
                    "results": list(_results(found, base)),
                }
            ],
        }
    )


def _rule(one: Rule) -> Json:
    return {
        "id": one.id,
        "shortDescription": {"text": one.statement},
        "fullDescription": {"text": one.statement},
        "help": {
            "text": f"{one.statement} {one.remedy}",
            "markdown": f"{one.statement}\n\n**What to do:** {one.remedy}\n\n```yaml\n{one.example.rstrip()}\n```\n",
        },
        "defaultConfiguration": {"level": _WORDS[LEVELS[one.id]]},
    }


def _results(found: Verification, base: str) -> Iterator[Json]:
    seen: Counter[str] = Counter()
    for one in found.violations:
        place = _place(one.location, base)
        # Not the line: an alert stays the same when something is written above it.
        own = "\0".join((one.rule, place, str(one.subject or ""), one.message))
        seen[own] += 1
        digest = hashlib.sha256(f"{own}\0{seen[own]}".encode("utf-8", "surrogateescape")).hexdigest()
        yield {
            "ruleId": one.rule,
            "ruleIndex": _INDEX[one.rule],
            "level": _WORDS[one.level],
            "message": {"text": printable(_told(one))},
            "locations": [_location(one.location, base)],
            "partialFingerprints": {"phase2/v1": digest[:32]},
        }


def _told(one: Violation) -> str:
    return f"{one.subject}: {one.message}" if one.subject else one.message


def _notification(one: Diagnostic, base: str) -> Json:
    return {
        "level": "error" if one.is_deployed else "note",
        "message": {"text": printable(one.message)},
        "locations": [_location(one.location, base)],
    }


def _location(one: Location, base: str) -> Json:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _place(one, base)},
            "region": {"startLine": max(one.line, 1)},
        }
    }


def _place(one: Location, base: str) -> str:
    path = posixpath.normpath(f"{base}/{one.path}") if base else one.path
    return quote(path.encode("utf-8", "surrogateescape"), safe="/-._~")
