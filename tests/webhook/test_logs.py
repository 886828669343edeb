"""Logs: one JSON object a line, without what an exception says."""

from __future__ import annotations

import json
import logging

from tests.canary import CANARY, has_canary
from webhook.logs import LOGGER, JsonFormatter, make_config


def record(message: str, **more: object) -> logging.LogRecord:
    made = logging.LogRecord(LOGGER, logging.WARNING, "x.py", 1, message, None, None)
    made.created, made.msecs = 1795562697.25, 250.0
    made.__dict__.update(more)
    return made


def test_a_record_is_one_line_of_json_with_its_fields() -> None:
    line = JsonFormatter().format(record("answered\nso", fields={"uid": "1", "status": 200}))

    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-11-24T23:24:57.250Z",
        "level": "warning",
        "message": "answered\nso",
        "uid": "1",
        "status": 200,
    }


def test_a_traceback_is_left_out() -> None:
    line = JsonFormatter().format(record("a bug", exc_info=(ValueError, ValueError(CANARY), None)))

    assert not has_canary(line)


def test_a_file_name_of_any_bytes_can_be_told() -> None:
    line = JsonFormatter().format(record(b"/p/\xff.yaml: is no YAML".decode(errors="surrogateescape")))

    assert json.loads(line)["message"] == "/p/\\udcff.yaml: is no YAML"


def test_the_servers_own_lines_look_the_same() -> None:
    loggers = make_config()["loggers"]

    assert loggers["_granian"] == loggers[LOGGER]
