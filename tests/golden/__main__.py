"""``python -m tests.golden``: writes what the golden tests compare with anew; review the difference."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.golden.test_stages_tazlab import GOLDEN, STAGES, manifests_of, walk
from tests.golden.trees import case_names, rewrite
from tests.golden.tutorial import PAGES, rendered

with tempfile.TemporaryDirectory() as folder:
    steps = walk(Path(folder) / "tazlab")
for stage in STAGES:
    (GOLDEN / f"{stage}.diff").write_text(manifests_of(steps.diffs[stage]), encoding="utf-8")
for page in PAGES:
    with tempfile.TemporaryDirectory() as folder:
        page.write_text(rendered(Path(folder), page.read_text(encoding="utf-8")), encoding="utf-8")
for changed in rewrite(case_names()):
    print(changed)
