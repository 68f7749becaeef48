"""Witnesses and mirrors: those outside who make a second history of the log impossible to hide.

Does: a small program that cosigns checkpoints (``pivault witness``), one that first derives everything again from the
entries themselves (``pivault mirror``), and the registry's side: asking them, letting auditors in.
Trusts: a witness trusts the log's public key for who speaks, and its own state file for what was said before. Nothing
that the log says of its past is believed without a proof.
Promises: a witness never cosigns two trees of one log that do not continue each other, not after a crash and not when
asked by many at once; without a whole state file it cosigns nothing. A mirror cosigns only what it holds and could
derive again.

These programs share the format's code with the log, run elsewhere, under other people's keys, without its database.
"""
