"""Connection strings in templates: which variables are the login, wherever they stand and whatever they are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from injector.plan.model import Plan
from injector.plan.outline import outline
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import CONFIG, deployment, plan_of, shop

READS = (
    "        env:\n        - name: DATABASE_URL\n          valueFrom: {secretKeyRef: {name: db, key: DATABASE_URL}}\n"
)
CLIENT = f"{CONFIG}apps:\n  - {{image: shop, is: client, system: %s}}\n"
DECIDED = f"""\
{CONFIG}overrides:
  - {{name: db, verdict: dynamic-capable, engine: database/%s, reason: it is}}
"""
UP = {"u": "username", "p": "password", "h": "host"}


def planned(root: Path, template: str, data: dict[str, str], system: str = "postgresql", config: str = CLIENT) -> Plan:
    source = f"""\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: db
spec:
  secretStoreRef: {{kind: ClusterSecretStore, name: vault}}
  target:
    template:
      data:
        DATABASE_URL: {json.dumps(template)}
  data:
"""
    source += "".join(
        f"    - secretKey: {name}\n      remoteRef: {{key: shop/db, property: {prop}}}\n" for name, prop in data.items()
    )
    tree = shop(db__yaml=source, web__yaml=deployment(reads=READS), phase2__yaml=config % system)
    return plan_of(grow(root, tree))[0]


@pytest.mark.parametrize(
    "template",
    [
        "postgresql://{{ .u }}:{{ .p }}@{{ .h }}/shop",
        "postgresql://{{ .u | urlquery }}:{{ .p | urlquery }}@{{ .h }}/shop",
        '{{ printf "postgresql://%s:%s@%s/shop" .u .p .h }}',
        '{{ printf "postgresql://%s:%s@%s/shop" .u (urlquery .p) .h }}',
        'postgresql://{{ index . "u" }}:{{ index . "p" }}@db/shop',
        "{{ $a := .u }}{{ $b := .p }}postgresql://{{ $a }}:{{ $b }}@db/shop",
        "{{ with .u }}postgresql://{{ . }}:{{ $.p }}@db/shop{{ end }}",
        "{{ if .h }}postgresql://{{ .u }}:{{ .p }}@{{ .h }}/shop{{ else }}postgresql://{{ .u }}:{{ .p }}@db/shop{{ end }}",
        "{{ .h }}://{{ .u }}:{{ .p }}@db/shop",
        '{{ list "postgresql://" .u ":" .p "@" .h "/shop" | join "" }}',
        'postgresql://{{ .u }}:{{ .p | replace "@" "%40" }}@db/shop',
        "host=db user={{ .u }} password={{ .p }} dbname=shop",
        "password='{{ .p }}' user='{{ .u }}' host=db",
        "jdbc:postgresql://db:5432/shop?user={{ .u }}&password={{ .p }}",
        "Server=db;User Id={{ .u }};Password={{ .p }};",
        "{{ .u }}:{{ .p }}@tcp(db:3306)/shop",
        "one: {{ .u }}\ntwo: {{ .p }}\n",
    ],
)
def test_a_login_is_found_where_it_stands(template: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, template, UP, config=DECIDED)

    assert [one.why for one in plan.blocked] == []
    (file,) = plan.proposals[0].migration.files
    assert '"u" $s1.Data.username' in file.template
    assert '"p" $s1.Data.password' in file.template


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("postgresql://shop:{{ .p }}@db/shop", "postgresql://{{ .phase2_user }}:{{ .p }}@db/shop"),
        ("host=db user=shop password={{ .p }}", "host=db user={{ .phase2_user }} password={{ .p }}"),
        ("?user=shop&password={{ .p }}", "?user={{ .phase2_user }}&password={{ .p }}"),
        (
            "A=postgresql://shop:{{ .p }}@a/x\nB=postgresql://shop:{{ .p }}@b/x\n",
            "A=postgresql://{{ .phase2_user }}:{{ .p }}@a/x\nB=postgresql://{{ .phase2_user }}:{{ .p }}@b/x\n",
        ),
    ],
)
def test_a_user_name_in_the_text_goes_with_the_old_login(template: str, made: str, tmp_path: Path) -> None:
    (proposal,) = planned(tmp_path, template, {"p": "password"}).proposals

    (file,) = proposal.migration.files
    assert made in file.template
    assert '"phase2_user" $s1.Data.username' in file.template
    assert proposal.comments["spec.files[0]"] == ("the user name that stood in the template is the login's own now",)


def test_redis_gets_the_user_name_that_its_url_left_out(tmp_path: Path) -> None:
    (proposal,) = planned(tmp_path, "redis://:{{ .p }}@redis:6379/0", {"p": "password"}, "redis").proposals

    assert "redis://{{ .phase2_user }}:{{ .p }}@redis:6379/0" in proposal.migration.files[0].template


@pytest.mark.parametrize(
    ("template", "data", "why"),
    [
        ("postgresql://{{ .login }}@db/shop", {"login": "login"}, "takes user and password from one variable"),
        ("postgresql://:{{ .p }}@db/shop", {"p": "password"}, "leaves the user name out"),
        ('{{ printf "postgresql://shop:%s@db/shop" .p }}', {"p": "password"}, "has its user name inside an action"),
        (
            "postgresql://{{ .u }}:{{ .p }}@db/a postgresql://{{ .u }}:{{ .q }}@db/b",
            {**UP, "q": "other"},
            "holds several logins",
        ),
        (
            "a: {{ .user }}\nb: {{ .password }}\nc: {{ .old_password }}\n",
            {"user": "user", "password": "password", "old_password": "before"},
            "has several variables that may be its password (password, old_password)",
        ),
        ("[client]\nuser = shop\npassword = {{ .p }}\n", {"p": "password"}, "has its user name in its text"),
        ("a{{ (.j | fromJson).username }}", {"j": "blob"}, "names no variable that is a user or a password"),
    ],
)
def test_what_is_not_sure_is_refused_with_its_line(
    template: str, data: dict[str, str], why: str, tmp_path: Path
) -> None:
    plan = planned(tmp_path, template, data)

    assert plan.proposals == ()
    assert str(plan.blocked[0].location) == "db.yaml:10"
    assert f"template of DATABASE_URL: {why}" in plan.blocked[0].why


@pytest.mark.parametrize("name", ["smtp_password", "session_secret", "api_token"])
def test_a_password_of_another_kind_is_not_taken_for_the_login(name: str, tmp_path: Path) -> None:
    template = f"a: {{{{ .user }}}}\nb: {{{{ .password }}}}\nc: {{{{ .{name} }}}}\n"
    data = {"user": "user", "password": "password", name: name}
    (proposal,) = planned(tmp_path, template, data, config=DECIDED).proposals

    assert f'"{name}" (executeTemplate' in proposal.migration.files[0].template


def test_two_names_of_one_value_are_one_login(tmp_path: Path) -> None:
    data = {"user": "username", "password": "password", "pass": "password"}
    (proposal,) = planned(tmp_path, "a: {{ .user }}\nb: {{ .password }}\nc: {{ .pass }}\n", data).proposals

    assert proposal.migration.files[0].template.count("$s1.Data.password") == 2


def test_an_outline_knows_what_is_text_and_what_is_made() -> None:
    drawn = outline('a{{ printf "%s:x" .b }}c{{/* nothing */}}{{ if .d }}e{{ end }}')

    assert drawn.text == "a\ue000b\ue001:xce"
    assert drawn.find_span(drawn.text.index("c"), drawn.text.index("c") + 1) == (23, 24)
    assert drawn.find_span(0, 3) is None
    assert drawn.find_place(1) == 1
