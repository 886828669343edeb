"""The contract's document as YAML: what `render_json` gives, for people who read YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from injector.model import Report
from injector.report.contract import build_document
from injector.report.options import PLAIN, Options

if TYPE_CHECKING:
    _Base = yaml.SafeDumper
else:
    # The C emitter is ten times faster, and a build of PyYAML without libyaml has none.
    _Base = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Base):
    """Writes every list and text out: an alias in a report would be a riddle."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def render_yaml(report: Report, options: Options = PLAIN) -> str:
    """Return the document as one YAML document, keys in the contract's order."""
    return encode(build_document(report, options.hidden))


def encode(document: object) -> str:
    """Return any plain value as YAML text."""
    # 1000 columns: a folded message is hard to search for.
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)
