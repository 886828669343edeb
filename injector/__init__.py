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
    from injector.inventory.build import build_inventory
    from injector.manifests.tree import load_tree

__all__ = ["build_inventory", "classify", "find_config", "load_config", "load_tree"]

_HOMES: Final = {
    "build_inventory": "injector.inventory.build",
    "classify": "injector.classify",
    "find_config": "injector.config.load",
    "load_config": "injector.config.load",
    "load_tree": "injector.manifests.tree",
}


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
