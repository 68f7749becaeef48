"""Fixtures: the registry of the requesters' tests, whose officers vet."""

from tests.requesters.conftest import staff

__all__ = ["staff"]
