"""The lab as a pytest plugin: fixtures per level, log tails on failure, a summary at the end.

Under ``PHASE2_LAB=required`` (what CI sets) a level that cannot run fails its tests instead of
skipping them; ``PHASE2_LAB=off`` skips all.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.errors import LevelUnavailableError
from tests.lab.lab import Lab, Level
from tests.lab.process import tail
from tests.lab.product import IMAGE, build_image

FIXTURE_LEVELS = {"lab_api": Level.API, "lab_agent": Level.AGENT, "lab_node": Level.NODE}


class LabSession:
    """The one lab of a test run and what is told about it at the end."""

    def __init__(self) -> None:
        self.lab: Lab | None = None
        self.reasons: dict[Level, str] = {}
        self.tests: dict[Level, int] = dict.fromkeys(Level, 0)
        self.log_sizes: dict[Path, int] = {}
        self.image: Path | None = None

    def get(self, level: Level, state: Path) -> Lab:
        """The lab at ``level`` or above; skips or fails the test when it cannot be."""
        if os.environ.get("PHASE2_LAB") == "off":
            self.reasons[level] = "PHASE2_LAB=off"
        if level not in self.reasons:
            if self.lab is None:
                self.lab = Lab(state)
            try:
                self.lab.raise_to(level)
            except LevelUnavailableError as err:
                self.reasons[level] = str(err)
            else:
                return self.lab
        raise unavailable(f"lab level {level.label}: {self.reasons[level]}")

    def close(self) -> None:
        """End the lab, if one was started."""
        if self.lab is not None:
            self.lab.close()


def is_required() -> bool:
    """True when a skip must count as a failure."""
    return os.environ.get("PHASE2_LAB") == "required"


def unavailable(reason: str) -> BaseException:
    """What to raise where something cannot run: a skip, or a failure where a skip must count as one."""
    if is_required():
        return pytest.fail.Exception(f"{reason} (PHASE2_LAB=required)", pytrace=False)
    return pytest.skip.Exception(reason)


_SESSION = pytest.StashKey[LabSession]()


def pytest_configure(config: pytest.Config) -> None:
    """Give the run its (still empty) lab."""
    config.stash[_SESSION] = LabSession()


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the lab, also after an interrupted run."""
    if (session := config.stash.get(_SESSION, None)) is not None:
        session.close()


def _level_of(item: pytest.Item) -> Level | None:
    names = getattr(item, "fixturenames", ())
    return max((FIXTURE_LEVELS[name] for name in names if name in FIXTURE_LEVELS), default=None)


@pytest.fixture(scope="session")
def _lab_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture
def lab_api(request: pytest.FixtureRequest, _lab_state: Path) -> Lab:
    """A lab with a real API server."""
    return request.config.stash[_SESSION].get(Level.API, _lab_state)


@pytest.fixture
def lab_agent(request: pytest.FixtureRequest, _lab_state: Path) -> Lab:
    """The lab with Vault, PostgreSQL, the injector and the External Secrets Operator too."""
    return request.config.stash[_SESSION].get(Level.AGENT, _lab_state)


@pytest.fixture
def lab_systems(lab_agent: Lab) -> Lab:
    """The lab of level agent with MariaDB, Redis and RabbitMQ beside PostgreSQL."""
    try:
        lab_agent.systems  # noqa: B018 - starts them
    except LevelUnavailableError as err:
        raise unavailable(str(err)) from None
    return lab_agent


@pytest.fixture
def lab_node(request: pytest.FixtureRequest, _lab_state: Path) -> Lab:
    """The lab with a node on which pods really run."""
    return request.config.stash[_SESSION].get(Level.NODE, _lab_state)


@pytest.fixture
def product_image(request: pytest.FixtureRequest, lab_node: Lab) -> str:
    """The product's own image, which the node has."""
    session = request.config.stash[_SESSION]
    if session.image is None:
        try:
            session.image = build_image()
        except LevelUnavailableError as err:
            reason = f"image: {err}"
            if is_required():
                pytest.fail(f"{reason} (PHASE2_LAB=required)", pytrace=False)
            pytest.skip(reason)
        lab_node.node.import_images(session.image)
    return IMAGE


@pytest.fixture
def namespace(lab_api: Lab) -> Iterator[str]:
    """A fresh namespace, deleted (not waited for) afterwards."""
    name = f"t-{secrets.token_hex(4)}"
    lab_api.kube.create_namespace(name)
    yield name
    lab_api.kube.delete("v1", "Namespace", name)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember how long each log is, so that a failure shows only its own lines."""
    session = item.config.stash[_SESSION]
    if session.lab is not None:
        logs = session.lab.launcher.logs.glob("*.log")
        session.log_sizes = {log: log.stat().st_size for log in logs}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Append the programs' last lines to the report of a failed test, and count."""
    report: pytest.TestReport = yield  # type: ignore[assignment]
    session = item.config.stash[_SESSION]
    level = _level_of(item)
    if level is None:
        return report  # type: ignore[return-value]
    if call.when == "call" and not report.skipped:
        session.tests[level] += 1
    if report.failed and session.lab is not None:
        for log in sorted(session.lab.launcher.logs.glob("*.log")):
            text = tail(log, 15, since=session.log_sizes.get(log, 0))
            if text:
                report.sections.append((f"lab log {log.name}", text))
    return report  # type: ignore[return-value]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which levels ran, which were skipped, and why."""
    session = config.stash[_SESSION]
    if session.lab is None and not session.reasons:
        return
    terminalreporter.section("lab")
    for level in Level:
        if level in session.reasons:
            line = f"{level.label}: SKIPPED: {session.reasons[level]}"
        elif session.lab is not None and level in session.lab.seconds:
            ready = session.lab.seconds[level]
            line = f"{level.label}: ran {session.tests[level]} tests, started in {ready:.1f} s"
        else:
            line = f"{level.label}: not asked for"
        terminalreporter.write_line(line)
    if session.lab is not None:
        terminalreporter.write_line(f"logs: {session.lab.launcher.logs}")
