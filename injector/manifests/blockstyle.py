"""Reads YAML in the plain block style in which most manifests are written, line by line.

It is a shortcut and nothing else: what it does not know for certain it leaves to libyaml (`read_block` returns None), and
all errors with it. For what it does read, tests compare every value and every line with libyaml's. It exists because
libyaml's composer makes five Python objects for every scalar, which was a third of the time of a whole run.

Known: mappings and sequences by indentation, scalars of one line, literal and folded blocks, collections in brackets on
one line, anchors and aliases, comments.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from injector.manifests.yamlvalues import Map, Seq, Value, clone, resolve_plain

_MAX_DEPTH: Final = 60
_MAX_COPIES: Final = 8
"""Aliases of collections in one document: more could double its size again and again."""
_MAX_KEYS: Final = 20_000

_ODD_ASCII: Final = re.compile("[^\\n -~]")
_ODD: Final = "[^\\n -~\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
"""Tabs, other line breaks than the usual one, and what YAML forbids; an expression that takes long to compile."""
_KEY: Final = re.compile(r"""[A-Za-z0-9_][A-Za-z0-9_./-]{0,200}|"[^"\\]{0,200}"|'[^']{0,200}'""")
_PLAIN: Final = re.compile(
    r"(?:[A-Za-z0-9_./$(~+=<^;\\]|[-:?](?=[^ ]))[^:#]*(?:(?::(?! |\Z)|(?<! )#)[^:#]*)*(?: (?=#)|\Z)"
)
_PLAIN_START: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./$(~+=<^;\\")
_QUOTED: Final = re.compile(r"""(?:"((?:[^"\\]|\\[\\"nt/])*)"|'((?:[^']|'')*)')[ ]*(?: \#.*)?""")
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPES: Final = {"n": "\n", "t": "\t"}
_TOKEN: Final = re.compile(r""" *(?:([A-Za-z0-9_./][A-Za-z0-9_./-]*)|"([^"\\]*)"|'([^']*)'|([\[\]{},]|:(?= )))""")
_ANCHOR: Final = re.compile(r"&([A-Za-z0-9_-]+)(?: +(?![*&#])|\Z)")
_ALIAS: Final = re.compile(r"\*([A-Za-z0-9_-]+)(?: +#.*)?")
_BLOCKS: Final = frozenset({"|", "|-", ">", ">-"})

_keys: dict[str, str] = {}
"""Keys as they are written -> the keys: a tree has few, and says them often."""
_Part: TypeAlias = "tuple[str, str, str, str]"


class _Unsure(Exception):  # noqa: N818 - no error: it says that somebody else has to read this
    pass


def _key(written: str) -> str:
    """Return what is written before a colon."""
    if not _KEY.fullmatch(written):
        raise _Unsure
    if len(_keys) > _MAX_KEYS:
        _keys.clear()
    key = _keys[written] = written[1:-1] if written[0] in "\"'" else written
    return key


class _Reader:
    """Reads one document, from top to bottom.

    Attributes:
        at: the number of the next line to read, from 0.
        indents, opened: of every collection that is not yet at its end, its indentation and itself.
        waiting: the key of the last one that may get its value from the lines below.
        label: the anchor of that value.
    """

    __slots__ = (
        "anchors", "at", "base", "copies", "duplicates", "indents", "label", "lines", "opened", "path", "waiting",
    )  # fmt: skip

    def __init__(self, text: str, path: str, line: int) -> None:
        self.lines = text.split("\n")
        self.path = path
        self.base = line
        self.at = 0
        self.indents: list[int] = []
        self.opened: list[Map | Seq] = []
        self.waiting: str | None = None
        self.label = ""
        self.anchors: dict[str, Value] = {}
        self.copies = 0
        self.duplicates: list[tuple[int, str]] = []

    def read(self) -> Map | Seq:
        """Return the document's value; raises `_Unsure`."""
        lines, indents, opened = self.lines, self.indents, self.opened
        count = len(lines)
        while self.at < count:
            line = lines[self.at]
            self.at += 1
            body = line.lstrip(" ")
            if not body or body[0] == "#":
                continue
            indent = len(line) - len(body)
            if body[0] == "-":
                self._item(indent, body)
                continue
            if not opened or indent != indents[-1] or isinstance(opened[-1], Seq):
                self._move(indent, is_item=False)
            self._entry(indent, body)
        if not opened or (self.duplicates and self.copies):
            raise _Unsure
        return opened[0]

    def _move(self, indent: int, *, is_item: bool) -> None:
        """Close what ends before this line, and open what begins with it."""
        indents, opened = self.indents, self.opened
        while indents and indents[-1] > indent:
            indents.pop()
            opened.pop()
            self.waiting = None
        if indents and indents[-1] == indent:
            is_in_sequence = isinstance(opened[-1], Seq)
            if is_item == is_in_sequence:
                return
            if is_in_sequence:
                # The sequence stood as far left as its key, and the next key of that mapping follows.
                indents.pop()
                opened.pop()
                if not indents or indents[-1] != indent:
                    raise _Unsure
                return
        self._open(indent, is_item=is_item)

    def _open(self, indent: int, *, is_item: bool) -> None:
        line = self.base + self.at - 1
        made: Map | Seq = Seq(self.path, line) if is_item else Map(self.path, line)
        if self.opened:
            holder = self.opened[-1]
            if self.waiting is None or isinstance(holder, Seq) or len(self.indents) > _MAX_DEPTH:
                raise _Unsure
            holder[self.waiting] = made
            if self.label:
                self.anchors[self.label] = made
                if is_item:
                    made.line = holder.at(
                        self.waiting
                    ).line  # a sequence begins at its anchor, a mapping at its first key
            self.waiting = None
        elif indent or self.indents:
            raise _Unsure
        self.indents.append(indent)
        self.opened.append(made)

    def _item(self, indent: int, body: str) -> None:
        if body[1:2] != " ":
            raise _Unsure
        indents, opened = self.indents, self.opened
        if not opened or indent != indents[-1] or isinstance(opened[-1], Map):
            self._move(indent, is_item=True)
        holder = opened[-1]
        if isinstance(holder, Map):
            raise _Unsure
        content = body[2:].lstrip(" ")
        line = self.base + self.at - 1
        holder.lines.append(line)
        before, colon, _ = content.partition(": ")
        if not colon:
            before = content.rstrip(" ")
            colon = before[-1:]
            before = before[:-1]
        if colon[:1] == ":" and (before in _keys or _KEY.fullmatch(before)):
            made = Map(self.path, line)
            holder.append(made)
            column = indent + len(body) - len(content)
            indents.append(column)
            opened.append(made)
            self._entry(column, content)
            return
        if content[:1] in ("", "#", "*", "&"):
            raise _Unsure
        holder.append(self._scalar(content, indent))

    def _entry(self, indent: int, body: str) -> None:
        """Read ``key: value`` into the mapping that was opened last."""
        holder = self.opened[-1]
        before, colon, written = body.partition(": ")
        if not colon:
            before = body.rstrip(" ")
            if before[-1] != ":":
                raise _Unsure
            before = before[:-1]
        key = _keys.get(before) or _key(before)
        line = self.base + self.at - 1
        if isinstance(holder, Seq):
            raise _Unsure
        if key in holder:
            self.duplicates.append((line, key))
        holder.lines[key] = line
        written = written.strip(" ")
        if written and written[0] != "#":
            self.waiting = None
            if written[0] in _PLAIN_START and ":" not in written and "#" not in written:
                holder[key] = resolve_plain(written)
                return
            if written[0] != "&":
                holder[key] = self._scalar(written, indent)
                return
            anchor = _ANCHOR.match(written)
            if anchor is None:
                raise _Unsure
            self.label = anchor[1]
            if anchor.end() < len(written):
                holder[key] = self.anchors[anchor[1]] = self._scalar(written[anchor.end() :], indent)
                return
            self.anchors[anchor[1]] = None
        else:
            self.label = ""
        holder[key] = None
        self.waiting = key

    def _scalar(self, written: str, indent: int) -> Value:
        """Return what stands behind a key or a dash of this indentation, with the lines below that belong to it."""
        plain = _PLAIN.match(written)
        if plain is not None:
            return resolve_plain(plain[0].rstrip(" "))
        first = written[0]
        if first in "\"'":
            return _unquote(written)
        if first in "|>":
            return self._block(written.rstrip(" "), indent)
        if first in "[{":
            tokens = _tokens(written.rstrip(" "))
            made = self._flow(tokens, 0)
            if tokens:
                raise _Unsure
            return made
        if first == "*":
            return self._alias(written)
        raise _Unsure

    def _alias(self, written: str) -> Value:
        match = _ALIAS.fullmatch(written)
        if match is None or match[1] not in self.anchors:
            raise _Unsure
        value = self.anchors[match[1]]
        if isinstance(value, (Map, Seq)):
            self.copies += 1
            if self.copies > _MAX_COPIES or any(value is one for one in self.opened):
                raise _Unsure
            return clone(value)
        return value

    def _flow(self, tokens: list[_Part], depth: int) -> Value:
        """Read from the tokens, which come from the end of the list, one value."""
        if not tokens:
            raise _Unsure
        plain, double, single, sign = tokens.pop()
        if not sign:
            return resolve_plain(plain) if plain else double or single
        if sign not in ("[", "{") or depth > _MAX_COPIES or not tokens:
            raise _Unsure
        line = self.base + self.at - 1
        made: Map | Seq = Seq(self.path, line) if sign == "[" else Map(self.path, line)
        end = "]" if sign == "[" else "}"
        if tokens[-1][3] == end:
            tokens.pop()
            return made
        sign = ","
        while sign == ",":
            if isinstance(made, Map):
                key = self._flow_key(tokens)
                if key in made:
                    self.duplicates.append((line, key))
                made.lines[key] = line
                made[key] = self._flow(tokens, depth + 1)
            else:
                made.lines.append(line)
                made.append(self._flow(tokens, depth + 1))
            if not tokens:
                raise _Unsure
            sign = tokens.pop()[3]
        if sign != end:
            raise _Unsure
        return made

    def _flow_key(self, tokens: list[_Part]) -> str:
        if len(tokens) < 3 or tokens[-1][3] or tokens[-2][3] != ":":  # noqa: PLR2004 - a key, a colon, a value
            raise _Unsure
        plain, double, single, _ = tokens.pop()
        tokens.pop()
        return plain or double or single

    def _block(self, header: str, indent: int) -> str:
        """Read the lines of a literal or folded block."""
        lines, start = self.lines, self.at
        if header not in _BLOCKS or start >= len(lines):
            raise _Unsure
        depth = len(lines[start]) - len(lines[start].lstrip(" "))
        if depth <= indent or depth == len(lines[start]):
            raise _Unsure
        pad = " " * depth
        end = start
        for number in range(start, len(lines)):
            line = lines[number]
            if line.startswith(pad):
                if line.isspace():
                    raise _Unsure
                end = number + 1
            elif line:
                # Blank lines with blanks in them, and comments between the block and what holds it, are for libyaml.
                if len(line) - len(line.lstrip(" ")) > indent or line.isspace():
                    raise _Unsure
                break
        if end == len(lines):
            raise _Unsure  # the file's last line does not end
        self.at = end
        content = [line[depth:] for line in lines[start:end]]
        if header[0] == ">":
            if any(line[:1] in ("", " ") for line in content):
                raise _Unsure
            return " ".join(content) + ("" if header == ">-" else "\n")
        return "\n".join(content) + ("" if header == "|-" else "\n")


def _unquote(written: str) -> str:
    match = _QUOTED.fullmatch(written)
    if match is None:
        raise _Unsure
    if match[1] is None:
        return match[2].replace("''", "'")
    return _ESCAPE.sub(lambda one: _ESCAPES.get(one[1], one[1]), match[1]) if "\\" in match[1] else match[1]


def _tokens(written: str) -> list[_Part]:
    """Cut a collection in brackets into its parts, the last one first."""
    found: list[_Part] = []
    position = 0
    while position < len(written):
        match = _TOKEN.match(written, position)
        if match is None:
            raise _Unsure
        found.append(match.groups(""))  # type: ignore[arg-type]
        position = match.end()
    found.reverse()
    return found


def read_block(data: bytes, path: str, line: int) -> tuple[Map | Seq, tuple[tuple[int, str], ...]] | None:
    """Return a document's value and its keys that stand twice (line, key); None for what libyaml has to read.

    Args:
        data: one document, perhaps with its ``---`` line.
        path: what `Location.path` shall say.
        line: the line of the file that `data` starts in.
    """
    if data.startswith(b"---\n"):
        data = data[4:]
        line += 1
    elif data.startswith((b"---", b"%")):
        return None
    try:
        text = data.decode()
        if _ODD_ASCII.search(text) and (text.isascii() or re.search(_ODD, text)):
            return None
        reader = _Reader(text, path, line)
        return reader.read(), tuple(reader.duplicates)
    except (UnicodeDecodeError, _Unsure):
        return None
