"""``--kit``: the files with which an outside client goes on against the running server."""

import json
from pathlib import Path
from typing import Any, Final

from vault.cli.story.cast import as_file
from vault.cli.story.scene import Scene
from vault.crypto.keyfile import write_private

_OPEN: Final = ("log.vkey", "log.vkeys", "server.json")
"""What is no secret."""


def write(folder: Path, scene: Scene) -> list[str]:
    """Write the kit; private files are 0600. Returns the file names."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in _files(scene).items():
        write_private(folder / name, (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())
    write_private(folder / "log.vkey", (scene.facts["vkey"] + "\n").encode())
    write_private(folder / "log.vkeys", scene.facts["vkeys"].encode())
    for name in _OPEN:
        (folder / name).chmod(0o644)
    return sorted([*_files(scene), "log.vkey", "log.vkeys"])


def _files(scene: Scene) -> dict[str, dict[str, Any]]:
    people = {part: as_file(actor) for part, actor in scene.cast.actors.items()}
    person = {"realm": "person", "login": scene.person_file["login"], "password": scene.person_file["password"]}
    return {
        "server.json": {"issuer": scene.bank.issuer, "api": f"{scene.base}/v1"},
        "client.json": _client(scene),
        "person.json": person,
        "organisation.json": {"join_at": f"{scene.base}/organisation/join", **scene.facts["ticket"]},
        "receipt.json": scene.facts["receipt"],
    } | {f"{part}.json": content for part, content in people.items()}


def _client(scene: Scene) -> dict[str, Any]:
    optional, unrequired = scene.facts["optional"], scene.facts["unrequired"]
    items = [
        {
            "item": item,
            "form": form,
            "required": item not in unrequired,
            "sensitive": item == scene.facts["sensitive"],
            "ticked_in_story": item != optional,
        }
        for item, form in scene.facts["ask"]
    ]
    return {
        "client_id": scene.bank.client_id,
        "redirect_uri": scene.bank.redirect_uri,
        "client_key": scene.bank.key.as_dict(private=True),
        "dpop_key": scene.bank.dpop_key.as_dict(private=True),
        "requester": scene.facts["requester"],
        "declaration": scene.facts["declaration"],
        "items": items,
    }
