"""The lab: the programs that the product lives between, really running, for tests and people.

See docs/lab.md for use, and ``lab.py`` for what a level contains.
"""
