"""Says which secrets of a GitOps tree can become dynamic credentials, and which stay static, and why.

>>> report = classify(build_inventory(load_tree(["examples/tazlab"])))  # doctest: +SKIP
"""

from injector.classify import classify
from injector.inventory.build import build_inventory
from injector.manifests.tree import load_tree

__all__ = ["build_inventory", "classify", "load_tree"]
