"""Writes the files that are made from `injector.migration.schema`: ``python -m injector.cli.shipped``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from injector.migration.schema import crd, json_schema
from injector.report.yamltext import encode


def build_files() -> Mapping[str, str]:
    """Return the files: path below the repository -> text."""
    return {
        "injector/migration/secretmigration.schema.json": json.dumps(json_schema(), indent=2, sort_keys=True) + "\n",
        "deploy/base/crd-secretmigrations.yaml": "# Made by: python -m injector.cli.shipped\n" + encode(crd()),
    }


if __name__ == "__main__":  # pragma: no cover - the test calls build_files
    for name, text in build_files().items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
