"""A founded registry, a bank, people with sections who said yes: made through the rooms' public acts."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from vault.accounts import Claim, register
from vault.accounts.numbers import check_character
from vault.authserver import bindings
from vault.authserver.jose import thumbprint
from vault.authserver.server import AuthServer
from vault.authserver.tokens import Granted, Share, new_access_token
from vault.clock import SystemClock
from vault.consent import Choice, Given, Offer, check, give, parse
from vault.crypto.canonical import b64, digest
from vault.crypto.passwords import StretchQueue
from vault.crypto.signing import SigningKey, new_signing_seed
from vault.db import Database, Session
from vault.ids import CaseId, PersonId
from vault.profile import sections
from vault.profile.catalogue import catalogue
from vault.proofing import Statement
from vault.registry import Founder, found
from vault.requesters import register as registered
from vault.requesters.applications import read_application
from vault.requesters.uscc import check_character as uscc_character
from vault.signin import Attempt, Doorway, Holder, prepare, sign_in
from vault.vetting.checking import run_checks
from vault.vetting.decisions import Decided, decide
from vault.vetting.desk import apply
from vault.vetting.examining import Checker
from vault.vetting.fetching import HttpsFetcher

PASSWORD = "one password for all of these people"  # noqa: S105  # they exist while the measurement runs
ITEMS = {
    "identity.name": "raw",
    "identity.birthdate": "predicate:over_18",
    "contact.phone_number": "masked",
    "contact.email": "raw",
    "contact.address": "raw",
}
REDIRECT = "http://127.0.0.1:9/back"
NOTICE = digest(b"the page as it was shown")


@dataclass
class Prepared:
    """What the load generator needs: one token per grant, and the key they are bound to."""

    tokens: list[str]
    seed: bytes = field(repr=False)


def _both(text: str) -> dict[str, str]:
    return {"en": f"{text} of the applicant", "zh-CN": f"申请人的{text}信息"}


def _application(jwk: dict[str, Any]) -> dict[str, Any]:
    uscc = "91350100M000100Y4"
    items = [
        {"item": item, "forms": [form], "required": True, "necessity": _both(item)} for item, form in ITEMS.items()
    ]
    return {
        "organisation": {
            "name": {"en": "Harbour Bank", "zh-CN": "海港银行股份有限公司"},
            "uscc": uscc + uscc_character(uscc),
            "responsible_persons": [{"name": "陈立", "role": "Compliance", "email": "chen.li@harbour.example"}],
            "privacy_contact": {"email": "privacy@harbour.example"},
            "complaint_contact": {"email": "complaints@harbour.example"},
            "deletion_contact": {"email": "deletion@harbour.example"},
            "supervising_authority": {
                "name": {"en": "Cyberspace office of Fujian", "zh-CN": "福建省互联网信息办公室"},
                "contact": {"email": "office@supervision.example"},
            },
            "policies": [{"kind": "privacy", "url": "https://harbour.example/privacy", "sha256": "5f" * 32}],
            "staff_training": {
                "text": "Everybody who works with personal information passed the yearly course.",
                "from": "2026-03-02",
                "until": "2026-03-06",
            },
        },
        "client": {"redirect_uris": [REDIRECT], "jwks": {"keys": [jwk | {"kid": "k1"}]}},
        "declaration": {
            "purpose": {"code": "credit.mortgage", "text": _both("creditworthiness")},
            "legal_basis": "consent",
            "items": items,
            "collection": "periodic",
            "longest_duration_days": 90,
            "frequency": {"per": "day", "count": 1000},
            "retention_days": 30,
            "consequence_of_refusal": {"en": "The loan cannot be assessed.", "zh-CN": "无法评估贷款申请。"},
            "recipients": [],
            "storage": {"country": "CN", "place": _both("storage")},
            "cross_border": None,
        },
    }


def _person(number: int) -> dict[str, dict[str, Any]]:
    return {
        "identity": {"name": f"欧阳静{chr(0x4E00 + number % 2000)}", "birthdate": "1990-06-18", "gender": "female"},
        "contact": {
            "phone_number": f"+86138{number:08}",
            "email": f"person.{number}@example.com",
            "address": {
                "formatted": "北京市海淀区中关村大街27号院3号楼2单元1801室",
                "locality": "北京市",
                "postal_code": "100080",
                "country": "中国",
            },
        },
    }


class _Confirming:
    """Registers that know everybody: vetting is not what is measured."""

    async def ask(self, register: str, *, uscc: str, name: str, persons: list[str]) -> Statement:
        return Statement(
            register=register,
            found=bool(uscc and name and persons),
            name_matches=True,
            persons_on_record=True,
            status="in-business",
            founded_on=None,
            listings=0,
            source="benchmark",
            checked_at=SystemClock().now(),
            evidence="",
        )


class World:
    """The acts, with the cheapest stretching that libsodium lets: the passwords protect nobody."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.door = Doorway(queue=StretchQueue(), ring=db.ring, minutes=30, ops=1, mem=8192 * 1024)

    async def founded(self) -> list[Holder]:
        """Two vetting officers and a release officer, signed in."""
        roles = {"one": ("vetting", "recovery-registry"), "two": ("vetting",), "three": ("release",)}
        staff = [("officer", name, "Registry", role) for name, role in roles.items()]
        staff.append(("regulator", "four", "Supervision", ("oversight", "recovery-supervisor")))
        founders = [
            Founder(
                realm,
                name,
                organisation,
                f"desk {name}",
                list(role),
                f"bench.{name}",
                await prepare(self.door, PASSWORD),
            )
            for realm, name, organisation, role in staff
        ]
        await self.db.run(found, founders)
        attempts = [Attempt("officer", f"bench.{name}", PASSWORD, "127.0.0.1", None) for name in roles]
        return [(await sign_in(self.db, self.door, attempt)).holder for attempt in attempts]

    async def bank(self, jwk: dict[str, Any]) -> Decided:
        """It applies and two officers approve."""
        first, second, _ = await self.founded()
        applied = await self.db.run(apply, read_application(_application(jwk)))
        await run_checks(self.db, Checker(_Confirming(), HttpsFetcher()), CaseId(applied.id))
        await self.db.run(decide, first, applied.id, approve=True, reason="papers are in order")
        return await self.db.run(decide, second, applied.id, approve=True, reason="purpose is narrow enough")

    async def grants(self, bank: Decided, people: int) -> AsyncIterator[tuple[Holder, Given]]:
        """People with two filled sections who allow everything that is asked."""
        async for holder in self.people(people):
            yield holder, await self.db.run(self._give, holder, bank)

    async def people(self, count: int) -> AsyncIterator[Holder]:
        """People who have just registered."""
        for number in range(count):
            first = f"110101199{number // 1000 % 10}0101{number % 1000:03}"
            claim = Claim(
                scheme="cn-ric",
                number=first + check_character(first),
                login=f"bench.person.{number}",
                prepared=await prepare(self.door, PASSWORD),
                locale="zh-CN",
                answer=None,
            )
            yield (await register(self.db, claim)).holder

    async def _give(self, session: Session, holder: Holder, bank: Decided) -> Given:
        await fill(session, holder)
        assert bank.client_id is not None
        client = await registered.client(session, bank.client_id)
        declared = await registered.declaration(session, client.declaration_id)
        items = [{"item": item, "form": form} for item, form in ITEMS.items()]
        asked = parse([{"type": "personal_information.v1", "items": items, "duration_days": 30}])
        offer = Offer(client, declared, check(asked, declared.body, catalogue()))
        return await give(session, holder, offer, Choice(frozenset(ITEMS), False, "zh-CN", NOTICE))


