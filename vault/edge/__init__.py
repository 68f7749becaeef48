"""What the machine front and the human front have in common at the border to HTTP.

Does: the envelope around every request (id, time limit, security headers, access line), problem
documents, strict JSON, cookies, forms' tokens, finding out who is signed in. Knows no endpoint and no page.
Trusts: the HTTP server for framing; nothing that a caller sends.
Promises: no path, query, header, body or exception text reaches the log; every answer, also a failed
one, carries the security headers and a request id; input is parsed whole or refused.
"""
