"""The operators' command, ``pivault``.

Does: starts and stops things, migrates, plays the story, checks the ledger, turns keys.
Trusts: whoever may read the data folder or holds the administrator's database URL.
Promises: every command explains itself (``--help``, with an example), exits non-zero when what it
was asked for does not hold, and prints no secret unless asked to make one.
"""
