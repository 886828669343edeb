"""Without the webhook: what is written into the values of a release of the app-template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.delivery.releases import ENV, app, charted
from tests.unit.inventory.trees import grow
from tests.unit.stages.moving import CONFIG, deployment, refusals, shop, step, tree_of

COMMAND = 'command: ["/shop", "serve"]\n'
SCRIPT = (
    'PGPASSWORD="$(cat /vault/secrets/db/PGPASSWORD && printf x)"; export PGPASSWORD="${PGPASSWORD%x}"; '
    'PGUSER="$(cat /vault/secrets/db/PGUSER && printf x)"; export PGUSER="${PGUSER%x}"; exec "$@"'
)
VOLUME = "env: {PGHOST: db.example.org}\n"
PERSISTENCE = (
    "persistence:\n  data: {enabled: false}\n  login: {type: secret, name: db, globalMounts: [{path: /etc/login}]}\n"
)


def written(root: Path, files: dict[str, str]) -> dict[str, Any]:
    """Take a tree to stage inject without the webhook, and return the release's values."""
    grow(root, files)
    for stage in ("prepare", "inject"):
        assert refusals(step(root, stage, is_inline=True)) == []
    values: dict[str, Any] = yaml.safe_load((root / "web.yaml").read_text())["spec"]["values"]
    return values


