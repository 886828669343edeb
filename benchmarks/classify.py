"""Prints how long `phase2 classify -o json` takes beside others that read the same tree, how its cost grows, and its memory.

The others: kubeconform, which parses every file in Go with as many workers as there are processors, and PyYAML's C loader
alone, in one process. Ratios are taken run by run, and their medians are printed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measure import Run, measure, measure_in_turn, median
from benchmarks.tree import FILES_AT_SCALE_ONE, write_tree

_LOADER: Final = """
import pathlib, sys, yaml
for path in pathlib.Path(sys.argv[1]).rglob("*.yaml"):
    for _ in yaml.load_all(path.read_bytes(), yaml.CSafeLoader):
        pass
"""
_MIB: Final = 1024 * 1024
_LARGE: Final = 100
"""From this scale on three runs are enough: they take long, and noise matters little."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Something else that reads a tree."""

    name: str
    command: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classify", description=__doc__)
    parser.add_argument("--tree", type=Path, help="a tree of your own for the comparison, instead of the generated one")
    parser.add_argument(
        "--scales", default="1,10,100", help=f"sizes, times {FILES_AT_SCALE_ONE} files (default 1,10,100)"
    )
    parser.add_argument("--dense", action="store_true", help="trees of small manifests only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command (default 5)")
    parser.add_argument(
        "--peer", default=shutil.which("kubeconform") or "", help="kubeconform; by default the one on PATH"
    )
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="phase2-benchmark-") as folder:
        scales = [int(one) for one in given.scales.split(",")]
        trees = {scale: Path(folder) / str(scale) for scale in scales}
        for scale, place in trees.items():
            count, size = write_tree(place, scale * FILES_AT_SCALE_ONE, given.seed, is_dense=given.dense)
            print(f"{scale}x: {count} files, {size / 1e6:.1f} MB")
        compared = given.tree or trees[min(scales, key=lambda one: abs(one - 10))]
        _print_start(given.runs)
        _print_comparison(compared, list(_peers(given.peer, compared, Path(folder))), given.runs)
        _print_growth(trees, given.runs)


def _phase2(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "injector.cli", *arguments)


def _peers(kubeconform: str, tree: Path, folder: Path) -> Iterator[Peer]:
    if kubeconform:
        # No schema is there, so that it parses and does nothing else.
        schemas = folder / "no-schemas"
        schemas.mkdir()
        flags = ("-n", str(_processors()), "-ignore-missing-schemas", "-schema-location", str(schemas))
        yield Peer(f"kubeconform -n {_processors()}", (kubeconform, *flags, str(tree)))
    else:
        print("kubeconform is not on PATH; give --peer to compare with it")
    yield Peer("PyYAML CSafeLoader", (sys.executable, "-c", _LOADER, str(tree)))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _print_start(runs: int) -> None:
    [made] = measure_in_turn([_phase2("--version")], runs)
    print(f"\nstart: `phase2 --version` takes {median([one.cpu_s for one in made]) * 1000:.0f} ms of CPU")


def _print_comparison(tree: Path, peers: Sequence[Peer], runs: int) -> None:
    ours = _phase2("classify", "-o", "json", str(tree))
    first, *others = measure_in_turn([ours, *(peer.command for peer in peers)], runs)
    print(f"\n{'':24}{'wall s':>9}{'CPU s':>9}{'wall ratio':>12}{'CPU ratio':>12}")
    print(f"{'phase2 classify -o json':24}{_times(first)}")
    for peer, made in zip(peers, others, strict=True):
        pairs = list(zip(first, made, strict=True))
        wall = median([one.wall_s / other.wall_s for one, other in pairs])
        cpu = median([one.cpu_s / other.cpu_s for one, other in pairs])
        print(f"{peer.name:24}{_times(made)}{wall:12.2f}{cpu:12.2f}")


def _times(made: Sequence[Run]) -> str:
    return f"{median([one.wall_s for one in made]):9.2f}{median([one.cpu_s for one in made]):9.2f}"


def _print_growth(trees: dict[int, Path], runs: int) -> None:
    print(f"\n{'scale':>8}{'CPU s':>9}{'wall s':>9}{'CPU growth':>12}{'all MiB':>9}{'largest MiB':>13}")
    before = (0, 0.0)
    for scale, place in sorted(trees.items()):
        command = _phase2("classify", "-o", "json", str(place))
        made = [measure(command) for _ in range(runs if scale < _LARGE else min(runs, 3))]
        cpu = median([one.cpu_s for one in made])
        growth = f"{cpu / before[1]:.1f} for {scale // before[0]}x" if before[0] else ""
        memory = median([one.sum_bytes for one in made]) / _MIB
        largest = median([one.largest_bytes for one in made]) / _MIB
        wall = median([one.wall_s for one in made])
        print(f"{scale:7}x{cpu:9.2f}{wall:9.2f}{growth:>12}{memory:9.0f}{largest:13.0f}")
        before = (scale, cpu)


if __name__ == "__main__":
    main()
