"""Steps in which the outcome is checked by others: the regulator, a thief."""

from typing import Any

from vault.cli.story.browser import expect
from vault.cli.story.scene import Scene, hold
from vault.ledger.checkpoint import parse_vkey
from vault.ledger.checkpoint import verify as verify_note
from vault.ledger.verify import verify_consistency_proof


async def regulator_checks(scene: Scene) -> str:
    """(10) The regulator finds releases and refusals, and the log between two checkpoints only grew."""
    by = f"/v1/oversight/entries?requester={scene.facts['requester']}&limit=100"
    found = (await scene.regulator.get(by))["entries"]
    events = {entry["event"] for entry in found}
    hold("release.delivered" in events, "the regulator does not find the releases")
    hold(events & {"release.refused", "token.refused", "consent.refused"}, "the regulator does not find the refusals")
    delivered = [e for e in found if e["ref"] in scene.facts["releases"] and e["event"] == "release.delivered"]
    hold(len(delivered) == len(scene.facts["releases"]), "a release is missing from the regulator's answer")
    proof = await scene.regulator.get(f"/v1/oversight/entries/{delivered[0]['index']}")
    hold(proof["receipt"]["index"] == delivered[0]["index"], "the proof belongs to another entry")
    last = expect(await scene.regulator.http.get("/v1/ledger/checkpoint"), 200).text
    sizes = [int(note.split("\n")[1]) for note in (scene.facts["first_checkpoint"], last)]
    asked = f"/v1/ledger/consistency?first={sizes[0]}&second={sizes[1]}"
    document = expect(await scene.regulator.http.get(asked), 200).content
    proof = verify_consistency_proof(document, scene.facts["vkey"])
    kept = verify_note(scene.facts["first_checkpoint"], [parse_vkey(scene.facts["vkey"])])
    hold(proof.old == kept, "the proof is not about the checkpoint that was kept at the beginning")
    return f"{len(found)} entries found, log grew from {sizes[0]} to {sizes[1]} without rewriting"


async def dump_holds_no_value(scene: Scene) -> str:
    """(11) A database dump contains none of the person's values in any encoding tried."""
    values = _values(scene.person_file)
    found = await scene.back_door.find(values)
    hold(not found, f"the dump shows {', '.join(found)}")
    return f"{len(values)} values searched as plain, UTF-16, base64 and hex: none in the dump"


def _values(value: Any, path: str = "") -> dict[str, str]:
    """Every leaf value of six bytes or more, by its path."""
    if isinstance(value, dict):
        return {k: v for key, item in value.items() for k, v in _values(item, f"{path}.{key}".lstrip(".")).items()}
    if isinstance(value, list):
        return {k: v for i, item in enumerate(value) for k, v in _values(item, f"{path}[{i}]").items()}
    text = str(value)
    return {path: text} if len(text.encode()) >= 6 and not isinstance(value, bool) else {}


async def share_is_needed(scene: Scene) -> str:
    """(12) With the grant share missing, the dump and the key ring together open no section."""
    loot = await scene.back_door.open_sections(scene.bank.access_token, scene.bank.issuer)
    hold(loot.tried > 0, "there was nothing to try")
    hold(loot.opened == 0, f"{loot.opened} ciphertexts opened without the grant share")
    hold(loot.with_share > 0, "nothing opened with the share either: the attempt proves nothing")
    return f"{loot.tried} attempts with dump and key ring: none opened; with the token's share {loot.with_share} did"
