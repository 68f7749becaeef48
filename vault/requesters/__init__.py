"""Requesters: organisations that may ask, what they may ask for, and who let them.

Does: takes applications, has two different officers decide, keeps requesters, declarations, permits and
OAuth clients, and says whether each of them is live.
Trusts: the registry for who is an officer with the vetting role; nothing an applicant writes.
Promises: nobody is a requester without two officers' signatures that anyone can verify; an approved
declaration never changes; what is suspended, expired or withdrawn stops with the next question asked.
"""
