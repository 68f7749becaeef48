"""What a proxy in front of the server says about a connection, and when it is believed.

Two things: the address a request came from (X-Forwarded-For) and the certificate of the TLS client (RFC 9440,
Client-Cert and Client-Cert-Chain). Only listed addresses are believed. From anywhere else the address is ignored,
and a certificate is refused: whoever sends one there tries to be somebody, or a proxy is missing from the list.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Self

from vault.errors import BadConfiguration, Malformed

CLIENT_CERT: Final = "client-cert"
CLIENT_CERT_CHAIN: Final = "client-cert-chain"
FORWARDED_FOR: Final = "x-forwarded-for"
LONGEST: Final = 16 * 1024
"""Characters of one certificate in the header."""
MOST_CHAIN: Final = 8
_SEQUENCE: Final = re.compile(r":([A-Za-z0-9+/=]{4,}):")  # RFC 8941 section 3.3.5
_LISTED: Final = re.compile(r"\s*,\s*")


class UntrustedCertificate(Malformed):
    """A certificate header from an address that is no listed proxy."""

    name, title = "untrusted-certificate", "A client certificate is not believed from here"
    advice = (
        "Connect to the public address by TLS and leave Client-Cert to the proxy there. Operators: list the proxy's "
        "address in trusted_proxies."
    )


@dataclass(frozen=True, slots=True)
class Proxies:
    """The addresses and networks that are believed."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def read(cls, listed: str) -> Self:
        """From a setting: addresses and networks, with commas between. Raises BadConfiguration."""
        try:
            return cls(tuple(ip_network(each.strip()) for each in listed.split(",") if each.strip()))
        except ValueError:
            raise BadConfiguration(
                "trusted_proxies must be addresses or networks, e.g. 10.0.0.4,10.1.0.0/24."
            ) from None

    def believes(self, peer: str) -> bool:
        """Whether the other end of the connection is a listed proxy."""
        address = _address(peer)
        return address is not None and any(address in network for network in self.networks)

    def origin(self, peer: str, forwarded: Sequence[str]) -> str:
        """Where a request came from: the last address that no listed proxy vouches for further."""
        path = [each.strip() for value in forwarded for each in value.split(",")]
        here = peer
        while path and self.believes(here):
            named = _address(path.pop())
            if named is None:
                break
            here = str(named)
        return here

    def certificate(self, peer: str, given: Sequence[str]) -> bytes | None:
        """The DER of the TLS client's certificate; None where there is none.

        Raises UntrustedCertificate from anybody but a listed proxy, Malformed when there are two or it is unreadable.
        """
        if not given:
            return None
        if not self.believes(peer):
            raise UntrustedCertificate("Client-Cert is believed from the listed proxies only.")
        if len(given) > 1:
            raise Malformed("Send exactly one Client-Cert header.")
        return _der(given[0])

    def chain(self, peer: str, given: Sequence[str]) -> tuple[bytes, ...]:
        """The DERs that a listed proxy forwarded with the certificate, nearest first. Raises as :meth:`certificate`."""
        if not given:
            return ()
        if not self.believes(peer):
            raise UntrustedCertificate("Client-Cert-Chain is believed from the listed proxies only.")
        each = [one for value in given for one in _LISTED.split(value.strip())]
        if len(each) > MOST_CHAIN:
            raise Malformed(f"Client-Cert-Chain may hold {MOST_CHAIN} certificates at most.")
        return tuple(_der(one) for one in each)


def _der(text: str) -> bytes:
    found = _SEQUENCE.fullmatch(text.strip()) if len(text) <= LONGEST else None
    try:
        return base64.b64decode(found[1] if found else "?", validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("Client-Cert must be one certificate's DER in base64 between colons (RFC 9440).") from None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        made = ip_address(text)
    except ValueError:
        return None
    return made.ipv4_mapped or made if isinstance(made, IPv6Address) else made