def container_of(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = values["controllers"]["web"]["containers"]["app"]
    return found


def test_a_command_is_wrapped_and_its_variables_leave(tmp_path: Path) -> None:
    values = written(tmp_path, charted(app(COMMAND + ENV)))

    container = container_of(values)
    assert container["command"] == ["/bin/sh", "-ec", SCRIPT, "phase2", "/shop", "serve"]
    assert container["env"] == {"PGHOST": "db.example.org"}


def test_a_command_that_is_a_text_becomes_a_list(tmp_path: Path) -> None:
    values = written(tmp_path, charted(app("command: /shop\n" + ENV)))

    assert container_of(values)["command"] == ["/bin/sh", "-ec", SCRIPT, "phase2", "/shop"]


def test_the_command_of_an_image_is_written_where_phase2_yaml_tells_it(tmp_path: Path) -> None:
    config = f"{CONFIG}apps:\n  - {{image: shop, command: [/entrypoint, run]}}\n"
    values = written(tmp_path, charted(app(ENV), config=config))

    assert container_of(values)["command"][-3:] == ["phase2", "/entrypoint", "run"]


def test_a_command_among_the_defaults_is_not_taken_from_the_others(tmp_path: Path) -> None:
    grow(tmp_path, charted(app(ENV, values=f"defaultContainerOptions:\n  {COMMAND}")))
    step(tmp_path, "prepare")

    made = step(tmp_path, "inject", is_inline=True)

    assert refusals(made) == [
        "web.yaml:1: HelmRelease/shop/web: its command stands among the defaults, which other containers share; write it at the "
        "container itself"
    ]


def test_a_volume_leaves_and_its_path_is_rendered(tmp_path: Path) -> None:
    values = written(tmp_path, charted(app(VOLUME, values=PERSISTENCE)))

    notes = values["controllers"]["web"]["pod"]["annotations"]
    folders = {value for key, value in notes.items() if "secret-volume-path" in key}
    assert set(values["persistence"]) == {"data", "phase2-vault-token"}
    assert folders == {"/etc/login"}


def test_a_file_mounted_alone_is_left_to_the_webhook(tmp_path: Path) -> None:
    mount = "persistence:\n  login: {type: secret, name: db, globalMounts: [{path: /a/pw, subPath: PGPASSWORD}]}\n"
    grow(tmp_path, charted(app(VOLUME, values=mount)))
    step(tmp_path, "prepare")

    made = step(tmp_path, "inject", is_inline=True)

    assert "mounts /a/pw alone by subPath" in refusals(made)[0]
    assert not made.workspace.changed


def test_only_the_agent_mounts_its_token(tmp_path: Path) -> None:
    values = written(tmp_path, charted(app(COMMAND + ENV)))

    token = values["persistence"]["phase2-vault-token"]
    assert token["type"] == "custom"
    assert token["volumeSpec"]["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "vault"
    assert list(token["advancedMounts"]["web"]) == ["vault-agent"]


@pytest.mark.parametrize("is_inline", [True, False])
def test_labels_of_all_pods_are_not_hidden_by_ours(is_inline: bool, tmp_path: Path) -> None:  # noqa: FBT001
    values = "defaultPodOptions:\n  labels: {team: shop}\n  annotations: {note: all}\n"
    grow(tmp_path, charted(app(COMMAND + ENV, values=values)))
    for stage in ("prepare", "inject", "release"):
        step(tmp_path, stage, is_inline=is_inline)

    pod = yaml.safe_load((tmp_path / "web.yaml").read_text())["spec"]["values"]["controllers"]["web"]["pod"]
    assert pod["labels"]["team"] == "shop"
    assert pod["annotations"]["note"] == "all"


def test_the_short_form_of_env_from_leaves_with_the_release(tmp_path: Path) -> None:
    grow(tmp_path, charted(app(COMMAND + VOLUME + "envFrom: [{secret: db}]\n")))

    for stage in ("prepare", "inject", "release"):
        assert refusals(step(tmp_path, stage)) == []

    assert "envFrom" not in (tmp_path / "web.yaml").read_text()


@pytest.mark.parametrize("is_inline", [True, False])
@pytest.mark.parametrize(
    "values",
    [
        app(COMMAND + ENV),
        app(VOLUME, values=PERSISTENCE),
        app(COMMAND + VOLUME + "envFrom: [{secretRef: {name: db}}]\n"),
    ],
)
def test_all_stages_go_back_to_the_same_bytes(values: str, is_inline: bool, tmp_path: Path) -> None:  # noqa: FBT001
    grow(tmp_path, charted(values))
    start = tree_of(tmp_path)

    for stage in ("prepare", "inject", "release", "retire"):
        assert refusals(step(tmp_path, stage, is_inline=is_inline)) == []
        assert not step(tmp_path, stage, is_inline=is_inline).workspace.changed
    assert "name: db" not in (tmp_path / "web.yaml").read_text()
    for _ in range(4):
        step(tmp_path, "back")

    assert tree_of(tmp_path) == start


def test_a_file_mounted_alone_by_a_pod_template_is_left_to_the_webhook(tmp_path: Path) -> None:
    """The API server refuses a template that mounts the injector's volume: it is there only in pods."""
    reads = (
        "        env: [{name: PGHOST, value: db.example.org}]\n"
        "        volumeMounts: [{name: login, mountPath: /a/pw, subPath: PGPASSWORD}]\n"
        "      volumes: [{name: login, secret: {secretName: db}}]\n"
    )
    grow(tmp_path, shop(web__yaml=deployment(reads=reads)))
    step(tmp_path, "prepare")

    made = step(tmp_path, "inject", is_inline=True)

    assert "mounts a single file of Secret db by subPath" in refusals(made)[0]
    assert not made.workspace.changed


def test_two_controllers_share_the_volume_with_the_token(tmp_path: Path) -> None:
    second = app(COMMAND + ENV).replace("  web:\n", "  worker:\n").replace("      app:\n", "      work:\n")
    values = written(tmp_path, charted(app(COMMAND + ENV) + second.removeprefix("controllers:\n")))

    assert set(values["persistence"]["phase2-vault-token"]["advancedMounts"]) == {"web", "worker"}


def test_a_volume_in_a_form_of_its_own_is_left_to_the_webhook(tmp_path: Path) -> None:
    mount = (
        "persistence:\n  login:\n    type: custom\n    volumeSpec: {secret: {secretName: db}}\n"
        "    globalMounts: [{path: /etc/login}]\n"
    )
    grow(tmp_path, charted(app(VOLUME, values=mount)))
    step(tmp_path, "prepare")

    made = step(tmp_path, "inject", is_inline=True)

    assert "in a form that cannot be rewritten in its values" in refusals(made)[0]


@pytest.mark.parametrize("is_inline", [True, False])
def test_a_volume_with_a_key_that_stays_is_not_taken_apart(is_inline: bool, tmp_path: Path) -> None:  # noqa: FBT001
    mount = (
        "persistence:\n  login:\n    type: secret\n    name: db\n    items: [{key: PGUSER, path: u}, {key: PGPASSWORD, path: p}]\n"
        "    globalMounts: [{path: /etc/login}]\n"
    )
    tree = charted(app(VOLUME, values=mount))
    tree["db.yaml"] += "    - secretKey: api-token\n      remoteRef: {key: shop/api, property: token}\n"
    grow(tmp_path, tree)

    for stage in ("prepare", "inject", "release"):
        assert refusals(step(tmp_path, stage, is_inline=is_inline)) == []

    text = (tmp_path / "web.yaml").read_text()
    assert "name: db" not in text.split("annotations")[0]
    assert "login" not in yaml.safe_load(text)["spec"]["values"].get("persistence", {})
