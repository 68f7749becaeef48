"""What to mend when a check of who calls, or of what they show, refuses. Texts for integrators, by the check's name."""

from typing import Final

CALLERS: Final[dict[str, str]] = {
    "client-known": "Use the client_id the registry gave you, in iss and sub of the assertion or as client_id.",
    "client-id": "client_id in the form, if you send it, must be the sub of the client assertion.",
    "client-id-present": (
        "With a TLS certificate instead of an assertion, send client_id in the form (RFC 8705 section 2)."
    ),
    "client-method": (
        "Send client_assertion and client_assertion_type; there are no client secrets and no Basic authentication."
    ),
    "client-registered": "Authenticate by the method you registered as token_endpoint_auth_method, and by no other.",
    "client-live": "Your registration, declaration or permit is suspended or has ended: see your organisation's desk.",
    "assertion-readable": "Send a compact JWS signed with EdDSA, Ed25519, ES256 or PS256, without critical extensions.",
    "assertion-subject": "Put your client_id into both iss and sub of the client assertion.",
    "assertion-typ": "Leave typ out of the client assertion's header, or set it to JWT or client-authentication+jwt.",
    "assertion-key": "Name the kid of a key you registered, and sign with an algorithm that fits that key.",
    "assertion-aud": "Set aud to the issuer as one string; a list, the token endpoint and other addresses are refused.",
    "assertion-exp": (
        "Set exp a minute ahead, five at most, and make a new assertion for each request; check your clock."
    ),
    "assertion-iat": "iat must be the time of your clock, and your clock must be right.",
    "assertion-nbf": "nbf must not be in the future; leave it out if you need none.",
    "assertion-jti": "Put a fresh random text into jti of each client assertion.",
    "assertion-signature": (
        "Sign with the private half of the key whose kid you name, and register its public half first."
    ),
    "assertion-replayed": "Make a new client assertion, with a new jti, for each request, also when you try again.",
    "certificate-readable": "The proxy must forward your TLS certificate as it is (RFC 9440); ask its operator.",
    "certificate-time": "Your TLS certificate has expired or is not valid yet: renew it.",
    "certificate-registered": "Register the certificate in your JWKS as x5c or x5t#S256 before you use it.",
    "certificate-subject": (
        "The certificate's subject must be what you registered as tls_client_auth_subject_dn (RFC 4514)."
    ),
    "certificate-chain": (
        "Use a client certificate of an authority that this server knows, with the certificates between."
    ),
    "dpop-present": "Send a DPoP proof in the DPoP header: there are no bearer tokens here (RFC 9449).",
    "dpop-single": "Send exactly one DPoP header.",
    "dpop-readable": "The proof must be a compact JWS signed with EdDSA, Ed25519, ES256 or PS256.",
    "dpop-typ": "Set typ to dpop+jwt in the proof's header.",
    "dpop-key": "Put the public key, and nothing private, into jwk of the proof's header.",
    "dpop-alg": "alg must fit the key: EdDSA for Ed25519, ES256 for P-256, PS256 for RSA.",
    "dpop-jti": "Put a fresh random text into jti of each proof.",
    "dpop-htm": "htm must be the method of this very request.",
    "dpop-htu": (
        "htu must be the address of this very request as the metadata publishes it, without query and fragment."
    ),
    "dpop-iat": "iat must be the time of your clock; make a proof for each request and check your clock.",
    "dpop-ath": "At the API put the base64url SHA-256 of the access token into ath.",
    "dpop-content": (
        "Put the value of the Content-Digest header, as you send it, into the claim content_digest of the proof."
    ),
    "content-digest": "Send Content-Digest: sha-256=:…: with the base64 SHA-256 of the body as you send it (RFC 9530).",
    "dpop-bound": "Sign the proof with the key that the token was issued for.",
    "dpop-nonce": (
        "Make a new proof with nonce from the DPoP-Nonce header and send it again; keep the newest one you see."
    ),
    "dpop-signature": "The proof's signature must verify with the key in its own header.",
    "dpop-replayed": "Make a new proof, with a new jti, for each request, also when you try again.",
    "dpop-jkt": "dpop_jkt is the SHA-256 thumbprint of your DPoP key, and the key of a proof sent with it.",
    "token-present": (
        "Send Authorization with the token_type you got, a space, and the access token; never in the address."
    ),
    "token-scheme": "Use the scheme that token_type named: DPoP with a proof, Bearer with the TLS certificate.",
    "token-certificate": "Connect with the TLS certificate that the token was issued for.",
    "token-readable": "Send the access token exactly as you got it.",
    "token-typ": "This is a token of another kind: send the access token.",
    "token-kid": "The key that signed this token is no longer in use: get a new token.",
    "token-signature": "Send the access token exactly as you got it, from this issuer.",
    "token-claims": "Send an access token of this server.",
    "token-audience": "The token is for another server: get one from this issuer.",
    "token-expired": "Get a new access token with the refresh token.",
    "token-iat": "The token says it is from the future: tell the registry.",
    "token-key": "The token is too old to be opened: get a new one with the refresh token.",
    "token-share": "The token does not open: get a new one with the refresh token.",
}
