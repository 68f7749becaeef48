"""Configuration: the only place that reads the environment.

Order: built-in defaults, then one optional TOML file (``PIVAULT_CONFIG``), then ``PIVAULT_*`` and
``DATABASE_URL`` from the environment, then the command line. Unknown keys are refused.
"""

import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from vault.errors import BadConfiguration

SECRET: Final = frozenset({"keyring_passphrase", "database_url", "smtp_url", "call_gateway_secret"})
SMTP: Final = "smtp"
OUTBOX: Final = "outbox"
NONE: Final = "none"
ACT: Final = "act"
NOTE: Final = "note"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that can be configured. Paths are absolute once loaded."""

    data: Path = Path(".pivault")
    """Folder of the embedded database, the key ring and the kit."""
    database_url: str | None = None
    """An administrator's URL of a PostgreSQL >= 15; without it the embedded server is used."""
    keyring: Path | None = None
    """The key ring file; default: keyring.json in the data folder."""
    keyring_passphrase: str | None = None
    """Opens the key ring; without it a generated key file beside the ring does (embedded default only)."""
    host: str = "127.0.0.1"
    port: int = 8000
    issuer: str | None = None
    """The public https address (issuer identifier, RFC 8414); default: http://HOST:PORT, loopback only."""
    trusted_proxies: str = ""
    """Addresses and networks, with commas between, of the proxies in front: only they are believed about where a
    request came from (X-Forwarded-For) and about TLS client certificates (Client-Cert, RFC 9440)."""
    client_ca: Path | None = None
    """PEM file of the authorities that may vouch for clients with tls_client_auth (RFC 8705)."""
    dpop_nonces: bool = False
    """Whether every DPoP proof must hold a nonce of this server (RFC 9449 section 8)."""
    workers: int = 1
    log_level: str = "info"
    log_format: str = "json"
    """json or text"""
    source_url: str | None = None
    """Base address of the authority that confirms names and numbers (the simulator in the embedded default)."""
    source_key: str | None = None
    """The source's Ed25519 public key, base64url: answers signed by any other key are refused."""
    registers_url: str | None = None
    """Base address of the registers of organisations that vetting asks: business, credit, dishonesty."""
    registers_key: str | None = None
    """Their Ed25519 public key, base64url. Not the source's: who vouches for persons does not vouch for companies."""
    vetting_recheck_hours: float = 24.0
    """Hours between two rounds of checks about an active requester."""
    notifier: str | None = None
    """How people are told beside the portal: smtp, outbox (kept to be looked at; loopback only) or none. Default: smtp
    where smtp_url is given, else the outbox on loopback, else none."""
    smtp_url: str | None = None
    """smtps://user:password@host:port (TLS from the start) or smtp://… (STARTTLS)."""
    smtp_ca: Path | None = None
    """Certificates (PEM) to trust of the mail server, instead of the system's."""
    mail_from: str | None = None
    """The address that messages come from."""
    relay_domain: str | None = None
    """The mail domain of the relay, which must be this installation's alone; default: relay. and the issuer's host."""
    relay_host: str = "127.0.0.1"
    """Where `pivault relay` listens for mail: loopback only, behind a mail server or a TLS tunnel of the operator."""
    relay_port: int = 2525
    call_gateway: str | None = None
    """Base address of the operator's gateway for calls through the relay (docs/relay.md); without it there are none."""
    call_gateway_secret: str | None = None
    log_origin: str | None = None
    """The ledger's name (C2SP checkpoint origin), fixed once entries exist; default: pivault/ and the key ring's id."""
    log_folder: Path | None = None
    """Where the log is published as static files, and what the server compares its database with before it writes:
    on another disk than the database's. Default: log in the data folder."""
    log_policy: Path | None = None
    """A C2SP tlog-policy file: the witnesses to ask, and how many must cosign before a checkpoint is published."""
    log_publish_seconds: float = 1.0
    """Seconds between two published checkpoints, at least."""
    log_heartbeat_seconds: float = 55.0
    """An entry says that all is well when nothing else was recorded for so long."""
    requester_quota: int = 1_000_000
    """Releases a day that a requester may have, of which officers have said nothing else."""
    receipt_timeout: float = 5.0
    """Seconds a release waits for its receipt before it answers 503."""
    max_body: int = 1_048_576
    """Bytes accepted in one request body."""
    request_timeout: float = 30.0
    """Seconds after which a request that is still running is given up with 503."""
    watcher: str = ACT
    """What follows from suspicious behaviour: act (slow the requester down, suspend it) or note (record it only)."""
    pool_size: int = 8
    """Database connections per worker and role."""
    session_minutes: int = 30
    """A sign-in ends after this long without use, and after twelve hours at the latest."""
    argon2_memory: int = 64 * 1024 * 1024
    """Bytes of memory for stretching a password."""
    argon2_passes: int = 3

    @property
    def keyring_path(self) -> Path:
        """Where the key ring is."""
        return self.keyring or self.data / "keyring.json"

    @property
    def issuer_url(self) -> str:
        """The issuer identifier."""
        return self.issuer or f"http://{self.host}:{self.port}"

    @property
    def notifying(self) -> str:
        """The notifier in effect: smtp, outbox or none."""
        if self.notifier:
            return self.notifier
        return SMTP if self.smtp_url else OUTBOX if _is_loopback_http(self.issuer_url) else NONE

    @property
    def relay(self) -> str:
        """The mail domain of the relay in effect."""
        host = urlsplit(self.issuer_url).hostname or "localhost"
        return self.relay_domain or f"relay.{'localhost' if _is_network(host) else host}"

    def origin(self, ring_id: str) -> str:
        """The ledger's name."""
        return self.log_origin or f"pivault/{ring_id}"

    @property
    def is_https(self) -> bool:
        """Whether cookies must be Secure and __Host- prefixed."""
        return self.issuer_url.startswith("https://")


