"""SecretMigration: written, read, checked."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import cast

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.cli.shipped import build_files
from injector.location import Location
from injector.manifests.shape import Misshape
from injector.manifests.yamldoc import Map, iter_documents
from injector.migration.model import SecretMigration, Stage
from injector.migration.parse import is_migration, parse_migration
from injector.migration.schema import json_schema
from injector.migration.write import write_migration
from injector.model import NOWHERE
from tests.unit.migration.strategies import migrations

_VALID = """\
apiVersion: phase2.tazlab.net/v1alpha1
kind: SecretMigration
metadata:
  name: shop-db
  namespace: shop
spec:
  stage: inject
  source:
    kind: ExternalSecret
    name: shop-db
  secret: shop-db
  auth: {method: jwt, mount: jwt}
  credentials:
    - name: shop
      keys: [password, username]
      engine: database/postgresql
      path: database/creds/shop
  files:
    - key: password
      template: '{{ with secret "database/creds/shop" }}{{ .Data.password }}{{ end }}'
    - key: username
      template: '{{ with secret "database/creds/shop" }}{{ .Data.username }}{{ end }}'
  workloads:
    - kind: Deployment
      name: shop
      serviceAccount: shop
      role: shop-shop
      containers:
        - name: app
          reads:
            - {key: '*', delivery: file, path: /etc/db}
"""


def _load(text: str) -> Map:
    parsed = next(iter(iter_documents(text.encode(), "m.yaml")))[1]
    assert not isinstance(parsed, Exception)
    return cast("Map", parsed.value)


def _parse(text: str) -> SecretMigration:
    made = parse_migration(_load(text))
    assert isinstance(made, SecretMigration), [str(one) for one in made]
    return made


def _wrong(text: str) -> list[str]:
    made = parse_migration(_load(text))
    assert isinstance(made, tuple)
    return [str(one) for one in made]


def _without_locations(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_without_locations(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        changes = {
            one.name: NOWHERE if one.name == "location" else _without_locations(getattr(value, one.name))
            for one in fields(value)
        }
        return replace(value, **changes)
    return value


@given(migrations())
@settings(max_examples=150)
def test_what_is_written_reads_back_as_the_same(migration: SecretMigration) -> None:
    text = write_migration(migration)

    assert _without_locations(_parse(text)) == migration


@given(migrations())
@settings(max_examples=60)
def test_what_is_written_fits_the_json_schema(migration: SecretMigration) -> None:
    document = yaml.safe_load(write_migration(migration))

    jsonschema.validate(document, json_schema())


@given(migrations(), st.text(max_size=30))
@settings(max_examples=60)
def test_comments_change_nothing_that_is_read(migration: SecretMigration, comment: str) -> None:
    comment = "".join(one for one in comment if one.isprintable())
    fields_told = [
        "",
        "spec.stage",
        "spec.source",
        "spec.auth.mount",
        "spec.credentials[0]",
        "spec.files[0]",
        "spec.workloads[0].role",
    ]

    text = write_migration(migration, {field: [comment, "second"] for field in fields_told})

    assert _without_locations(_parse(text)) == migration
    assert "# second" in text


def test_valid_document_tells_its_keys_and_lines() -> None:
    made = _parse(_VALID)

    assert made.keys == ("password", "username")
    assert made.stage is Stage.INJECT
    assert made.credentials[0].location == Location("m.yaml", 14)


def test_stages_are_in_order() -> None:
    ranks = [stage.rank for stage in (Stage.PREPARE, Stage.INJECT, Stage.RELEASE, Stage.RETIRE)]

    assert ranks == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("stage: inject", "stage: injet", "m.yaml:7: spec.stage: is not one of the known words; did you mean inject?"),
        ("stage: inject", "stage: 7", "m.yaml:7: spec.stage: must be text, not a number (quote it to make it text)"),
        ("  secret: shop-db", "  sekret: shop-db", "m.yaml:11: spec.sekret: is not a known field; did you mean secret?"),
        ("  secret: shop-db\n", "", "m.yaml:7: spec.secret: is missing; it must be given"),
        ("auth: {method: jwt, mount: jwt}", "auth: jwt", "m.yaml:12: spec.auth: must be a mapping, not text"),
        ("keys: [password, username]", "keys: []", "m.yaml:15: spec.credentials[0].keys: must have at least 1 item"),
        ("keys: [password, username]", "keys: [password]", "m.yaml:21: spec.files: key username belongs to no credential; add it to one, or drop it"),
        ("keys: [password, username]", "keys: [password, username, url]", "m.yaml:14: spec.files: moved key url has no file; add one with its template"),
        ("delivery: file, path: /etc/db", "delivery: file", "m.yaml:31: containers[app].reads: delivery file needs a path; give the file's path in the container"),
        ("delivery: file, path: /etc/db", "delivery: file, single: true, path: /etc/db", "m.yaml:31: containers[app].reads: single is for delivery file and one key; drop it"),
        ("delivery: file, path: /etc/db", "delivery: env-file, path: /etc/db", "m.yaml:31: containers[app].reads: delivery env-file needs fileEnv; name the app's variable that names a file"),
        ("path: /etc/db", "path: etc/db", "m.yaml:31: spec.workloads[0].containers[0].reads[0].path: must be an absolute path"),
        ("key: '*'", "key: 'url'", "m.yaml:31: containers[app].reads: key url is rendered by no file; add it to spec.files, or drop it"),
        ("v1alpha1", "v1alpha9", "m.yaml:1: apiVersion: is not one of the known words; did you mean phase2.tazlab.net/v1alpha1?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line_and_what_to_do(old: str, new: str, told: str) -> None:
    assert _wrong(_VALID.replace(old, new)) == [told] or told in _wrong(_VALID.replace(old, new))


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = _VALID.replace("stage: inject", "stage: go").replace("path: /etc/db", "path: etc")

    assert len(_wrong(text)) == 2


def test_no_message_quotes_a_template() -> None:
    text = _VALID.replace("template: '{{", "tmplate: 'CANARY-1{{").replace("stage: inject", "stage: CANARY-2")

    assert not [one for one in _wrong(text) if "CANARY" in one]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["spec", "metadata", "name", "stage", "files", "key", "source", "auth"]),
                inner,
                max_size=4,
            )
        ),
    )
)
@settings(max_examples=150)
def test_reading_never_raises(document: object) -> None:
    text = yaml.safe_dump({"apiVersion": "phase2.tazlab.net/v1alpha1", "kind": "SecretMigration", "spec": document})

    made = parse_migration(_load(text))

    assert isinstance(made, tuple)
    assert all(isinstance(one, Misshape) for one in made)


def test_other_objects_are_no_migration() -> None:
    assert is_migration(_load(_VALID))
    assert not is_migration(_load("kind: SecretMigration\napiVersion: other.example/v1\n"))
    assert not is_migration(_load("kind: Secret\napiVersion: v1\n"))
    assert not is_migration(None)


def test_parser_and_json_schema_agree_on_wrong_documents() -> None:
    changes = [
        ("stage: inject", "stage: go"),
        ("  secret: shop-db\n", ""),
        ("path: /etc/db", "path: etc"),
        ("mount: jwt}", "mount: jwt, more: x}"),
    ]

    for old, new in changes:
        text = _VALID.replace(old, new)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(yaml.safe_load(text), json_schema())
        assert _wrong(text)


@pytest.mark.parametrize("name", sorted(build_files()))
def test_shipped_files_are_what_the_definition_says(name: str) -> None:
    shipped = Path(__file__).parents[3] / name

    assert shipped.read_text() == build_files()[name], "run python -m injector.cli.shipped"
