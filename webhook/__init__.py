"""The admission webhook. Not written yet: see the README for what works today."""
