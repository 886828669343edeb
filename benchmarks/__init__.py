"""Measures how long `phase2 classify` takes, on trees that a seed makes; `README.md` has the commands and the figures."""
