"""Vetting: what an organisation hands in, what officers find out about it, and what two of them decide.

Does: takes applications in, keeps what was checked and said, and on the second approval has the register make the
requester (``requesters.activation``).
Trusts: the officers' own signatures, nothing that the applicant says.
Promises: no officer decides twice, alone, or for their own organisation; every step has its entry.
"""
