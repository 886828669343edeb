"""The first steps of docs/vault.md, run with the real ``vault``; `python -m tests.live.steps` writes what they print."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from tests.golden.tutorial import PROJECT, rendered
from tests.lab.lab import Lab
from tests.lab.programs import get_binary

PAGE: Final = PROJECT / "docs" / "vault.md"
_START: Final = "## First steps\n"


def rendered_steps(lab: Lab, folder: Path) -> str:
    """The page with what its first steps print in an empty Vault.

    Args:
        lab: whose programs are used; no level of it needs to run.
        folder: an empty one.
    """
    vault = lab.start_vault("vault-steps")
    before, start, rest = PAGE.read_text(encoding="utf-8").partition(_START)
    steps, end, after = rest.partition("\n## ")
    variables = {"VAULT_ADDR": vault.address, "VAULT_TOKEN": vault.token}
    return "".join((before, start, rendered(folder, steps, variables, get_binary("vault").parent), end, after))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made, Lab(Path(made) / "lab") as own:
        (Path(made) / "steps").mkdir()
        PAGE.write_text(rendered_steps(own, Path(made) / "steps"), encoding="utf-8")
