r"""Edits of a tree's files: YAML documents changed byte by byte, and sets of changed files shown and written.

Pure, bytes in and bytes out: `yamlfile` (the door to use), `kustomization`, `diff`. Doors to the world: `changes`
writes files, `git` asks git. Nothing here knows what a Secret or a stage is.

Why no round-trip library. A round-trip YAML library (ruamel.yaml) keeps comments and order, but it *re-emits the whole
document*: sequence indentation becomes one of its own, long plain scalars fold, ``"\u00e9"`` and other spellings of
quoted text change, blank lines and comments move between neighbours, CRLF becomes LF. On a GitOps tree that turns a
change of one line into a diff of the file. What is asked here is stronger: *bytes outside the edited node never
change*. So:

1. libyaml (through PyYAML, which the reader uses as well) scans and parses the document: its tokens and events have
   exact positions. Nothing of YAML's grammar is decided by own code.
2. An edit becomes a few splices of text, computed from those positions (`block`, `flow`).
3. Only new nodes are written by own code (`emit`, `scalars`), in the style of their neighbours; whether a text may
   stand plain is PyYAML's emitter to say.
4. The result is parsed again and compared: the new document's values must be the old ones with the edit applied
   (`graph`), and every comment that the edit did not mean to remove must still be there. If not, `EditError`, and no
   result: a mistake in 2 or 3 costs an edit, never a file.
"""
