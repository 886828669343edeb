"""What the webhook knows, from the API server: each kind is listed once and then watched, one thread for each.

`reflector` does that for one kind, step by step, over `webhook.api.port`; `collecting` makes a snapshot of what all of them
found; `watcher` runs them. A step never asks the clock but through what it was given, so tests need neither threads nor time.
"""
