"""What cannot be translated, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from injector.location import Location


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a template stays with External Secrets Operator.

    Attributes:
        construct: the function or construct, as a person would name it (``function bcrypt``).
        message: why it has no equivalent, and what to do where something can be done; never a value.
        location: the line of the construct, counted from the location that the caller gave for the text.
    """

    construct: str
    message: str
    location: Location

    def __str__(self) -> str:
        """Return it as one line of an error message."""
        return f"{self.location}: {self.construct}: {self.message}"


class RefusedError(Exception):
    """Carries a refusal out of the depth of a template; never leaves this package.

    Attributes:
        offset: where in the template's text, when no `location` is known.
    """

    def __init__(self, construct: str, message: str, offset: int = 0, *, location: Location | None = None) -> None:
        super().__init__(construct, message)
        self.construct = construct
        self.message = message
        self.offset = offset
        self.location = location
