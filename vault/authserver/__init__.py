"""The authorization server: pushed requests, consent by redirect, codes, tokens. FAPI 2.0 as ordered, named checks.

Does: authenticates clients (private_key_jwt), takes pushed authorization requests (RFC 9126) with
``authorization_details`` (RFC 9396), issues codes for given grants, access tokens (RFC 9068) and refresh tokens
bound to the client's DPoP key (RFC 9449), and opens access tokens for the release path.
Trusts: the consent room for what was granted, the requesters' room for who is live, the key ring for signatures;
a client for nothing that its keys do not prove.
Promises: a person's share travels only inside codes and tokens, never in the database; a code is redeemed once,
whoever tries at the same time; no bearer token is issued or accepted; what is suspended, expired or withdrawn
gets no token with the next request; refusals of authenticated clients are recorded, strangers only counted.
"""
