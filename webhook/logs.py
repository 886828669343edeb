"""Logs as one JSON object a line, on stderr. What is logged never holds a part of a request's body but its uid and namespace."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import orjson

LOGGER: Final = "phase2.webhook"


class JsonFormatter(logging.Formatter):
    """A record as JSON: ``time``, ``level``, ``message``, and the fields that the caller gave as ``extra={"fields": …}``.

    A traceback is left out: its text may quote what stands in an object.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "message": record.getMessage()
            .encode("utf-8", "backslashreplace")
            .decode(),  # names of files may be any bytes
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line |= fields
        return orjson.dumps(line, default=str).decode()


def make_config() -> dict[str, Any]:
    """Return the configuration of logging, for us and for the server, as `logging.config.dictConfig` takes it."""
    handler = {"handlers": ["stderr"], "level": "INFO", "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"},
        },
        "loggers": {"_granian": dict(handler), "granian.access": dict(handler), LOGGER: dict(handler)},
    }
