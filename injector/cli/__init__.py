"""The command line: from words to calls of the library, and from answers to streams and exit codes.

Nothing in here is imported by the library. The modules import the library late, inside the commands, so that
``phase2 --version`` and shell completion don't pay for it.
"""
