"""Who plays, and what they sign in with: kept in the data folder so that the story can be told again."""

import secrets
from pathlib import Path
from typing import Any

import msgspec

from vault.crypto.keyfile import write_private
from vault.errors import BadConfiguration

FILE = "story.json"


class Actor(msgspec.Struct, forbid_unknown_fields=True):
    """A sign-in: realm (person, officer, regulator), login name, password."""

    realm: str
    login: str
    password: str


class Cast(msgspec.Struct, forbid_unknown_fields=True):
    """The staff who sign in, by part, and the person of the story once it has been told here."""

    actors: dict[str, Actor]
    person: Actor | None = None


def new_cast() -> Cast:
    """Two vetting officers, a release officer and a regulator with random passwords."""
    parts = {"officer-1": "officer", "officer-2": "officer", "release-officer": "officer", "regulator": "regulator"}
    return Cast({part: Actor(realm, f"{part}.demo", secrets.token_urlsafe(15)) for part, realm in parts.items()})


def load(folder: Path) -> Cast | None:
    """The cast of this installation, if the story was ever begun."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Cast)
    except msgspec.MsgspecError as error:
        raise BadConfiguration(f"{path} cannot be read: {error}. Move it away to begin anew.") from None


def save(folder: Path, cast: Cast) -> None:
    """Keep the cast (mode 0600)."""
    write_private(folder / FILE, msgspec.json.format(msgspec.json.encode(cast), indent=2))


def shown(cast: Cast) -> list[tuple[str, str, str]]:
    """Part, login and password, for the terminal."""
    people = {"person": cast.person} if cast.person else {}
    return [(part, actor.login, actor.password) for part, actor in (people | cast.actors).items()]


def as_file(actor: Actor, **more: Any) -> dict[str, Any]:
    """An actor as the kit writes it."""
    return {"realm": actor.realm, "login": actor.login, "password": actor.password, **more}
