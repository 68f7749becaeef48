"""``pivault register``: what anybody can verify of the public register, without server and database."""

import json
import sys
from pathlib import Path

import click

from vault.cli.options import plainly
from vault.errors import VaultError
from vault.requesters.offline import Verified, verify_published

_LARGEST = 1_048_576
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def register() -> None:
    """Verify permits of the public register offline.

    \b
    Example: pivault register verify declaration.json
    """


@register.command()
@click.argument("document", type=_FILE)
@click.option("--jwks", type=_FILE, help="The register's keys (/v1/register/jwks), for a signed answer.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")
@plainly
def verify(document: Path, jwks: Path | None, *, as_json: bool) -> None:
    """Verify that two officers signed exactly this declaration.

    DOCUMENT is the answer of /v1/register/declarations/{id}, as JSON or signed (Accept: application/jose). Compare
    the officers' keys that are printed with those you know from elsewhere. Exit status 0: it holds; 1: it does not.

    \b
    Example: pivault register verify declaration.json
    """
    if document.stat().st_size > _LARGEST:
        raise VaultError(f"{document} is larger than {_LARGEST} bytes: this is no declaration.")
    try:
        found = verify_published(document.read_bytes().strip(), jwks.read_bytes() if jwks else None)
    except VaultError as error:
        if as_json:
            click.echo(json.dumps({"holds": False, "why": error.public}))
            sys.exit(1)
        raise
    click.echo(json.dumps(_told(found)) if as_json else _sentence(found))


def _told(found: Verified) -> dict[str, object]:
    return {
        "holds": True,
        "declaration": found.declaration,
        "requester": found.requester,
        "digest": found.digest,
        "officers": dict(found.officers),
        "signed_until": found.signed_until.isoformat(),
        "register_said_at": found.said_at.isoformat() if found.said_at else None,
    }


def _sentence(found: Verified) -> str:
    lines = [f"Holds: two officers signed declaration {found.declaration} of {found.requester}."]
    lines += [f"  {officer}  {key}" for officer, key in found.officers.items()]
    lines.append(f"  signed until  {found.signed_until.isoformat(timespec='seconds')}")
    lines.append(f"  digest        {found.digest}")
    if found.said_at is not None and found.said_until is not None:
        at, until = (moment.isoformat(timespec="seconds") for moment in (found.said_at, found.said_until))
        lines.append(f"  the register said so at {at}, valid until {until}")
    return "\n".join(lines)
