"""The stages of a move as edits of a tree, forth and back. Pure: bytes come in and go out, nothing is written here."""
