"""``pivault-sim``: a SIMULATOR of the authorities that the vault asks about persons and organisations.

Does: answers, as a process of its own with keys of its own, so that the vault meets it as it would the real thing.
Trusts: whoever can reach its loopback port, also to change what it holds.
Promises: nothing about anybody: it confirms almost everything, except by documented patterns (``pivault-sim --help``).
"""

from vault.proofing.simulator.organisations import Facts, OrganisationSimulator
from vault.proofing.simulator.persons import Simulator
from vault.proofing.simulator.server import Server

__all__ = ["Facts", "OrganisationSimulator", "Server", "Simulator"]
