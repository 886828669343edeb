"""How a document is written: indentation and quotes, seen in the neighbours first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from injector.edit.emit import Style
from injector.edit.nodes import Entry, Node, Tree
from injector.edit.scalars import MAX_INDICATOR, Quote, is_plain_safe
from injector.edit.splice import column
from injector.manifests.yamldoc import resolve_scalar

_QUOTES: Final[dict[str, Quote]] = {"'": "'", '"': '"'}


def find_style(tree: Tree, parent: Node | None) -> Style:
    """Return the style of new nodes in `parent`.

    Indentation is that of its other children, else the most frequent of the document, else two columns.
    """
    nodes = list(tree.walk())
    default = Style()
    local = list(_shapes(tree, [parent] if parent else []))
    everywhere = list(_shapes(tree, nodes))

    def choose(name: str, fallback: int) -> int:
        for shapes in (local, everywhere):
            seen = _most_frequent(size for kind, size in shapes if kind == name)
            if seen is not None:
                return seen
        return fallback

    step = choose("step", default.step)
    if not 0 < step <= MAX_INDICATOR:
        step = default.step
    style = Style(step, choose("dash", default.dash), choose("gap", default.gap), fallback=_fallback(nodes))
    if _is_json(tree, nodes):
        return replace(style, key="json", text="json", fallback="json")
    if parent is None:
        return style
    return replace(style, key=_common_quote(entry.key for entry in parent.entries), text=_text_quote(parent.entries))


def style_for(style: Style, old: Node) -> Style:
    """Return the style of a value that takes the place of `old`: its quotes, if it had any."""
    if style.text == "json" or old.kind != "scalar":
        return style
    if old.style in _QUOTES:
        return replace(style, text=_QUOTES[old.style], is_literal=False)
    is_plain_text = not old.style and isinstance(resolve_scalar(old.text), str)
    return replace(style, text="") if is_plain_text else style


def _shapes(tree: Tree, parents: Iterable[Node]) -> Iterator[tuple[str, int]]:
    for parent in parents:
        if not parent.is_block:
            continue
        for entry in parent.entries:
            value = entry.value
            if not value.is_block or not value.entries:
                continue
            size = column(tree.text, value.entries[0].start) - column(tree.text, entry.start)
            if parent.kind == "mapping":
                yield ("step" if value.kind == "mapping" else "dash"), size
            elif "\n" not in tree.text[entry.start : value.entries[0].start]:
                yield "gap", size


def _most_frequent(sizes: Iterable[int]) -> int | None:
    """Return the most frequent size, of equals the first."""
    counted = Counter(sizes).most_common(1)
    return counted[0][0] if counted else None


def _fallback(nodes: Iterable[Node]) -> Quote:
    counted = Counter(node.style for node in nodes if node.style in _QUOTES)
    return "'" if counted["'"] > counted['"'] else '"'


def _is_json(tree: Tree, nodes: Iterable[Node]) -> bool:
    root = tree.root
    if root is None or root.style != "flow" or any(node.style == "'" for node in nodes):
        return False
    first = next((entry.key for entry in root.entries), None)
    return first.style == '"' if first else tree.path.endswith(".json")


def _common_quote(nodes: Iterable[Node | None]) -> Quote:
    """Return the quotes that all these scalars have, plain when they differ."""
    styles = {node.style for node in nodes if node is not None and node.kind == "scalar"}
    return _QUOTES.get(styles.pop(), "") if len(styles) == 1 else ""


def _text_quote(entries: list[Entry]) -> Quote:
    """Return the quotes of the neighbours' text when all have the same, and not out of need alone."""
    texts = [entry.value for entry in entries if entry.value.kind == "scalar"]
    texts = [node for node in texts if node.style in _QUOTES or (not node.style and _is_text(node))]
    if not any(is_plain_safe(node.text) for node in texts):
        return ""
    return _common_quote(texts)


def _is_text(node: Node) -> bool:
    return isinstance(resolve_scalar(node.text), str)
