"""The admission webhook: HTTP around the library's own functions. What a pod becomes is decided in `injector.pod`."""
