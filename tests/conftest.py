"""What every test of the project shares."""

from __future__ import annotations

import os

from hypothesis import settings

pytest_plugins = ["pytester", "tests.canary", "tests.lab.fixtures"]

# A machine that is busy is no defect. Under CI hypothesis has this profile anyway, and the same examples every time.
if not os.environ.get("CI"):
    settings.register_profile("phase2", deadline=None)
    settings.load_profile("phase2")
