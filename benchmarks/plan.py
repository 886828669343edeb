"""How long a plan takes beside a classification: ``python -m benchmarks.plan`` copies the example a hundred times.

Each copy is a cluster of its own folder with namespaces of its own, so that a plan has three migrations for each.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.measure import measure_in_turn, median

EXAMPLE: Final = Path(__file__).resolve().parents[1] / "examples" / "tazlab"
_PATH: Final = re.compile(r"(?m)^(\s*path: \./)")
_NAMESPACE: Final = re.compile(r"(?m)^(\s*(?:- )?(?:namespace|targetNamespace): (?!flux-system\b)[a-z][a-z0-9-]*)$")
_CLUSTER: Final = "clusters/tazlab-k8s"


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


def command_of(*words: str) -> list[str]:
    """Return the command line of phase2 in this interpreter."""
    return [sys.executable, "-m", "injector.cli", *words]


def main() -> None:
    """Print what both take and how they compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plan", description=__doc__)
    parser.add_argument("--copies", type=int, default=100, help="copies of the example (default 100)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each, in turn (default 3)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        count = 0
        for path, text in make_copies(given.copies):
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            count += 1
        commands = [command_of(word, "-o", "json", "--no-progress", str(root)) for word in ("classify", "plan")]
        classified, planned = measure_in_turn(commands, given.runs)
    print(f"{count} files, {given.runs} runs, medians")
    for word, runs in (("classify", classified), ("plan", planned)):
        wall, cpu = median([one.wall_s for one in runs]), median([one.cpu_s for one in runs])
        memory = median([one.sum_bytes for one in runs]) / 2**20
        print(f"{word}: wall {wall:.1f} s, CPU {cpu:.1f} s, all processes {memory:.0f} MiB")
    pairs = list(zip(planned, classified, strict=True))
    wall, cpu = (median([getattr(a, one) / getattr(b, one) for a, b in pairs]) for one in ("wall_s", "cpu_s"))
    print(f"plan / classify: wall {wall:.2f}, CPU {cpu:.2f}")


if __name__ == "__main__":
    main()