async def fill(session: Session, holder: Holder) -> None:
    """Two sections of somebody's vault."""
    for section, document in _person(holder.id.int % 10**8).items():
        await sections.write(session, holder, section, document, expected=None)


async def prepare_world(db: Database, people: int) -> tuple[Decided, list[tuple[Holder, Given]], bytes]:
    """The bank, the grants, and the seed of the bank's key."""
    seed, world = new_signing_seed(), World(db)
    bank = await world.bank(public_jwk(seed))
    return bank, [each async for each in world.grants(bank, people)], seed


async def tokens(
    db: Database, issuer: str, bank: Decided, grants: list[tuple[Holder, Given]], seed: bytes
) -> list[str]:
    """An access token for each grant, as the token endpoint would issue it."""
    server = AuthServer(issuer=issuer, database=db)
    key = await server.keys.current(db)
    assert bank.client_id is not None
    assert bank.requester is not None
    return [
        new_access_token(
            db.ring,
            key,
            Granted(
                client_id=bank.client_id,
                binding=bindings.key(thumbprint(public_jwk(seed))),
                requester_id=bank.requester,
                grant=given.grant,
                epoch=given.token_epoch,
                expires_at=given.expires_at,
                details=[
                    {
                        "type": "personal_information.v1",
                        "items": [{"item": item.item, "form": item.form} for item in given.items],
                        "duration_days": 30,
                    }
                ],
                share=Share(PersonId(holder.id), given.g),
            ),
            issuer=issuer,
            now=db.clock.now(),
        )
        for holder, given in grants
    ]


def public_jwk(seed: bytes) -> dict[str, Any]:
    """The public half of a seed (RFC 8037)."""
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(SigningKey(seed).public)}


def encoded(prepared: Prepared) -> bytes:
    """For the load generator, over a pipe."""
    return msgspec.json.encode({"tokens": prepared.tokens, "seed": b64(prepared.seed)})
