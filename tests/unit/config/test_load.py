"""Reading ``phase2.yaml``: what it gives, what is wrong with it, and where it is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from injector.config.load import find_config, find_near_name, load_config, parse_config
from injector.config.model import DEFAULT, AppRole, AuthMethod, Config
from injector.config.page import EXAMPLES
from injector.errors import ConfigError
from injector.location import Location
from injector.model import Verdict


def parse(text: str) -> Config:
    return parse_config(text.encode(), "phase2.yaml")


def complaints(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return str(caught.value).splitlines()


def what_is_wrong(data: bytes) -> list[str]:
    try:
        parse_config(data)
    except ConfigError as err:
        return str(err).splitlines()
    return []


def test_what_may_be_a_secret_is_not_shown() -> None:
    text = "vault: {address: 'https://admin:Tr0ub4dor@vault.example.com'}"

    assert complaints(text) == [
        "phase2.yaml:1: vault.address: what stands there is not a URL; as in https://vault.example.com:8200"
    ]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "{}", "---\n# a\n---\n", "\ufeff"])
def test_file_without_content_says_nothing(text: str) -> None:
    config = parse(text)

    assert config.path == "phase2.yaml"
    assert config == Config(path="phase2.yaml")
    assert DEFAULT.path == ""


def test_all_that_a_file_may_hold_reaches_the_model() -> None:
    config = parse("".join(EXAMPLES.values()))

    first, second = config.overrides
    assert (first.namespace, first.name, first.verdict) == ("shop-*", "legacy-db", Verdict.STATIC)
    assert (second.vault_path, second.key, second.engine) == ("secret/apps/ledger", "ORACLE_*", "database/oracle")
    assert config.bootstrap.namespaces == ("platform-*",)
    assert [one.role for one in config.apps] == [AppRole.CLIENT, AppRole.WEB_TOOL, None]
    assert config.apps[2].file_variable("DB_PASS") == "DB_PASS_PATH"
    assert config.label_prefix == "phase2.example.com"
    assert config.vault.find_mount("database/mysql") == "database-mysql"
    assert config.vault.auth is not None
    assert config.vault.auth.method is AuthMethod.JWT
    assert config.vault.names.auth_role == "{namespace}-{serviceAccount}"
    assert config.defaults["classify"] == {"fail-on": ("blocked", "finding"), "output": "wide"}


def test_entry_carries_its_line_as_evidence() -> None:
    config = parse(
        "\noverrides:\n  - name: a\n    verdict: static\n    reason: r\n\n  - {name: b, verdict: static, reason: r}\n"
    )

    assert [one.location for one in config.overrides] == [Location("phase2.yaml", 3), Location("phase2.yaml", 7)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("overides: []", "1: overides: no such key; did you mean overrides?"),
        ("vault:\n  kvmounts: [a]", "2: vault.kvmounts: no such key; did you mean kvMounts?"),
        ("zzz: 1", "1: zzz: no such key; choose from overrides, bootstrap, apps, labelPrefix, vault, engineRoles, workloads, cluster, webhook, verify, defaults"),
        ("- a", "1: must be a mapping with keys such as overrides, not a list"),
        ("just words", "1: must be a mapping with keys such as overrides, not a text"),
        ("overrides: {a: b}", "1: overrides: must be a list of verdicts of your own, not a mapping; begin each with a dash"),
        ("bootstrap:", "1: bootstrap: must be a mapping with keys such as namespaces, not nothing"),
        ("bootstrap: {namespaces: [7]}", "1: bootstrap.namespaces[0]: must be a glob, not a number; put it in quotes"),
        ("bootstrap: {namespaces: [yes, true]}", "1: bootstrap.namespaces[1]: must be a glob, not a truth value; put it in quotes"),
        ("bootstrap:\n  namespaces:\n  - a\n  - a", "4: bootstrap.namespaces[1]: stands there twice; remove one"),
        ("bootstrap: {namespaces: ['']}", "1: bootstrap.namespaces[0]: is empty; write a glob or leave the key out"),
        ("labelPrefix: Bad_Prefix", "1: labelPrefix: Bad_Prefix is not a DNS name of yours; small letters, digits, dashes and dots, as in phase2.example.com; none of Kubernetes' or the injector's own"),
        ("overrides:\n- name: a\n  verdict: dynamic\n  reason: r", "3: overrides[0].verdict: dynamic is no such value; did you mean dynamic-capable?"),
        ("overrides:\n- name: a\n  verdict: static", "2: overrides[0]: reason is missing; add it"),
        ("overrides:\n- verdict: static\n  reason: r", "2: overrides[0]: matches everything; add namespace, name or vaultPath"),
        ("overrides:\n- name: a\n  verdict: dynamic-capable\n  reason: r", "2: overrides[0]: dynamic-capable needs an engine; add engine, as in database/postgresql"),
        ("overrides:\n- name: a\n  verdict: static\n  engine: aws\n  reason: r", "4: overrides[0].engine: static has no engine; remove it"),
        ("overrides:\n- name: '{a,b}'\n  verdict: static\n  reason: r", "2: overrides[0].name: what stands there is not a glob; `*` is any text, `?` one character, `[ab]` one of these; alternatives need an entry each"),
        ("apps:\n- is: client", "2: apps[0]: names no app; add image or chart"),
        ("apps:\n- image: a", "2: apps[0]: says nothing of the app; add is, fileSuffix, fileEnv or command"),
        ("apps:\n- image: a\n  is: server", "2: apps[0]: a server needs a system; add system, as in postgresql, or other"),
        ("apps:\n- image: a\n  is: web-tool\n  system: mysql", "4: apps[0].system: only a server or a client has one; say which it is"),
        ("apps:\n- image: a\n  is: client\n  system: MariaDB", "4: apps[0].system: MariaDB is no such value; did you mean mysql?"),
        ("apps:\n- image: a\n  fileEnv: {A: B-C}", "3: apps[0].fileEnv.A: B-C is not a variable's name; letters, digits and underscores"),
        ("vault:\n  mounts:\n    databse: db", "3: vault.mounts.databse: databse is no such value; did you mean database?"),
        ("vault: {names: {policy: '{ns}'}}", "1: vault.names.policy: what stands there is not a name with placeholders; letters, digits, `_`, `.`, `-` and {namespace}, {serviceAccount}, {name}, {engine}"),
        ("vault: {address: 'vault:8200'}", "1: vault.address: vault:8200 is not a URL; as in https://vault.example.com:8200"),
        ("defaults: {classify: {output: jsn}}", "1: defaults.classify.output: jsn is no such value; did you mean json?"),
        ("defaults: {classify: {output: 1}}", "1: defaults.classify.output: must be one of table, wide, json, yaml, csv, markdown, name, not a number"),
        ("defaults: {classify: {jobs: 0}}", "1: defaults.classify.jobs: must be from 1 to 1024; change it"),
        ("defaults: {classify: {jobs: true}}", "1: defaults.classify.jobs: must be a whole number, not a truth value"),
        ("defaults: {classify: {quiet: 'yes'}}", "1: defaults.classify.quiet: must be true or false, not a text"),
        ("defaults: {classify: {output-file: x}}", "1: defaults.classify.output-file: no such key; did you mean output?"),
        ("vault: {mounts: [a]}", "1: vault.mounts: must be a mapping of engines to paths, not a list"),
        ("engineRoles:\n- ttl: 1d", "2: engineRoles[0].ttl: must be a time such as 30m or 12h, not another text"),
        ("cluster: {kubernetes: 1.29}", "1: cluster.kubernetes: must be a version in quotes, not a number; put it in quotes"),
        ("cluster: {kubernetes: 'v2'}", "1: cluster.kubernetes: v2 is not a version in quotes; as in '1.31'"),
        ("workloads:\n- mode: once", "2: workloads[0].mode: once is no such value; choose from sidecar, init, native-sidecar"),
        ("engineRoles:\n- ttl: 60", "2: engineRoles[0].ttl: must be a time such as 30m or 12h, not a number"),
        ("engineRoles:\n- name: a", "2: engineRoles[0]: says nothing of the role; add connection, owner, grants, parameters, request or a ttl"),
        ("engineRoles:\n- engine: aws\n  request: {a: b}", "3: engineRoles[0].request: aws is asked for nothing but a credential; only kubernetes and pki take a request"),
        ("workloads:\n- name: a", "2: workloads[0]: says nothing of the workload; add serviceAccount, labelsPath or what else is known"),
        ("vault:\n  mounts: {aws: a}\n  auth: {method: jwt}\n  names: {authRole: '{namespace}-{serviceAccount}', engineRole: x}\n  labelAlone: [a]", "5: vault.labelAlone: needs vault.names.engineRole with {namespace} and {name}; add it"),
        ("vault: {}\nvault: {}", "2: vault stands there twice; remove one"),
        ("vault: {}\n---\napps: []", "2: begins a second document; keep everything in one"),
        ("a: b: c", "1: is no YAML: mapping values are not allowed in this context; mend it"),
    ],
)  # fmt: skip
def test_mistake_is_told_with_line_key_and_what_to_do(text: str, message: str) -> None:
    assert complaints(text) == [f"phase2.yaml:{message}"]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    told = complaints("labelPrefix: 1\nvault:\n  adress: x\n  namespace: /a\nbootstrap: []\n")

    assert [one.split(": ")[:2] for one in told] == [
        ["phase2.yaml:1", "labelPrefix"],
        ["phase2.yaml:3", "vault.adress"],
        ["phase2.yaml:4", "vault.namespace"],
        ["phase2.yaml:5", "bootstrap"],
    ]


def test_error_knows_its_first_line() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("\n\nx: 1")

    assert caught.value.location == Location("phase2.yaml", 3)


@pytest.mark.parametrize(
    "where",
    ["labelPrefix: {}", "defaults: {{classify: {{output: '{}'}}}}", "'{}': 1", "vault: {{mounts: {{'{}': a}}}}"],
)
@pytest.mark.parametrize("value", ["s3cr3t with blanks", "Hunter2" * 10, "a\nb"])  # fmt: skip
def test_what_is_no_short_word_is_never_shown_again(where: str, value: str) -> None:
    told = "\n".join(complaints(where.format(value.replace("\n", "\\n"))))

    assert value[:14] not in told


@example(b"\xff\xfe\x00")
@example(b"a: &a [*a]")
@example(b"? {a: b}\n: c")
@example(b"<<: {vault: {}}\noverrides: [*x]")
@given(st.binary(max_size=200))
def test_bytes_are_a_configuration_or_a_config_error(data: bytes) -> None:
    assert all(line.startswith("phase2.yaml:") for line in what_is_wrong(data))


_KEYS = st.sampled_from(
    ["overrides", "apps", "vault", "defaults", "classify", "bootstrap", "namespaces", "name", "verdict", "reason", "engine",
     "image", "is", "system", "auth", "mounts", "fail-on", "jobs", "{{}}"]
)  # fmt: skip
_LEAVES = st.sampled_from(
    ["static", "dynamic-capable", "database", "server", "''", "7", "1.5", "true", "~", "2026-01-01", "*"]
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(_KEYS, inner, max_size=4).map(
            lambda items: "{" + ", ".join(f"{key}: {one}" for key, one in items.items()) + "}"
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_any_shape_of_yaml_is_a_configuration_or_a_config_error(items: dict[str, str]) -> None:
    text = "".join(f"{key}: {value}\n" for key, value in items.items()).replace("*", "'*'")

    assert all(line.startswith("phase2.yaml:") for line in what_is_wrong(text.encode()))


def test_nearest_file_upwards_counts(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "phase2.yaml").touch()
    assert find_config(inner) == tmp_path / "phase2.yaml"

    (tmp_path / "a" / "phase2.yaml").touch()
    assert find_config(inner) == tmp_path / "a" / "phase2.yaml"


def test_search_begins_in_the_folder_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "phase2.yaml").touch()
    (tmp_path / "app.yaml").touch()

    assert find_config(tmp_path / "app.yaml") == tmp_path / "phase2.yaml"


@pytest.mark.parametrize("is_worktree", [False, True])
def test_search_ends_at_the_repositorys_root(tmp_path: Path, *, is_worktree: bool) -> None:
    (tmp_path / "phase2.yaml").touch()
    repository = tmp_path / "repository"
    (repository / "deep").mkdir(parents=True)
    (repository / ".git").touch() if is_worktree else (repository / ".git").mkdir()
    assert find_config(repository / "deep") is None

    (repository / "phase2.yaml").touch()
    assert find_config(repository / "deep") == repository / "phase2.yaml"


def test_folder_of_that_name_is_no_configuration(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "phase2.yaml").mkdir()

    assert find_config(tmp_path) is None


@pytest.mark.parametrize("name", ["phase2.yml", ".phase2.yaml"])
def test_file_with_nearly_the_name_is_found_as_such(tmp_path: Path, name: str) -> None:
    (tmp_path / ".git").mkdir()
    assert find_near_name(tmp_path) is None

    (tmp_path / name).touch()
    assert find_near_name(tmp_path) == tmp_path / name
    assert find_config(tmp_path) is None


def test_evidence_and_errors_may_name_the_file_differently(tmp_path: Path) -> None:
    file = tmp_path / "phase2.yaml"
    file.write_text("overrides: [{name: a, verdict: static, reason: r}]", encoding="utf-8")
    assert str(load_config(file, "../phase2.yaml").overrides[0].location) == "../phase2.yaml:1"

    file.write_text("x: 1", encoding="utf-8")
    with pytest.raises(ConfigError, match=str(file)):
        load_config(file, "../phase2.yaml")


@pytest.mark.parametrize("name", ["missing", "", "a\0b"])
def test_file_that_cannot_be_read_is_a_config_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(str(tmp_path / name))


def test_file_that_is_too_large_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="larger than 16 MiB"):
        parse_config(b"#" * (16 * 1024 * 1024 + 1))


def test_engine_role_is_found_by_namespace_name_and_engine() -> None:
    config = parse(
        "engineRoles:\n- {namespace: shop, name: 'db*', engine: database, ttl: 90m, maxTtl: 2h}\n- {namespace: shop, owner: all}\n"
    )

    found = config.find_engine_role("shop", ["db-1"], "database/postgresql")
    other = config.find_engine_role("shop", ["db-1"], "rabbitmq")
    none = config.find_engine_role("bank", ["db-1"], "database/postgresql")

    assert found is not None
    assert (found.ttl_s, found.max_ttl_s) == (5400, 7200)
    assert other is not None
    assert other.owner == "all"
    assert none is None


def test_workload_is_found_by_kind_and_globs() -> None:
    config = parse("workloads:\n- {kind: HelmRelease, name: 'graf*', serviceAccount: grafana}\n")

    assert config.find_workload("HelmRelease", "any", "grafana") is not None
    assert config.find_workload("Deployment", "any", "grafana") is None


def test_name_of_a_folder_forges_no_line() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(b"x: 1", shown="a\nb/phase2.yaml")

    assert len(str(caught.value).splitlines()) == 1
