"""Templates of External Secrets Operator and what they are translated to, rendered by the real programs.

The table is in ``tests/data/templates``. Each half is compared with it, so both halves are equal byte for byte.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from injector.location import Location
from injector.templates import (
    Engine,
    Field,
    Translation,
    Variable,
    Whole,
    translate,
    translate_env_file,
    translate_value,
)
from injector.templates.refusal import Refusal
from tests.lab.lab import Lab
from tests.live.rendering import render_by_eso, run_agent, write_secrets
from tests.live.workloads import PREFIX, deployment, unique, wait_for_pod
from tests.unit.templates.cases import Case, Source, load_cases

HERE = Location("test.yaml", 1)


def text_of(result: Translation | Refusal) -> str:
    """The text of a translation that was not refused."""
    assert isinstance(result, Translation), str(result)
    return result.text


def different(found: dict[str, bytes], cases: Sequence[Case]) -> dict[str, tuple[bytes | None, bytes]]:
    """What came out otherwise than the table says: name -> (found, expected)."""
    return {case.name: (found.get(case.name), case.expected) for case in cases if found.get(case.name) != case.expected}


def test_table_says_what_the_operator_renders(lab_agent: Lab, namespace: str) -> None:
    """One ExternalSecret per case, read by the real operator."""
    cases = load_cases()
    write_secrets(lab_agent, namespace, cases)

    found = render_by_eso(lab_agent, namespace, cases)

    assert different(found, cases) == {}


def test_table_says_what_the_agent_renders(lab_agent: Lab, tmp_path: Path) -> None:
    """All translations in one run of the real agent."""
    cases = load_cases()
    prefix = unique("templates")
    write_secrets(lab_agent, prefix, cases)
    texts = {case.name: text_of(case.translate(f"{prefix}/{case.name}")) for case in cases}

    agent = run_agent(lab_agent, tmp_path, texts)

    assert agent.exit_code == 0
    found = {case.name: (tmp_path / case.name).read_bytes() for case in cases}
    assert different(found, cases) == {}


def secret_of(lab: Lab, **values: object) -> str:
    """The request path of a new KV secret."""
    path = f"secret/data/{unique('templates')}"
    lab.services.vault.write(path, {"data": values})
    return path


@pytest.mark.parametrize(
    ("case", "complaint"),
    [
        pytest.param({"data": {"A": Source(prop="other")}}, 'no key "other" in this secret', id="missing-key"),
        pytest.param({"data": {"A": Source(prop="list.7")}}, 'no key "list.7" in this secret', id="missing-item"),
        pytest.param({"data": {"A": Source(prop="text.x")}}, 'no key "text.x" in this secret', id="below-a-text"),
        pytest.param({"data": {"A": Source(prop="text", decoding="Base64")}}, "illegal base64 data", id="no-base64"),
        pytest.param(
            {"extract": [Source()], "template": "{{ .none }}"}, 'map has no entry for key "none"', id="not-extracted"
        ),
        pytest.param({"extract": [Source(prop="text")], "template": "{{ .a }}"}, "parseJSON", id="extract-of-a-text"),
        pytest.param(
            {"data": {"A": Source(prop="json")}, "template": "{{ (fromJson .A).none }}"},
            'map has no entry for key "none"',
            id="missing-inside-json",
        ),
        pytest.param(
            {"data": {"A": Source(prop="text")}, "template": '{{ fail "on purpose" }}{{ .A }}'},
            "on purpose",
            id="fail",
        ),
    ],
)
def test_what_the_operator_refuses_the_agent_does_not_render(
    lab_agent: Lab, namespace: str, tmp_path: Path, case: dict[str, object], complaint: str
) -> None:
    """Neither writes anything, and the agent says which key it was, not what the secret holds."""
    values = {"text": "c4nary!", "list": ["c4nary"], "json": '{"c4nary": 1}'}
    subject = Case(name="subject", location=HERE, secrets={"app": [values]}, **{"template": None, **case})  # type: ignore[arg-type]
    write_secrets(lab_agent, namespace, [subject])
    text = text_of(subject.translate(f"{namespace}/subject"))

    operator = render_by_eso(lab_agent, namespace, [subject])
    agent = run_agent(lab_agent, tmp_path, {"out": text})

    assert operator == {}
    assert agent.exit_code != 0
    assert not (tmp_path / "out").exists()
    said = agent.tail(200).replace('\\"', '"')
    assert complaint in said
    assert "c4nary" not in said


def test_what_is_refused_as_broken_the_operator_cannot_render(lab_agent: Lab, namespace: str) -> None:
    """Refusals that say "External Secrets Operator fails on it too" are right."""
    broken = [
        "{{ .B }}",
        "{{ if .A }}{{ .B }}{{ end }}",
        *(
            '{{ hasKey . "A" }}',
            '{{ get $ "A" }}',
            "{{ keys . }}",
            "{{ values . }}",
            '{{ pick . "A" }}',
            '{{ omit . "A" }}',
        ),
        *('{{ unset . "A" }}', '{{ set . "B" .A }}', "{{ merge . (dict) }}", "{{ mergeOverwrite (dict) . }}"),
        *('{{ pluck "A" . }}', '{{ dig "A" "x" . }}', "{{ mustMerge (dict) . }}", "{{ mustMergeOverwrite (dict) . }}"),
        *('{{ env "HOME" }}', '{{ secret "x" }}', '{{ template "none" . }}', "{{ list toYaml }}", "{{ if }}", "{{ .A"),
    ]
    cases = [
        Case(
            name=f"broken-{number}",
            location=HERE,
            secrets={"app": [{"a": "x"}]},
            data={"A": Source(prop="a")},
            template=text,
        )
        for number, text in enumerate(broken)
    ]
    write_secrets(lab_agent, namespace, cases)

    found = render_by_eso(lab_agent, namespace, cases)

    assert found == {}
    assert [case.template for case in cases if isinstance(case.translate("any"), Translation)] == []


def test_user_and_password_of_a_dsn_are_of_one_lease(lab_agent: Lab, tmp_path: Path) -> None:
    """The rendered connection string logs in, and the agent took a single lease for it."""
    role = unique("app")
    lab_agent.services.create_database_role(role)
    path = f"database/creds/{role}"
    variables = {
        "USER": Field(path=path, prop="username", engine=Engine.ISSUING),
        "PASSWORD": Field(path=path, prop="password", engine=Engine.ISSUING),
        "HOST": Field(path=secret_of(lab_agent, host="127.0.0.1"), prop="host"),
    }
    template = 'postgresql://{{ .USER }}:{{ .PASSWORD | urlquery }}@{{ .HOST }}:5432/app{{ "" }}'

    text = text_of(translate(template, variables, location=HERE))
    run_agent(lab_agent, tmp_path, {"dsn": text})

    dsn = (tmp_path / "dsn").read_text(encoding="utf-8")
    user, password = dsn.removeprefix("postgresql://").removesuffix("@127.0.0.1:5432/app").split(":")
    with lab_agent.services.postgres.connect(user, password) as connection:
        assert connection.execute("SELECT current_user").fetchone() == (user,)
    assert len(lab_agent.services.leases(role)) == 1


def test_certificate_and_key_are_of_one_issue(lab_agent: Lab, tmp_path: Path) -> None:
    """An engine that is asked by a write: what is sent along stands in the template."""
    vault, mount = lab_agent.services.vault, unique("pki")
    vault.write(f"sys/mounts/{mount}", {"type": "pki"})
    vault.write(f"{mount}/root/generate/internal", {"common_name": "lab"})
    vault.write(f"{mount}/roles/app", {"allow_any_name": True})
    parameters = (("common_name", "app.example.org"), ("ttl", "1h"))
    fields = {
        name: Field(path=f"{mount}/issue/app", prop=prop, engine=Engine.ISSUING, parameters=parameters)
        for name, prop in (("CRT", "certificate"), ("KEY", "private_key"), ("CHAIN", "ca_chain"))
    }
    template = "{{ .KEY }}\n{{ .CRT }}\n{{ range fromJson .CHAIN }}{{ . }}\n{{ end }}"

    run_agent(lab_agent, tmp_path, {"bundle.pem": text_of(translate(template, fields, location=HERE))})

    bundle = tmp_path / "bundle.pem"
    ssl.create_default_context().load_cert_chain(bundle)  # refuses a key of another certificate
    assert bundle.read_text(encoding="ascii").count("BEGIN CERTIFICATE") == 2


def test_env_file_gives_a_shell_the_exact_values(lab_agent: Lab, tmp_path: Path) -> None:
    """Quotes, newlines, dollars and backquotes come through; nothing is expanded."""
    nasty = 'it\'s "$HOME" `id` \\n\n\n  two\tlines\n ${'
    path = secret_of(lab_agent, nasty=nasty, empty="", port=5432)
    entries = [
        Variable(name="NASTY", template=None, variables={"v": Field(path=path, prop="nasty")}),
        Variable(name="EMPTY", template=None, variables={"v": Field(path=path, prop="empty")}),
        Variable(
            name="URL",
            template="'{{ .A }}':{{ .P }}\n",
            variables={"A": Field(path=path, prop="nasty"), "P": Field(path=path, prop="port")},
        ),
        Variable(
            name="ALL",
            template='{{ define "x" }}{{ .port }}{{ end }}{{ template "x" . }}',
            variables={},
            whole=[Whole(path=path)],
        ),
    ]
    script = '. ./env; for name in NASTY EMPTY URL ALL; do printenv $name; echo "--"; done'

    run_agent(lab_agent, tmp_path, {"env": text_of(translate_env_file(entries))})

    shell = shutil.which("sh") or "/bin/sh"
    done = subprocess.run([shell, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == f"{nasty}\n--\n\n--\n'{nasty}':5432\n\n--\n5432\n--\n"


def test_numbers_of_an_extract_named_one_by_one_are_floats(lab_agent: Lab, tmp_path: Path) -> None:
    """A variable of ``dataFrom`` that is read by its name yields what ``range`` over all of them would."""
    path = secret_of(lab_agent, ratio=1.50, n=3)
    fields = {name: Field(path=path, prop=name, is_extracted=True) for name in ("ratio", "n")}

    run_agent(lab_agent, tmp_path, {"out": text_of(translate("{{ .ratio }} {{ .n }}", fields, location=HERE))})

    assert (tmp_path / "out").read_text(encoding="utf-8") == "1.5 3"


def test_other_delimiters_stay(lab_agent: Lab, tmp_path: Path) -> None:
    """An operator with its own delimiters: the agent gets the same ones, and braces are text."""
    path = secret_of(lab_agent, **{"a.b": "x"})
    text = text_of(
        translate(
            '{{ not ours }} [[ .A | upper ]][[ define "t" ]]![[ end ]][[ template "t" ]]',
            {"A": Field(path=path, prop="a.b")},
            location=HERE,
            delimiters=("[[", "]]"),
        )
    )

    run_agent(lab_agent, tmp_path, {"out": text}, left_delimiter="[[", right_delimiter="]]")

    assert (tmp_path / "out").read_text(encoding="utf-8") == "{{ not ours }} X!"


def test_bare_value_needs_no_template_of_the_user(lab_agent: Lab, tmp_path: Path) -> None:
    """A Secret key without template, from an engine that issues credentials."""
    role = unique("app")
    lab_agent.services.create_database_role(role)
    source = Field(path=f"database/creds/{role}", prop="username", engine=Engine.ISSUING)

    run_agent(lab_agent, tmp_path, {"user": text_of(translate_value(source, location=HERE))})

    assert (tmp_path / "user").read_text(encoding="utf-8").startswith("v-")


def test_translations_go_through_the_injector_unharmed(lab_agent: Lab, namespace: str) -> None:
    """Annotation, webhook, VAULT_CONFIG, agent: the way of a real pod, for the texts with the oddest characters."""
    wanted = {
        "shell-variables-stay",
        "strings-of-all-kinds",
        "text-that-ends-with-a-brace",
        "yaml-from-yaml",
        "space-crlf",
    }
    cases = [case for case in load_cases() if case.name in wanted]
    role = unique("app")
    write_secrets(lab_agent, namespace, cases)
    rule = f'path "secret/data/{namespace}/*" {{ capabilities = ["read"] }}'
    lab_agent.services.vault.write(f"sys/policies/acl/{role}", {"policy": rule})
    lab_agent.services.create_auth_roles(role, namespace, "default", [role])
    notes = {f"{PREFIX}/agent-inject": "true", f"{PREFIX}/role": role}
    for case in cases:
        text = text_of(case.translate(f"{namespace}/{case.name}"))
        notes |= {
            f"{PREFIX}/agent-inject-template-{case.name}": text,
            f"{PREFIX}/error-on-missing-key-{case.name}": "true",
        }
    lab_agent.kube.create(deployment(namespace, role, notes))
    pod = wait_for_pod(lab_agent, namespace, role)

    with lab_agent.run_pod(namespace, pod["metadata"]["name"]) as run:
        run.run_init()
        found = {case.name: run.file(f"/vault/secrets/{case.name}").read_bytes() for case in cases}

    assert len(cases) == len(wanted)
    assert different(found, cases) == {}
