"""pivault: a personal-information vault with consent brokering.

Persons keep their information here, encrypted under keys that no single party holds, and decide who may have which part
of it. Rooms import downward only; the order stands in pyproject.toml, under import-linter.
"""
