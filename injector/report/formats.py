"""Every format a report can be printed in, and its renderer."""

from __future__ import annotations

from typing import assert_never

from injector.model import Report
from injector.report.csvtext import render_csv
from injector.report.jsontext import render_json
from injector.report.markdown import render_markdown
from injector.report.names import render_names
from injector.report.options import PLAIN, Format, Options
from injector.report.table import render_table
from injector.report.wide import render_wide
from injector.report.yamltext import render_yaml


def render(report: Report, output: Format, options: Options = PLAIN) -> str:
    """Return the report in a format; complete also when there is nothing in it."""
    match output:
        case Format.TABLE:
            return render_table(report, options)
        case Format.WIDE:
            return render_wide(report, options)
        case Format.JSON:
            return render_json(report, options)
        case Format.YAML:
            return render_yaml(report, options)
        case Format.CSV:
            return render_csv(report, options)
        case Format.MARKDOWN:
            return render_markdown(report, options)
        case Format.NAME:
            return render_names(report, options)
    assert_never(output)
