"""Images without a shell: their command cannot be wrapped, since nothing in them could read a file into the environment."""

from __future__ import annotations

from typing import Final

from injector.knowledge.apps import app_names

_WORD: Final = "distroless"
"""In a repository's path (``gcr.io/distroless/static``) or in a tag (``miniflux:2-distroless``).

Source: https://github.com/GoogleContainerTools/distroless README: "They do not contain package managers, shells".
"""
_APPS: Final = frozenset({"vikunja"})
"""Built FROM scratch: https://github.com/go-vikunja/vikunja Dockerfile."""


def has_no_shell(image: str) -> bool:
    """Tell an image that is known to hold no ``/bin/sh``; of most it is not known."""
    return _WORD in image.lower() or (bool(image) and not _APPS.isdisjoint(app_names(image)))