def load(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """The effective settings. Raises BadConfiguration naming the key that is wrong."""
    env = os.environ if environment is None else environment
    values: dict[str, Any] = _from_file(env.get("PIVAULT_CONFIG"))
    values |= _from_environment(env)
    values |= {key: value for key, value in overrides.items() if value is not None}
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise BadConfiguration(f"Configuration: {error}.") from None
    return _checked(settings)


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str | Path):
        return Path(value)
    raise TypeError(f"expected {wanted.__name__}")


def _from_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text())
    except OSError as error:
        raise BadConfiguration(f"Cannot read {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{path} is not TOML: {error}.") from None


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    known = set(Settings.__struct_fields__)
    values: dict[str, Any] = {}
    for name, value in env.items():
        if not name.startswith("PIVAULT_") or name == "PIVAULT_CONFIG":
            continue
        key = name.removeprefix("PIVAULT_").lower()
        if key not in known:
            raise BadConfiguration(f"{name} is not a setting. Settings: {', '.join(sorted(known))}.")
        values[key] = value
    if env.get("DATABASE_URL"):
        values["database_url"] = env["DATABASE_URL"]
    return values


def _checked(settings: Settings) -> Settings:
    loopback = settings.host in {"127.0.0.1", "::1", "localhost"}
    if settings.issuer and not settings.issuer.startswith("https://") and not _is_loopback_http(settings.issuer):
        raise BadConfiguration("issuer must be an https address (http only on loopback).")
    if not settings.issuer and not loopback:
        raise BadConfiguration("host is not loopback: set issuer to the public https address.")
    if wrong := [
        each for each in settings.trusted_proxies.split(",") if each.strip() and not _is_network(each.strip())
    ]:
        raise BadConfiguration(f"trusted_proxies must be addresses or networks, with commas between, not {wrong[0]!r}.")
    if not 1 <= settings.port <= 65535 or not 1 <= settings.workers <= 64:
        raise BadConfiguration("port must be 1-65535 and workers 1-64.")
    if not 0.001 <= settings.vetting_recheck_hours <= 24 * 366:
        raise BadConfiguration("vetting_recheck_hours must be 0.001-8784.")
    _check_notifier(settings)
    if settings.relay_host not in {"127.0.0.1", "::1", "localhost"} or not 1 <= settings.relay_port <= 65535:
        raise BadConfiguration("relay_host must be loopback, and relay_port 1-65535.")
    if settings.watcher not in {ACT, NOTE}:
        raise BadConfiguration("watcher must be act or note.")
    if settings.log_format not in {"json", "text"}:
        raise BadConfiguration("log_format must be json or text.")
    if not (0.01 <= settings.log_publish_seconds <= 60 and 1 <= settings.log_heartbeat_seconds <= 3600):
        raise BadConfiguration("log_publish_seconds must be 0.01-60 and log_heartbeat_seconds 1-3600.")
    data = settings.data.expanduser().absolute()
    folder = (settings.log_folder or data / "log").expanduser().absolute()
    return msgspec.structs.replace(settings, data=data, log_folder=folder)


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _check_notifier(settings: Settings) -> None:
    if settings.notifying not in {SMTP, OUTBOX, NONE}:
        raise BadConfiguration("notifier must be smtp, outbox or none.")
    if settings.notifying == SMTP and not (settings.smtp_url and "@" in (settings.mail_from or "")):
        raise BadConfiguration("Mail needs smtp_url and mail_from.")
    if settings.notifying == OUTBOX and not _is_loopback_http(settings.issuer_url):
        raise BadConfiguration("The outbox is for loopback only: set smtp_url, or notifier to none.")


def _is_loopback_http(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}


def shown(settings: Settings) -> dict[str, str]:
    """The effective values as text, secrets hidden: for ``pivault config``."""
    values = {name: getattr(settings, name) for name in Settings.__struct_fields__}
    return {k: "(set, hidden)" if k in SECRET and v else str(v) for k, v in values.items()}


def child_environment(settings: Settings, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a child process: the caller's, with exactly these settings in it."""
    env = os.environ if environment is None else environment
    others = {k: v for k, v in env.items() if not k.startswith("PIVAULT_") and k != "DATABASE_URL"}
    values = {name: getattr(settings, name) for name in Settings.__struct_fields__}
    url = values.pop("database_url")
    given = {f"PIVAULT_{name.upper()}": str(value) for name, value in values.items() if value is not None}
    return others | given | ({"DATABASE_URL": url} if url else {})
