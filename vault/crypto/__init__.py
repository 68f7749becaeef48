"""Keys and what is done with them.

Does: the key ring, authenticated encryption, sealed boxes, signatures, key bundles, password
stretching, one canonical byte form, row MACs. The only room that imports PyNaCl.
Trusts: libsodium (PyNaCl), OpenSSL (``cryptography``) for P-256 and RSA, the operating system's randomness.
Promises: every stored blob names its suite in its first byte and is bound to its place; opening
anything with a missing, swapped or foreign share raises CannotOpen, never returns something.
"""
