"""What can go wrong in the lab, apart from the product under test.

``LabError`` is a defect or an accident of the lab; ``LevelUnavailableError`` says that this
machine cannot run a level, which a test run reports as a skip (or as a failure under
``PHASE2_LAB=required``). Nothing else in here, so that every module may import it.
"""

from __future__ import annotations


class LabError(Exception):
    """The lab itself failed; the message says what is wrong and what to do."""


class LabTimeoutError(LabError):
    """A condition did not come true before its deadline."""


class LevelUnavailableError(LabError):
    """This machine lacks something that a level needs; the message is one line."""
