"""Variables that come from files, and what else of a container needs them: run by a real shell, after Kubernetes' own pass."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from injector.migration.model import Delivery, Read
from injector.pod.environment import in_shell, wrap_command
from injector.pod.model import Json, PodChange
from injector.pod.mutate import mutate_pod
from tests.unit.pod.making import app, file_read, from_secret, migration, pod, wrapped_read

SECRET = "p'a\"ss $x $(y) `z`\n"


def expand(text: str, known: Mapping[str, str]) -> str:
    """What Kubernetes makes of a text: kubernetes third_party/forked/golang/expansion/expand.go@v1.34.2."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        return "$" if name is None else known.get(name, found.group())

    return re.sub(r"\$\$|\$\(([^)]*)\)", value, text)


def run(container: Mapping[str, Json], others: Mapping[str, str]) -> list[str]:
    """Start a container as kubelet does, and return the lines that it prints."""
    known: dict[str, str] = dict(others)
    for one in cast("list[dict[str, str]]", container.get("env", [])):
        known[one["name"]] = expand(one["value"], known)
    words = [*cast("list[str]", container["command"]), *cast("list[str]", container.get("args", []))]
    done = subprocess.run(
        [expand(one, known) for one in words], env={"PATH": "/usr/bin:/bin", **known}, capture_output=True, check=True
    )
    return done.stdout.decode().split("|")


def changed(body: dict[str, Json], *reads: Read) -> dict[str, Json]:
    change = mutate_pod(body, "shop", [migration(*reads)])
    assert change.moved == ("db",), change.warnings
    return first(change)


def first(change: PodChange) -> dict[str, Json]:
    return cast("dict[str, list[dict[str, Json]]]", change.pod["spec"])["containers"][0]


@pytest.fixture(name="read")
def password(tmp_path: Path) -> Read:
    file = tmp_path / "password"
    file.write_text(SECRET)
    return replace(wrapped_read("password", "PW"), path=str(file))


def test_a_variable_that_holds_the_value_of_another_is_set_too(read: Read) -> None:
    env: list[Json] = [
        from_secret("PW", "password"),
        {"name": "HOST", "value": "pg"},
        {"name": "URL", "value": "pg://it's:$(PW)@$(HOST):$(PORT)/$$(PW) $5"},
        {"name": "COPY", "value": "<$(URL)>"},
        {"name": "LAST", "value": "$(HOST)"},
    ]
    body = pod(app(command=["sh", "-c", 'printf "%s|%s|%s" "$URL" "$COPY" "$LAST"'], env=env))

    found = run(changed(body, read), {})

    url = f"pg://it's:{SECRET}@pg:$(PORT)/$(PW) $5"
    assert found == [url, f"<{url}>", "pg"]


def test_words_of_a_command_get_the_value(read: Read) -> None:
    words: list[Json] = ["sh", "-c", "printf '%s|' \"$@\"", "x", "--first=$(A) b"]
    args: list[Json] = ["--pw=$(PW)", "$$(PW)", "--both=$(A)$(PW)$(NONE)"]
    body = pod(app(command=words, args=args, env=[{"name": "A", "value": "'a"}, from_secret("PW", "password")]))

    made = changed(body, read)

    assert "args" not in made
    assert run(made, {}) == [
        "--first='a b",
        f"--pw={SECRET}",
        "$(PW)",
        f"--both='a{SECRET}$(NONE)",
        "",
    ]


