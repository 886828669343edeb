"""One pod and its migrations to the pod that the real injector will serve. Pure; the webhook and the command line share it."""
