"""Writes down anew what the program says of the trees below ``tests/data/trees``; the diff is what review reads.

``python -m tests.golden.rewrite [CASE]...``
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.golden.trees import case_names, rewrite

if __name__ == "__main__":
    for changed in rewrite(sys.argv[1:] or case_names()):
        print(changed.relative_to(Path.cwd()) if changed.is_relative_to(Path.cwd()) else changed)
