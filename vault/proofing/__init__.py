"""Proofing: asking an authority whether a claim is true.

Does: asks a source over HTTP and believes only a fresh answer to this very question, signed with the
source's key: about persons (``source``) and organisations (``registers``). ``simulator`` is a stand-in for such
sources, run as a process of its own.
Trusts: the configured key. Not the network, nor the address the answer came from.
Promises: whatever the source does (another key, an old or foreign answer, rubbish, silence, a flood),
the outcome is an answer or SourceUnavailable, within seconds; names and numbers are in no error or log.

Whoever holds the source's key can have false claims accepted; nothing is released by that alone.
"""

from vault.proofing.client import HttpSource
from vault.proofing.registers import RegisterQuestion, Statement
from vault.proofing.source import Answer, Source, SourceUnavailable

__all__ = ["Answer", "HttpSource", "RegisterQuestion", "Source", "SourceUnavailable", "Statement"]
