"""New values to YAML text, in block or flow style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from injector.edit.scalars import Quote, render_key, render_literal, render_scalar
from injector.edit.values import Data, Scalar, as_scalar, is_list


@dataclass(frozen=True, slots=True)
class Style:
    """How new nodes are written.

    Attributes:
        step: columns that a mapping's values stand deeper than its key.
        dash: columns that a list's dashes stand deeper than the key of the list (often 0).
        gap: columns from a dash to what follows it.
        key: quotes of keys.
        text: quotes of text that could stand plain.
        fallback: quotes of text that could not.
        is_literal: text of several lines becomes a literal block.
    """

    step: int = 2
    dash: int = 2
    gap: int = 2
    key: Quote = ""
    text: Quote = ""
    fallback: Quote = '"'
    is_literal: bool = True

    def inner(self) -> Style:
        """Return the style of what stands inside a new node: only JSON's quotes go on."""
        return self if self.text == "json" else replace(self, text="", key="")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A value's text.

    Attributes:
        inline: what follows the ``:`` or ``-`` on its line; empty when nothing does.
        body: the lines below, indented, without line endings.
    """

    inline: str = ""
    body: tuple[str, ...] = ()


def render_value(value: Data, column: int, style: Style) -> Rendered:
    """Return a value of a block mapping whose keys stand at `column`."""
    if isinstance(value, Mapping):
        if not value:
            return Rendered("{}")
        return Rendered("", tuple(render_pairs(value, column + style.step, style.inner())))
    if is_list(value):
        if not value:
            return Rendered("[]")
        return Rendered("", tuple(render_items(value, column + style.dash, style.inner())))
    return _render_scalar(as_scalar(value), column, style)


def render_item(value: Data, column: int, style: Style, *, is_compact: bool = True) -> Rendered:
    """Return an item of a block sequence whose dashes stand at `column`.

    Args:
        value: the item.
        column: of the dash.
        style: of new nodes.
        is_compact: a collection starts behind the dash, not below it.
    """
    inner = column + style.gap
    if isinstance(value, Mapping) and value:
        lines = render_pairs(value, inner, style.inner())
    elif is_list(value) and value:
        lines = render_items(value, inner, style.inner())
    else:
        return render_value(value, column, style)
    return Rendered(lines[0][inner:], tuple(lines[1:])) if is_compact else Rendered("", tuple(lines))


def render_pairs(value: Mapping[str, Data], column: int, style: Style) -> list[str]:
    """Return a block mapping's lines."""
    lines: list[str] = []
    for key, item in value.items():
        made = render_value(item, column, style)
        head = f"{' ' * column}{render_key(key, style.key)}:"
        lines.append(f"{head} {made.inline}" if made.inline else head)
        lines += made.body
    return lines


def render_items(value: Sequence[Data], column: int, style: Style) -> list[str]:
    """Return a block sequence's lines."""
    lines: list[str] = []
    for item in value:
        made = render_item(item, column, style)
        lines.append(f"{' ' * column}-{' ' * (style.gap - 1)}{made.inline}" if made.inline else f"{' ' * column}-")
        lines += made.body
    return lines


def render_flow(value: Data, style: Style) -> str:
    """Return a value on one line, as it stands between brackets."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(render_flow_pair(key, item, style) for key, item in value.items()) + "}"
    if is_list(value):
        return "[" + ", ".join(render_flow(item, style) for item in value) + "]"
    return render_scalar(as_scalar(value), style.text, fallback=style.fallback, is_flow=True)


def render_flow_pair(key: str, value: Data, style: Style) -> str:
    """Return a pair of a flow mapping."""
    return f"{render_key(key, style.key, is_flow=True)}: {render_flow(value, style)}"


def _render_scalar(value: Scalar, column: int, style: Style) -> Rendered:
    if isinstance(value, str) and style.is_literal and style.text != "json":
        literal = render_literal(value, style.step)
        if literal:
            indent = " " * (column + style.step)
            return Rendered(literal[0], tuple(indent + line if line else "" for line in literal[1]))
    return Rendered(render_scalar(value, style.text, fallback=style.fallback))
