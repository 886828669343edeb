"""Puts a Vault Agent template together: secrets outside, ESO's variables, then the body.

The result reads each secret once, around everything: a text in which some secrets are still unread would be an error
that ends the agent. A body runs as a template of its own (``block``), so that both its dot and its ``$`` are ESO's
variables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from injector.templates.body import Reading, read_body
from injector.templates.gotemplate import DEFAULT_DELIMITERS, parse_template
from injector.templates.nodes import Definition, Template, Text
from injector.templates.pieces import Field, Secrets, Whole, our_templates
from injector.templates.refusal import RefusedError
from injector.templates.strings import quote

MAX_TEMPLATE: Final = 1024 * 1024
"""No Secret holds more (Kubernetes' limit is 1 MiB)."""
OWN_PREFIX: Final = "phase2-"
"""Names of our own templates begin with it."""
_CONVERTED: Final = r"[^\pL\pN_.-]"
"""Characters that ``conversionStrategy: Default`` turns into ``_`` (external-secrets pkg/utils/utils.go@v0.19.2)."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A template for Vault Agent.

    It is exact with ``error-on-missing-key`` set to true: so is ESO.

    Attributes:
        text: consul-template text.
        paths: the request paths that it reads, for a policy: without version, not percent-encoded.
        delimiters: those of the text: the ESO template's own.
        variables: the variables that the template reads.
    """

    text: str
    paths: tuple[str, ...] = ()
    delimiters: tuple[str, str] = DEFAULT_DELIMITERS
    variables: tuple[str, ...] = ()


class Writer:
    """Collects bodies that share their secrets."""

    def __init__(self, delimiters: tuple[str, str]) -> None:
        self.secrets = Secrets()
        self._delimiters = delimiters
        self._needs: dict[str, None] = {}
        self._definitions: list[str] = []
        self._names: set[str] = set()
        self._statements: list[str] = []
        self._maps = 0
        self._variables: dict[str, None] = {}

    def action(self, content: str) -> str:
        """Return an action that trims nothing."""
        left, right = self._delimiters
        return f"{left} {content} {right}"

    def add_body(self, text: str, variables: Mapping[str, Field], whole: Sequence[Whole]) -> tuple[str, str]:
        """Take in an ESO template.

        Returns:
            The body's text for Vault Agent, and the operand that yields its data; that one is empty when the body
            reads none.

        Raises:
            RefusedError, TemplateSyntaxError: it has no equivalent, or is none.
        """
        if len(text) > MAX_TEMPLATE:
            raise RefusedError("template", "is longer than a Secret may be")
        template = parse_template(text, self._delimiters)
        reading = read_body(template, variables, is_open=bool(whole))
        self._check_names(reading)
        edits = list(reading.edits)
        for definition in reading.definitions:
            inner = _edited(text, definition.inner_start, definition.inner_end, edits)
            self._definitions.append(self.action(inner))
            edits = [edit for edit in edits if not definition.start <= edit[0] < definition.end]
            edits.append((definition.start, definition.end, self._placeholder(definition, text)))
        self._needs.update(reading.needs)
        used = [name for name in variables if reading.reads_all or name in reading.variables]
        self._variables.update(dict.fromkeys(used))
        body = self._close(_edited(text, 0, len(text), edits), template)
        return body, self._data({name: variables[name] for name in used}, whole, reading)

    def define(self, name: str, body: str) -> None:
        """Give a body a name (a Go string literal), for ``executeTemplate``."""
        self._definitions.append(f"{self.action(f'define {name}')}{body}{self.action('end')}")

    def finish(self, body: str) -> Translation:
        """Return the whole: what was collected around `body`, which is printed as it is."""
        templates = our_templates((*self._needs, *self.secrets.needs))
        left, right = self._delimiters
        front = [f'{left}- define "{name}" {right}{self._own(text)}{left} end {right}' for name, text in templates]
        front += [f"{left}-{text[len(left) :]}" for text in self._definitions]
        queries = self.secrets.queries
        front += [f"{left}- with {variable} := secret {arguments} {right}" for variable, arguments in queries]
        front += [f"{left}- {statement} {right}" for statement in self._statements]
        ends = [self.action("end"), *[f"\n{left}- end {right}"] * (len(queries) - 1)] if queries else []
        text = "\n".join(front) + body + "".join(ends)
        return Translation(
            text or self.action('""'), self.secrets.paths, self._delimiters, tuple(sorted(self._variables))
        )

    def _own(self, text: str) -> str:
        return text.replace("{{", self._delimiters[0]).replace("}}", self._delimiters[1])

    def _check_names(self, reading: Reading) -> None:
        for name in sorted(reading.names):
            if name.startswith(OWN_PREFIX) or name in self._names:
                raise RefusedError(f"template {name!a}", "the name is taken; choose another one")
        self._names |= reading.names

    def _placeholder(self, definition: Definition, text: str) -> str:
        """Return what keeps the text around a definition apart, and trims it as before, once it is gone."""
        trims = definition.trims_before or definition.trims_after
        if not trims and (definition.start == 0 or definition.end == len(text)):
            return ""
        left, right = self._delimiters
        return f"{left}{'- ' if definition.trims_before else ''}/**/{' -' if definition.trims_after else ''}{right}"

    def _close(self, body: str, template: Template) -> str:
        """Return a body to which an action may be added: a brace at its end would belong to that one."""
        left = self._delimiters[0]
        if template.nodes and isinstance(template.nodes[-1], Text):
            for length in range(len(left) - 1, 0, -1):
                if body.endswith(left[:length]):
                    return body[:-length] + self.action(quote(left[:length]))
        return body

    def _data(self, used: Mapping[str, Field], whole: Sequence[Whole], reading: Reading) -> str:
        if not (used or reading.reads_all or reading.reads_open):
            return ""
        if not whole or not (reading.reads_all or reading.reads_open):
            pairs = "".join(f"\n  {quote(name)} {self.secrets.value_of(field)}" for name, field in used.items())
            return f"(sprig_dict{pairs})"
        self._maps += 1
        data = f"$data{self._maps}"
        self._statements.append(f"{data} := sprig_dict")
        for entry in whole:
            source, value = self.secrets.map_of(entry)
            self._statements += [
                f"range $k, $v := {source}",
                f'$_ := sprig_set {data} (sprig_regexReplaceAll {quote(_CONVERTED)} $k "_") {value}',
                "end",
            ]
        self._statements += [
            f"$_ := sprig_set {data} {quote(name)} {self.secrets.value_of(field)}" for name, field in used.items()
        ]
        return data


def _edited(text: str, start: int, end: int, edits: Sequence[tuple[int, int, str]]) -> str:
    parts, at = [], start
    for first, last, new in sorted(edits):
        if first >= start and last <= end:
            parts += [text[at:first], new]
            at = last
    return "".join([*parts, text[at:end]])
