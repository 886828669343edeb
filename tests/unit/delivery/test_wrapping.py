"""Wrapped commands: what they need of an image, and what is refused before anybody wraps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.delivery.releases import planned
from tests.unit.stages.moving import VOLUME, deployment, shop


def manifest(image: str, **reads: str) -> dict[str, str]:
    return shop(web__yaml=deployment(**reads).replace("ghcr.io/acme/shop:1", image))


@pytest.mark.parametrize(
    "image", ["gcr.io/distroless/static:nonroot", "ghcr.io/acme/shop:1-distroless", "vikunja/vikunja:1"]
)
def test_an_image_without_a_shell_is_not_wrapped(image: str, tmp_path: Path) -> None:
    plan = planned(tmp_path, manifest(image))

    assert plan.proposals == ()
    assert "its image has no shell that could set it" in plan.blocked[0].why


def test_a_file_needs_no_shell(tmp_path: Path) -> None:
    assert planned(tmp_path, manifest("gcr.io/distroless/static:nonroot", reads=VOLUME)).blocked == ()


def test_a_reviewer_is_told_what_a_wrapped_command_needs(tmp_path: Path) -> None:
    (proposal,) = planned(tmp_path, shop()).proposals

    assert proposal.comments["spec.workloads[0].containers[0]"] == (
        "Its command is wrapped: the image needs /bin/sh and cat.",
    )


def test_a_container_that_reads_files_has_nothing_to_be_told(tmp_path: Path) -> None:
    (proposal,) = planned(tmp_path, shop(web__yaml=deployment(reads=VOLUME))).proposals

    assert "spec.workloads[0].containers[0]" not in proposal.comments
