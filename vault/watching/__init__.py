"""The watcher: looks at how requesters behave, and slows down or stops who behaves like a collector of people.

Does: reads the ledger as it grows, counts by requester and hour, scores by named rules that anyone can read.
Trusts: the ledger for what happened; nothing that a requester says about itself.
Promises: it knows no person and reads no value, only entries and times; what it decides is an entry with the rules
that led to it; nobody is stopped for good by it, since two officers decide about that.
"""
