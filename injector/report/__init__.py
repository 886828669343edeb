"""From a `Report` to text: pure functions, one file per format. Nothing in here reads a tree or decides anything."""
