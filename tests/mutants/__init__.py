"""Does every named check matter? Each is taken out of the code in turn, and the tests must turn red.

``scripts/mutants`` runs it by hand. A check is named in one of two ways: as the key of a table of checks
(``CHECKS``), or as the first argument of the refusal that an ``if`` raises. Both are found in the sources, so that a
new check is tried unasked.
"""
