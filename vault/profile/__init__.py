"""A person's profile: what may be kept, how it is kept, and the forms in which it may leave.

Does: the catalogue (data, with JSON Schema, sensitivity classes and forms), rendering of forms,
sections as encrypted and signed versions, section keys with their escrow, attestations.
Trusts: the person's bundle for keys and signatures, the registry for the two recovery roles' public
keys; the database for durability and uniqueness, not for the truth of a row.
Promises: a section's general and sensitive parts open with different keys; a version, a key or a
ciphertext moved to another place, or written by anybody but the person, is refused; two writers who
saw the same version cannot both win; what is forbidden is refused by name; values stay out of
errors and out of the ledger.
"""
