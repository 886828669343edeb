"""One identity per line, for ``xargs -n 1 phase2 explain``."""

from __future__ import annotations

from injector.model import Report
from injector.report.figures import identity
from injector.report.options import PLAIN, Options
from injector.report.plaintext import printable


def render_names(report: Report, _options: Options = PLAIN) -> str:
    """Return ``<source>/<namespace>/<name>`` of every item, once each; orphans are not named."""
    return "".join(f"{line}\n" for line in dict.fromkeys(printable(identity(item)) for item in report.items))
