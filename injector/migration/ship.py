"""Writes the files that are made from `injector.migration.schema`: ``python -m injector.migration.ship``."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from injector.migration.schema import crd, json_schema

if __name__ == "__main__":
    root = Path(__file__).parents[2]
    schema = json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"
    (root / "injector/migration/secretmigration.schema.json").write_text(schema, encoding="utf-8")
    target = root / "deploy/base/crd-secretmigrations.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    head = "# Made by: python -m injector.migration.ship\n"
    target.write_text(head + yaml.safe_dump(crd(), sort_keys=False, width=120), encoding="utf-8")
