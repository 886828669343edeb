"""What only a person can know of a tree: ``phase2.yaml``, as frozen values and the reader that makes them."""
