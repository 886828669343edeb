"""The JSON contract: its schema, its completeness, its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import jsonschema
import pytest
import yaml

from injector.model import How, Readiness, Report, SourceKind, Verdict
from injector.report.contract import build_document, read_schema
from injector.report.contractpage import render_contract_page
from injector.report.jsontext import encode, render_json
from injector.report.options import Hidden, Options
from injector.report.yamltext import render_yaml
from tests.unit.report import factory as make

SCHEMA = json.loads(read_schema())


def validate(text: str) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(text))


def iter_schemas(part: object) -> Iterator[dict[str, object]]:
    if isinstance(part, dict):
        yield part
        for one in part.values():
            yield from iter_schemas(one)
    elif isinstance(part, list):
        for one in part:
            yield from iter_schemas(one)


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("report", [make.report(), make.full_report()], ids=["empty", "full"])
def test_reports_keep_to_the_schema(report: Report) -> None:
    validate(render_json(report))


def test_schema_refuses_a_missing_key_and_an_unknown_one() -> None:
    document = build_document(make.full_report())
    less = {key: value for key, value in document.items() if key != "unreadable"}

    for wrong in (less, document | {"more": 1}):
        with pytest.raises(jsonschema.ValidationError):
            validate(json.dumps(wrong))


def test_every_object_in_the_schema_requires_all_its_keys_and_allows_no_others() -> None:
    objects = [one for one in iter_schemas(SCHEMA) if "properties" in one and one.get("type") == "object"]

    assert len(objects) >= 9
    for one in objects:
        properties = one["properties"]
        assert isinstance(properties, dict)
        assert one["required"] == list(properties)
        assert one["additionalProperties"] is False


def test_schema_names_every_word_of_the_model() -> None:
    definitions = SCHEMA["$defs"]

    assert definitions["consumer"]["properties"]["how"]["enum"] == [one.value for one in How]
    assert definitions["consumer"]["properties"]["readiness"]["enum"] == [*(one.value for one in Readiness), None]
    assert definitions["item"]["properties"]["verdict"]["enum"] == [one.value for one in Verdict]
    assert all(one.value in definitions["item"]["properties"]["source"]["description"] for one in SourceKind)


def test_keys_of_the_contract_stand_in_its_order() -> None:
    document = json.loads(render_json(make.full_report()))

    assert list(document) == [
        "apiVersion", "kind", "summary", "items", "orphans", "findings", "unreadable", "templated", "unresolved"
    ]  # fmt: skip
    [item] = [one for one in document["items"] if one["name"] == "db"]
    assert list(item)[:4] == ["source", "namespace", "name", "target"]
    assert {"file", "line", "document", "store", "verdict", "confidence", "credentials", "findings"} <= set(item)


def test_source_without_a_store_keeps_the_keys() -> None:
    document = build_document(make.report(make.item(make.source(store=None))))

    items = document["items"]
    assert isinstance(items, list)
    assert items[0]["store"] == {"kind": "", "name": "", "provider": ""}


def test_consumer_of_a_static_credential_has_null_readiness() -> None:
    document = json.loads(render_json(make.report(make.item(None, make.static_credential()))))

    assert document["items"][0]["credentials"][0]["consumers"][0]["readiness"] is None


def test_operators_secret_goes_by_the_object_it_was_made_for() -> None:
    document = json.loads(render_json(make.full_report()))

    assert [one["source"] for one in document["items"] if one["name"] == "pg-pguser-app"] == ["PostgresCluster"]


def test_summary_counts_what_is_shown_and_says_what_is_not() -> None:
    document = json.loads(render_json(make.full_report(), Options(hidden=Hidden(items=3, orphans=2, findings=1))))
    summary = document["summary"]

    assert summary["items"] == len(document["items"]) == sum(summary["byVerdict"].values())
    assert summary["items"] == sum(summary["bySource"].values())
    assert summary["orphans"] == 1
    assert summary["findings"] == 2
    assert summary["suppressed"] == 1
    assert summary["byReadiness"] == {"ready": 0, "needs-change": 1, "blocked": 1, "unread": 2}
    assert summary["filtered"] == {"items": 3, "orphans": 2, "findings": 1}


def test_suppressed_finding_is_listed_apart_with_its_reason() -> None:
    [quiet] = [one for one in json.loads(render_json(make.full_report()))["items"] if one["name"] == "quiet"]

    assert quiet["findings"] == []
    assert [one["reason"] for one in quiet["suppressed"]] == ["both write the same"]


def test_yaml_says_what_json_says() -> None:
    report = make.full_report()

    assert yaml.safe_load(render_yaml(report)) == json.loads(render_json(report))


def test_yaml_has_no_aliases() -> None:
    assert "&id" not in render_yaml(make.full_report())


def test_same_report_gives_the_same_bytes() -> None:
    assert render_json(make.full_report()) == render_json(make.full_report())
    assert render_yaml(make.full_report()) == render_yaml(make.full_report())


def test_file_name_that_is_no_utf8_is_spelled_out() -> None:
    name = b"caf\xe9.yaml".decode("utf-8", "surrogateescape")

    text = render_json(make.report(unreadable=(make.diagnostic(path=name),)))

    assert json.loads(text)["unreadable"][0]["file"] == "caf\\udce9.yaml"
    validate(text)


def test_values_of_every_json_type_survive_the_spelling_out() -> None:
    assert json.loads(encode({"a": ["\udce9", 1, None, True], "\udce9": {}})) == {
        "a": ["\\udce9", 1, None, True],
        "\\udce9": {},
    }


def test_page_tells_every_key_of_the_schema() -> None:
    page = render_contract_page()

    for one in iter_schemas(SCHEMA):
        properties = one.get("properties", {})
        assert isinstance(properties, dict)
        for key, inner in properties.items():
            assert re.search(rf"^\| `(?:[\w-]+\.)*{re.escape(key)}` \| ", page, re.MULTILINE), key
            assert inner.get("description") or "$ref" in inner or "const" in inner or "properties" in inner, key


def test_what_deploys_an_item_is_told_root_first_and_of_an_orphan_nothing() -> None:
    one = make.item(make.source("db", root="flux:flux-system/apps"))

    document = build_document(make.report(one, orphans=(one,)))

    assert one_of(document, "items")["deployedBy"] == ["flux:flux-system/apps", "apps/cluster", "apps/base"]
    assert one_of(document, "orphans")["deployedBy"] == []


@pytest.mark.parametrize("root", ["files", "files:000003", "entries"])
def test_portions_of_loose_files_are_one_root(root: str) -> None:
    document = build_document(make.report(make.item(make.source("db", root=root))))

    assert str(one_of(document, "items")["deployedBy"]).startswith("['files', ")


def one_of(document: dict[str, object], key: str) -> dict[str, object]:
    items = document[key]
    assert isinstance(items, list)
    (item,) = items
    assert isinstance(item, dict)
    return item
