"""Which logs are believed, and whose cosignatures a checkpoint needs: C2SP tlog-policy files. No I/O here."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from vault.errors import BadConfiguration, VaultError
from vault.ledger.checkpoint import Checkpoint, CheckpointFailed, LogKey, parse, verify
from vault.ledger.cosignature import Cosignature, CosignerKey, cosignatures, parse_key, parse_log_key

MAX_POLICY: Final = 256 * 1024
MOST_NAMES: Final = 256
NOBODY: Final = "none"
"""The quorum that asks for no cosignature."""
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by its name in the policy; ``url`` is its submission prefix, where the policy gives one."""

    name: str
    key: CosignerKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these members, witnesses or groups, speak for the group."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, read. ``logs`` may be empty where the log is known otherwise."""

    quorum: str
    logs: tuple[LogKey | CosignerKey, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)

    def is_met(self, cosigned: Collection[CosignerKey]) -> bool:
        """Whether the cosignatures of these keys are a quorum."""
        said = {witness.name for witness in self.witnesses if witness.key in cosigned}
        return self.quorum == NOBODY or self._speaks(self.quorum, said)

    def _speaks(self, name: str, said: Collection[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in said
        return sum(self._speaks(member, said) for member in group.members) >= group.needed


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint that a policy accepts, and who cosigned it."""

    checkpoint: Checkpoint
    by: tuple[Cosignature, ...]


def verify_witnessed(note: str, policy: Policy) -> Witnessed:
    """The checkpoint of a note that one of the policy's logs signed and a quorum cosigned. Raises CheckpointFailed."""
    checkpoint, _ = parse(note)
    # 1. One of the logs signed it; the newer type of signature counts as well as the older.
    plain = [key for key in policy.logs if isinstance(key, LogKey) and key.origin == checkpoint.origin]
    others = [key for key in policy.logs if isinstance(key, CosignerKey) and key.name == checkpoint.origin]
    if not plain and not others:
        raise CheckpointFailed(f"The checkpoint is of the log {checkpoint.origin!r}, which the policy does not name.")
    _require_log(note, plain, others)
    # 2. A quorum of the witnesses cosigned it.
    by = cosignatures(note, [witness.key for witness in policy.witnesses])
    if not policy.is_met({each.key for each in by}):
        told = ", ".join(sorted(w.name for w in policy.witnesses if w.key in {each.key for each in by})) or "nobody"
        raise CheckpointFailed(f"The checkpoint is not cosigned as the policy demands: only by {told}.")
    return Witnessed(checkpoint, tuple(by))


def _require_log(note: str, plain: list[LogKey], others: list[CosignerKey]) -> None:
    if cosignatures(note, others):
        return
    if not plain:
        raise CheckpointFailed("The checkpoint is not signed with this verifier key.")
    verify(note, plain)


def parse_policy(data: bytes) -> Policy:
    """A policy file. Raises BadConfiguration naming the line that is wrong."""
    reader = _Reader()
    if len(data) > MAX_POLICY or any((byte < 0x20 and byte not in b"\t\n") or byte == 0x7F for byte in data):
        raise BadConfiguration("The policy is too long, or holds control characters.")
    for number, line in enumerate(data.decode("utf-8", errors="surrogateescape").split("\n"), 1):
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if not words or words[0].startswith("#"):
            continue
        try:
            reader.take(words)
        except VaultError as error:
            raise BadConfiguration(f"The policy, line {number}: {error.public}") from None
    return reader.policy()


class _Reader:
    """What was read of a policy so far."""

    def __init__(self) -> None:
        self._logs: list[LogKey | CosignerKey] = []
        self._witnesses: dict[str, Witness] = {}
        self._groups: dict[str, Group] = {}
        self._members: set[str] = set()
        self._publics: set[tuple[str, bytes]] = set()
        self._quorum: str | None = None

    def take(self, words: list[str]) -> None:
        """One line. Raises BadConfiguration, CheckpointFailed."""
        lines: Mapping[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._set_quorum,
        }
        if words[0] not in lines:
            raise BadConfiguration(f"{words[0]!r} is none of log, witness, group and quorum.")
        if len(self._logs) + len(self._witnesses) + len(self._groups) >= MOST_NAMES:
            raise BadConfiguration(f"There are more than {MOST_NAMES} logs, witnesses and groups.")
        lines[words[0]](words[1:])

    def policy(self) -> Policy:
        """All of it. Raises BadConfiguration when there was no quorum line."""
        if self._quorum is None:
            raise BadConfiguration("The policy has no quorum line.")
        return Policy(self._quorum, tuple(self._logs), tuple(self._witnesses.values()), self._groups)

    def _log(self, words: list[str]) -> None:
        if len(words) not in {1, 2}:
            raise BadConfiguration("A log is: log VKEY [URL].")
        key = parse_log_key(words[0])
        self._once("log", key.public)
        self._logs.append(key)

    def _witness(self, words: list[str]) -> None:
        if len(words) not in {2, 3}:
            raise BadConfiguration("A witness is: witness NAME VKEY [URL].")
        key = parse_key(words[1])
        if not isinstance(key, CosignerKey):
            raise BadConfiguration("This is the verifier key of a log, not of a witness.")
        self._once("witness", key.public)
        self._witnesses[self._new(words[0])] = Witness(words[0], key, words[2] if len(words) == 3 else None)

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise BadConfiguration("A group is: group NAME all|any|K NAME...")
        name, how, *members = words
        for member in members:
            self._known(member)
            if member in self._members:
                raise BadConfiguration(f"{member} is a member already.")
            self._members.add(member)
        needed = {"all": len(members), "any": 1}.get(how) or (int(how) if _NUMBER.fullmatch(how) else 0)
        if not 1 <= needed <= len(members):
            raise BadConfiguration(f"{how} must be all, any, or a number from 1 to {len(members)}.")
        self._groups[self._new(name)] = Group(needed, tuple(members))

    def _set_quorum(self, words: list[str]) -> None:
        if len(words) != 1:
            raise BadConfiguration("A quorum is: quorum NAME.")
        if self._quorum is not None:
            raise BadConfiguration("There is a quorum line already.")
        if words[0] != NOBODY:
            self._known(words[0])
        self._quorum = words[0]

    def _new(self, name: str) -> str:
        if name == NOBODY or name in self._witnesses or name in self._groups:
            raise BadConfiguration(f"The name {name} is taken.")
        return name

    def _known(self, name: str) -> None:
        if name not in self._witnesses and name not in self._groups:
            raise BadConfiguration(f"{name} is not defined above.")

    def _once(self, what: str, public: bytes) -> None:
        if (what, public) in self._publics:
            raise BadConfiguration(f"This {what}'s key is in the policy already.")
        self._publics.add((what, public))