def test_probes_and_hooks_get_the_variables_that_kubernetes_gave_them(read: Read) -> None:
    check: Json = {"exec": {"command": ["sh", "-c", 'printf "%s" "$PW$URL"']}}
    body = pod(
        app(
            command=["/app"],
            env=[from_secret("PW", "password"), {"name": "URL", "value": "u:$(PW)"}],
            livenessProbe={**cast("dict[str, Json]", check), "periodSeconds": 3},
            readinessProbe={"httpGet": {"port": 80}},
            lifecycle={"preStop": check},
        )
    )

    made = changed(body, read)

    live = cast("dict[str, Any]", made["livenessProbe"])
    stop = cast("dict[str, Any]", made["lifecycle"])["preStop"]
    assert live["periodSeconds"] == 3
    assert made["readinessProbe"] == {"httpGet": {"port": 80}}
    for one in (live["exec"]["command"], stop["exec"]["command"]):
        done = subprocess.run(one, capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"})
        assert done.stdout.decode() == f"{SECRET}u:{SECRET}"


def test_a_probe_that_names_the_variable_of_an_app_with_a_file_gets_it_and_others_stay() -> None:
    probe: Json = {"exec": {"command": ["sh", "-c", "ping -p${PW}"]}}
    other: Json = {"exec": {"command": ["ping", "PWD"]}}
    body = pod(app(env=[from_secret("PW", "password")], livenessProbe=probe, startupProbe=other))

    made = changed(body, file_read("password", "PW"))

    words = cast("dict[str, dict[str, list[str]]]", made["livenessProbe"])["exec"]["command"]
    assert words[:2] == ["/bin/sh", "-ec"]
    assert words[4:] == ["sh", "-c", "ping -p${PW}"]
    assert made["startupProbe"] == other
    assert "command" not in made


@pytest.mark.parametrize(
    "more",
    [
        {"env": [from_secret("PW", "password"), {"name": "URL", "value": "u:$(PW)"}]},
        {"env": [from_secret("PW", "password")], "args": ["--pw=$(PW)"]},
        {"env": [from_secret("PW", "password")], "command": ["run", "$(PW)"]},
    ],
)
def test_an_app_that_reads_a_file_stays_when_its_old_variable_is_put_into_a_text(more: dict[str, Json]) -> None:
    body = pod(app(**more))

    change = mutate_pod(body, "shop", [migration(file_read("password", "PW"))])

    assert change.pod is body
    assert "or choose delivery env-wrapped" in change.warnings[0]


def test_a_name_that_no_shell_can_set_is_refused_in_words() -> None:
    body = pod(app(command=["/app"], envFrom=[{"prefix": "DB.", "secretRef": {"name": "db"}}]))

    change = mutate_pod(body, "shop", [migration(Read(key="*", delivery=Delivery.ENV_WRAPPED, env="DB."))])

    assert change.pod is body
    assert "DB.password, DB.user, a name that no shell can set" in change.warnings[0]


def test_a_variable_that_the_container_sets_by_itself_is_never_overwritten() -> None:
    body = pod(app(command=["/app"], env=[{"name": "PW", "value": "its own"}]), labels=None)
    named = {
        **body,
        "metadata": {
            "labels": {"phase2.tazlab.net/inject": "true"},
            "annotations": {"phase2.tazlab.net/secrets": "db"},
        },
    }

    change = mutate_pod(cast("dict[str, Json]", named), "shop", [migration(wrapped_read("password", "PW"))])

    assert change.pod is named
    assert "sets PW otherwise than by password of it" in change.warnings[0]


@pytest.mark.parametrize(
    ("prefix", "reads", "lost"),
    [
        ("XX_", ("password", "user"), "reads all of it by envFrom"),
        ("DB_", ("password",), "reads DB_user by envFrom"),
    ],
)
def test_a_whole_secret_in_the_environment_moves_with_all_of_its_moved_keys_or_not_at_all(
    prefix: str, reads: Sequence[str], lost: str
) -> None:
    body = pod(app(command=["/app"], envFrom=[{"prefix": prefix, "secretRef": {"name": "db"}}]))

    change = mutate_pod(body, "shop", [migration(*(wrapped_read(one, f"DB_{one}") for one in reads))])

    assert change.pod is body
    assert lost in change.warnings[0]


texts = st.lists(st.sampled_from([*"aZ$()'\"\\ \n`;{}PW|&!*", "$(PW)", "$(A)", "$$"]), max_size=12).map("".join)


@settings(max_examples=60, deadline=None)
@given(text=texts, value=texts, is_set=st.booleans())
def test_a_shell_makes_of_any_text_what_kubernetes_would(text: str, value: str, *, is_set: bool) -> None:
    others = {"A": value} if is_set else {}
    word = expand(in_shell(text, {"PW"}), others)

    done = subprocess.run(
        ["/bin/sh", "-c", f"phase2_dollar='$'; printf %s {word}"],
        env={"PATH": "/usr/bin:/bin", "PW": value, **others},
        capture_output=True,
        check=True,
    )

    assert done.stdout.decode() == expand(text, {"PW": value, **others})


def test_a_command_that_names_nothing_is_handed_on_as_it_is() -> None:
    assert wrap_command(["run", "$$(PW)"], {"PW": "/f"})[3:] == ["phase2", "run", "$$(PW)"]
