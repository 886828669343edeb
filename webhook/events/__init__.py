"""Kubernetes Events: what became of a pod, told where a person looks for it, without a flood.

`occurrences` makes one of an answer, `correlating` decides whether it is new, one more of the same, or too many, and `sending`
writes it beside the requests.
"""
