"""Design rules: what should never stand in a tree, nor be let into a cluster, whatever it is called.

`injector.verify.tree` holds a tree to them (`phase2 verify`), `injector.verify.objects` one object (the webhook's
``/validate``). Both ask the same functions. Nothing in here shows what it found: no value, and no line of a file.
"""
