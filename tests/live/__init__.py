"""Tests against the real programs of the lab; each needs a level and says so by its fixture."""
