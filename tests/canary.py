"""A value that no test may ever see printed: planted as a secret, watched for in everything that is captured.

What pytest captured of a passed test is looked through at its end, and what a test reads of its own output when it
reads it. An exception that `pytest.raises` swallows is not seen: who tests errors looks into their texts.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Final

import pytest

CANARY: Final = "c4n4ry"
"""Every planted value holds it, in any case."""


def has_canary(text: object) -> bool:
    """Tell whether a planted value stands in a text or in bytes."""
    read = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return CANARY in read.lower()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that printed or logged a planted value."""
    report = yield
    leaks = [name for name, content in report.sections if name.endswith(report.when or "") and has_canary(content)]
    if report.passed and leaks:
        report.outcome = "failed"
        report.longrepr = f"a planted secret was printed: {', '.join(sorted(leaks))}"
        report.sections = [(name, content) for name, content in report.sections if name not in leaks]
    return report


@pytest.fixture(autouse=True)
def no_secret_is_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that reads a planted value in its own output."""
    really: Callable[[pytest.CaptureFixture[Any]], Any] = pytest.CaptureFixture.readouterr

    def readouterr(self: pytest.CaptureFixture[Any]) -> object:
        read = really(self)
        if has_canary(read.out) or has_canary(read.err):
            pytest.fail("a planted secret was printed", pytrace=False)
        return read

    monkeypatch.setattr(pytest.CaptureFixture, "readouterr", readouterr)
