"""Proof that nothing was left out, to run here and to take elsewhere; and the page that verifies offline."""

from datetime import UTC
from typing import Any, Final

import msgspec
from litestar import Response, get
from litestar.response import Template

from vault.clock import from_millis
from vault.crypto.canonical import b64
from vault.db import Session
from vault.edge import proof
from vault.edge.downloads import download
from vault.edge.proof import Log, Step
from vault.edge.request import VaultRequest
from vault.errors import NotFound
from vault.ledger.checkpoint import log_keys
from vault.ledger.counting import KIND, OwnKey
from vault.portal.events import to_the_person
from vault.portal.languages import N_, Language
from vault.portal.pages import language_of, page
from vault.signin import PERSON, Holder

OFFLINE: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'none'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""The verifier may ask nobody anything, this server included."""
_STATES: Final = {
    proof.PROVEN: ("good", "✓", N_("Proven")),
    proof.LATE: ("good", "✓", N_("Just recorded")),
    proof.WAITING: ("warn", "◔", N_("Being recorded")),
    proof.WITHHELD: ("plain", "○", N_("Archived or removed after its time")),
    proof.MISSING: ("bad", "✕", N_("Missing")),
    proof.DOUBLE: ("bad", "✕", N_("Numbered twice")),
    proof.BROKEN: ("bad", "✕", N_("The receipt does not hold")),
}
_CODES: Final = {
    "shape": N_("This is none of the documents that the ledger hands out, or it was cut off."),
    "key": N_("The ledger's public key is mistyped or was altered."),
    "signature": N_("The ledger did not sign this: the signature is missing or not genuine."),
    "size": N_("The document's sizes are not those of its checkpoint."),
    "path": N_("The proof is of another length than this tree needs."),
    "root": N_("The proof does not lead to the signed root: the entry or the proof was altered."),
    "entry": N_("The entry is in the ledger, but it cannot be read."),
    "index": N_("The entry is of another place than the proof."),
    "tag": N_("An entry in this file is not this person's, or is there twice."),
    "count": N_("An entry is missing: the registry signed for more entries than are here."),
    "ed25519": N_("This browser cannot check Ed25519 signatures. Use a newer one, or `pivault ledger verify`."),
}


@get("/activity/proof")
async def proof_page(request: VaultRequest) -> Template:
    """Every number of the person who looks, with its entry and its receipt, a step at a time."""
    asked = request.query_params.get("from", "0")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 16):
        raise NotFound
    spoken = language_of(request)
    found = await request.as_holder(PERSON, proof.step, _log(request), first=int(asked))
    name = "person/_proof" if request.headers.get("hx-request") == "true" else "person/proof"
    return page(request, name, realm=PERSON, step=found, rows=_rows(found, spoken), counted=_counted(found))


@get("/activity/proof/key")
async def proof_key(request: VaultRequest) -> Response[bytes]:
    """The person's ledger key and the registry's signed count, for `pivault ledger mine`."""
    return await request.as_holder(PERSON, _key, _log(request), request.doors.log_key.vkey())


@get("/activity/proof/file")
async def proof_file(request: VaultRequest) -> Response[bytes]:
    """Key, count and every entry with its proof, for /verify, `pivault ledger verify` and examples/verify."""
    own = await request.as_holder(PERSON, proof.taken_home, _log(request))
    return download(msgspec.json.encode(own), "my-ledger-entries.json", "application/json")


@get("/verify")
async def verify_page(request: VaultRequest) -> Template:
    """Verifies receipts and a person's file in the browser; asks no server anything, and works saved on a disk."""
    spoken = language_of(request)
    codes = {code: spoken.gettext(text) for code, text in _CODES.items()}
    answer = page(request, "verify", codes=codes, vkey=request.doors.log_key.vkey())
    answer.headers["Content-Security-Policy"] = OFFLINE
    return answer


def _log(request: VaultRequest) -> Log:
    doors = request.doors
    origin = doors.settings.origin(doors.ring.id)
    return Log(origin, log_keys(doors.ring, origin))


async def _key(session: Session, holder: Holder, log: Log, vkey: str) -> Response[bytes]:
    found = await proof.step(session, holder, log)
    own = OwnKey(KIND, log.origin, found.said.shard, b64(holder.bundle.ledger_key), found.note, vkey)
    return download(msgspec.json.format(msgspec.json.encode(own), indent=2), "my-ledger-key.json", "application/json")


def _rows(step: Step, spoken: Language) -> list[dict[str, Any]]:
    rows = []
    for line in step.lines:
        members = {} if line.entry is None else line.entry.members
        what = to_the_person(spoken, members["event"], by=members["actor"]["kind"]) if members else ""
        tone, sign, text = _STATES[line.state]
        rows.append(
            {
                "n": line.n,
                "index": line.index,
                "readable": line.entry is not None,
                "what": what,
                "at": from_millis(members["at"]) if members else None,
                "tone": tone,
                "sign": sign,
                "state": spoken.gettext(text),
                "why": spoken.gettext(line.why) if line.why else "",
            }
        )
    return rows


def _counted(step: Step) -> dict[str, Any]:
    states = [line.state for line in step.lines]
    return {
        "proven": sum(state in {proof.PROVEN, proof.LATE} for state in states),
        "waiting": states.count(proof.WAITING),
        "withheld": states.count(proof.WITHHELD),
        "wrong": step.wrong,
        "at": from_millis(step.said.at).astimezone(UTC),
        "more": step.end < step.said.count,
        "percent": 100 if not step.said.count else step.end * 100 // step.said.count,
    }
