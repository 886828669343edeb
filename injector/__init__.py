"""Says which secrets of a GitOps tree can become dynamic credentials, and which stay static, and why.

>>> report = classify(build_inventory(load_tree(["examples/tazlab"])))  # doctest: +SKIP

Every public name is imported when it is first used: ``phase2 --version`` and completion import this package too, and
must not pay for the library.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from injector.classify import classify
    from injector.config.load import find_config, load_config
    from injector.config.model import Config
    from injector.errors import ConfigError, InputError, Phase2Error
    from injector.inventory.build import build_inventory
    from injector.inventory.facts import Facts, Inventory
    from injector.location import Location
    from injector.manifests.tree import Tree, load_tree
    from injector.model import (
        Confidence,
        Consumer,
        Credential,
        Diagnostic,
        Finding,
        Item,
        ObjectRef,
        Readiness,
        Reason,
        Report,
        SecretSource,
        Verdict,
    )
    from injector.report.formats import render
    from injector.report.options import Format
    from injector.verify.model import Verification, Violation
    from injector.verify.tree import verify_tree

__all__ = [
    "Confidence",
    "Config",
    "ConfigError",
    "Consumer",
    "Credential",
    "Diagnostic",
    "Facts",
    "Finding",
    "Format",
    "InputError",
    "Inventory",
    "Item",
    "Location",
    "ObjectRef",
    "Phase2Error",
    "Readiness",
    "Reason",
    "Report",
    "SecretSource",
    "Tree",
    "Verdict",
    "Verification",
    "Violation",
    "build_inventory",
    "classify",
    "find_config",
    "load_config",
    "load_tree",
    "render",
    "verify_tree",
]

_PUBLIC: Final = {
    "injector.classify": "classify",
    "injector.config.load": "find_config load_config",
    "injector.config.model": "Config",
    "injector.errors": "ConfigError InputError Phase2Error",
    "injector.inventory.build": "build_inventory",
    "injector.inventory.facts": "Facts Inventory",
    "injector.location": "Location",
    "injector.manifests.tree": "Tree load_tree",
    "injector.model": "Confidence Consumer Credential Diagnostic Finding Item ObjectRef Readiness Reason Report SecretSource Verdict",
    "injector.report.formats": "render",
    "injector.report.options": "Format",
    "injector.verify.model": "Verification Violation",
    "injector.verify.tree": "verify_tree",
}
_HOMES: Final = {name: home for home, names in _PUBLIC.items() for name in names.split()}


class _Package(ModuleType):
    """This package, in which ``classify`` stays the function."""

    def __getattr__(self, name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self)
        return getattr(import_module(_HOMES[name]), name)

    def __setattr__(self, name: str, value: object) -> None:
        # Importing a submodule sets it on its package: the module injector.classify would hide the function.
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
