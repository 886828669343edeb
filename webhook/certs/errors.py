"""What goes wrong between the keeper of certificates and the API server."""

from __future__ import annotations

from injector.errors import Phase2Error


class ClusterError(Phase2Error):
    """The API server refuses or does not answer. The message names the object and why, and never a body."""
