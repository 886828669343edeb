"""How long a plan takes beside a classification: ``python -m benchmarks.plan`` copies the example a hundred times.

Each copy is a cluster of its own folder with namespaces of its own, so that a plan has three migrations for each.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

EXAMPLE: Final = Path(__file__).resolve().parents[1] / "examples" / "tazlab"
_PATH: Final = re.compile(r"(?m)^(\s*path: \./)")
_NAMESPACE: Final = re.compile(r"(?m)^(\s*(?:- )?(?:namespace|targetNamespace): (?!flux-system\b)[a-z][a-z0-9-]*)$")
_CLUSTER: Final = "clusters/tazlab-k8s"
_RUNS: Final = 3


def make_copies(count: int) -> Iterator[tuple[str, str]]:
    """Yield (path, text) of `count` copies of the example, and its phase2.yaml for all of them."""
    for number in range(count):
        for file in sorted(one for one in EXAMPLE.rglob("*") if one.is_file()):
            path = file.relative_to(EXAMPLE).as_posix()
            text = file.read_text(encoding="utf-8")
            if path == "phase2.yaml":
                if number == 0:
                    yield path, re.sub(r"(?m)^(\s*(?:- )?namespace: )(buzz|monitoring|multica)$", r"\1\2-*", text)
                continue
            cluster = f"clusters/c{number:02}"
            moved = _PATH.sub(rf"\g<1>c{number:02}/", text).replace(f"c{number:02}/{_CLUSTER}", cluster)
            place = path.replace(_CLUSTER, cluster) if path.startswith(_CLUSTER) else f"c{number:02}/{path}"
            yield place, _NAMESPACE.sub(rf"\g<1>-{number:02}", moved)


def measure(root: Path, *command: str) -> float:
    """Return the best time of some runs, in seconds; the output is thrown away."""
    times = []
    for _ in range(_RUNS):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "injector.cli", *command, str(root)],
            env=os.environ | {"CI": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print both times and how they compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plan", description=__doc__)
    parser.add_argument("--copies", type=int, default=100, help="copies of the example (default 100)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        count = 0
        for path, text in make_copies(given.copies):
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            count += 1
        classified = measure(root, "classify", "-o", "json")
        planned = measure(root, "plan", "-o", "json")
    print(f"{count} files: classify {classified:.1f} s, plan {planned:.1f} s, {planned / classified:.2f} times")


if __name__ == "__main__":
    main()
