"""What `import injector` gives, and what it must not load."""

from __future__ import annotations

import importlib
import subprocess
import sys
from enum import StrEnum
from types import FunctionType
from typing import get_type_hints

import pytest

import injector
from injector.errors import Phase2Error


def test_public_names_are_sorted_and_every_one_is_there() -> None:
    assert injector.__all__ == sorted(injector.__all__)
    for name in injector.__all__:
        made = getattr(injector, name)
        assert isinstance(made, FunctionType | type)
        assert made.__doc__
        assert get_type_hints(made) or (isinstance(made, type) and issubclass(made, StrEnum | Phase2Error))


def test_function_is_not_hidden_by_the_module_of_its_name() -> None:
    importlib.import_module("injector.classify")

    assert isinstance(injector.classify, FunctionType)


def test_name_that_is_none_is_told_as_python_does() -> None:
    with pytest.raises(AttributeError, match="module 'injector' has no attribute 'nothing'"):
        _ = injector.nothing  # type: ignore[attr-defined]


def test_importing_the_package_loads_nothing_of_it() -> None:
    code = "import injector, sys; print([one for one in sys.modules if one.startswith('injector.')])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
