"""``pivault ledger verify|audit|mine``: no server, no database, nothing but files and the log's public key."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from vault.clock import from_millis, monotonic
from vault.errors import BadConfiguration, VaultError
from vault.ledger.audited import Flaw, Said, State, read_state
from vault.ledger.copies import Copy, CopyFailed, Together, open_copy
from vault.ledger.counting import Mine, read_key, verify_count
from vault.ledger.offline import CHECKPOINT, CONSISTENCY, OWN, Verified, log_keys_of, trust_in, verify_document
from vault.ledger.policy import Policy
from vault.ledger.whole import Trust, WholeAudit

HOLDS, DOES_NOT, UNCHECKED = 0, 1, 2
_LARGEST = 1_048_576
_SAVE_EVERY = 2.0
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
COPY = click.Path(exists=True, path_type=Path)


def trusting(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say whom to believe, as one ``trust``; and ``--json``."""

    @click.option("--vkey", type=FILE, help="The log's public keys (C2SP signed-note form), one a line.")
    @click.option("--policy", type=FILE, help="Witness policy (C2SP tlog-policy): logs, witnesses, quorum.")
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for scripts.")
    @wraps(command)
    def run(*args: Any, vkey: Path | None, policy: Path | None, as_json: bool, **kwargs: Any) -> Any:
        try:
            trust = trust_in(vkey.read_bytes() if vkey else None, policy.read_bytes() if policy else None)
            return command(*args, trust=trust, as_json=as_json, **kwargs)
        except VaultError as error:
            status = UNCHECKED if isinstance(error, BadConfiguration | CopyFailed) else DOES_NOT
            if as_json:
                click.echo(json.dumps({"holds": False, "checked": status == DOES_NOT, "why": error.public}))
            else:
                click.echo(f"pivault: {error.public}", err=True)
            sys.exit(status)

    return run


def copied(command: Callable[..., Any]) -> Callable[..., Any]:
    """The argument and option that say where the copy is, as one ``copy``."""

    @click.argument("copy", type=COPY)
    @click.option("--archive", type=COPY, multiple=True, help="Archive of an older part, looked into as well.")
    @wraps(command)
    def run(*args: Any, copy: Path, archive: tuple[Path, ...], **kwargs: Any) -> Any:
        together = Together([open_copy(copy), *(open_copy(each) for each in archive)])
        return command(*args, copy=together, **kwargs)

    return run


@click.command()
@click.argument("document", type=FILE)
@trusting
def verify(document: Path, *, trust: Trust, as_json: bool) -> None:
    """Verify a receipt, a proof of consistency or your own entries, without server and database.

    DOCUMENT is the `receipt` of a release (JSON or C2SP tlog-proof text), the answer of /v1/ledger/consistency, the
    file that the page "Prove that nothing was left out" gives, or a signed checkpoint. With --policy the checkpoint
    must also be cosigned by a quorum of the policy's witnesses.
    Exit status 0: it holds; 1: it does not, and the reason is printed; 2: it could not be checked.

    \b
    Example: pivault ledger verify receipt.json --vkey log.vkey
    """
    if document.stat().st_size > _LARGEST:
        raise VaultError(f"{document} is larger than {_LARGEST} bytes: this is no receipt.")
    found = verify_document(document.read_bytes(), trust)
    if as_json:
        more = {"witnesses": list(found.witnesses)} if isinstance(trust, Policy) else {}
        click.echo(json.dumps({"holds": True} | found.told | more))
    else:
        click.echo(_sentence(found))


@click.command()
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), help="Save progress here, and go on from it.")
@click.option("--heartbeat", type=click.IntRange(1), help="A silence of more than so many seconds is a finding.")
@trusting
@copied
def audit(*, copy: Copy, state: Path | None, heartbeat: int | None, trust: Trust, as_json: bool) -> None:
    """Audit a whole copy of the log: the bytes of every entry, the tree, every checkpoint, every number.

    COPY is a folder or zip file that `pivault ledger export` wrote, or the folder of a mirror. What was redacted must
    be covered by an entry that says so. With --state an audit that was interrupted goes on where it was, and one of a
    copy that has grown looks at what is new.
    Exit status 0: it holds; 1: findings, each printed; 2: it could not be checked.

    \b
    Example: pivault ledger audit copy/ --vkey log.vkey --state audit.json
    """
    done = _audited(copy, trust, state, None)
    found = done.end()
    if heartbeat is not None and found.longest > heartbeat * 1000:
        why = f"{found.longest // 1000} seconds of silence before entry {found.silence}"
        found.flaws.append(Flaw("a silence", found.silence, why))
    if state is not None:
        _save(state, done.resumable)
    _tell(done, found, as_json=as_json)
    sys.exit(DOES_NOT if found.flaws else HOLDS)


@click.command()
@click.option("--key", "key_file", required=True, type=FILE, help="Your exported ledger key (JSON).")
@trusting
@copied
def mine(*, copy: Copy, key_file: Path, trust: Trust, as_json: bool) -> None:
    """Find every entry about yourself in a copy of the log, and prove that none was left out.

    Your ledger key gives the tag of your entry number 0, 1, 2 and so on: each must be there exactly once, up to the
    number that the registry signed for you (the statement in the key file). The whole copy is audited on the way.
    Exit status 0: nothing is missing and the copy holds; 1: holes or findings; 2: it could not be checked.

    \b
    Example: pivault ledger mine copy/ --key my-ledger-key.json --vkey log.vkey
    """
    own, k_s = read_key(key_file.read_bytes())
    said = verify_count(own.statement, log_keys_of(trust), k_s) if own.statement else None
    looking = Mine(k_s, own.shard, said)
    done = _audited(copy, trust, None, looking.hear)
    found = done.end()
    holes, doubles = looking.holes(), looking.doubles()
    is_whole = not (holes or doubles or found.flaws) and (said is None or looking.highest >= said.count - said.waiting)
    if as_json:
        lines = [{"n": n} | line for n, each in sorted(looking.found.items()) for line in each]
        told = {"holds": is_whole, "count": looking.highest, "said": said and said.count, "said_at": said and said.at}
        more = {"holes": holes, "doubles": doubles, "withheld": found.gone(), "flaws": len(found.flaws)}
        click.echo(json.dumps(told | more | {"entries": lines}))
    else:
        _tell_mine(looking, found, is_whole=is_whole)
    sys.exit(HOLDS if is_whole else DOES_NOT)


def _audited(copy: Copy, trust: Trust, state: Path | None, hear: Callable[[Said], None] | None) -> WholeAudit:
    """An audit with all its steps made: a bar on standard error, the state saved every few seconds."""
    begun = read_state(state.read_bytes()) if state is not None and state.exists() else None
    audit = WholeAudit(copy, trust, begun, hear=hear)
    saved = monotonic()
    columns = ("auditing", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("entries", total=audit.checkpoint.size)
        for number, done in enumerate(audit.steps()):
            if number % 32 == 0:
                progress.update(task, completed=done)
            if state is not None and monotonic() - saved > _SAVE_EVERY:
                _save(state, audit.saved())
                saved = monotonic()
    return audit


def _save(file: Path, content: bytes) -> None:
    temporary = file.with_name(file.name + ".part")
    temporary.write_bytes(content)
    temporary.replace(file)


def _tell(audit: WholeAudit, found: State, *, as_json: bool) -> None:
    size = audit.checkpoint.size
    if as_json:
        told = {"holds": not found.flaws, "log": found.origin, "entries": size, "checkpoints": found.checkpoints}
        more = {"withheld": found.gone(), "redactions": len(found.redacted), "longest_silence_ms": found.longest}
        flaws = [{"what": flaw.what, "at": flaw.at, "why": flaw.why} for flaw in found.flaws]
        click.echo(json.dumps(told | more | {"findings": flaws, "more": found.more}))
        return
    for flaw in found.flaws:
        click.echo(f"{flaw.what} at {flaw.at}: {flaw.why}")
    if found.more:
        click.echo(f"… and {found.more} more.")
    verdict = f"{len(found.flaws) + found.more} findings" if found.flaws else "everything holds"
    gone = f" {found.gone()} entries are here by their hash only." if found.withheld else ""
    click.echo(f"{found.origin}: {size} entries, {found.checkpoints} older checkpoints: {verdict}.{gone}")


def _tell_mine(looking: Mine, found: State, *, is_whole: bool) -> None:
    for n, lines in sorted(looking.found.items()):
        for line in lines:
            at = from_millis(line["at"]).isoformat(timespec="seconds")
            click.echo(f"{n:>6}  entry {line['index']:>9}  {at}  {line['event']}  {line.get('requester', '')}".rstrip())
    for n in looking.holes():
        click.echo(f"{n:>6}  MISSING: no entry has your tag number {n}.")
    for n in looking.doubles():
        click.echo(f"{n:>6}  TWICE: several entries have your tag number {n}.")
    if found.withheld:
        click.echo(
            f"{found.gone()} entries of this copy are there by their hash only; what is missing may be among them."
        )
    for flaw in found.flaws:
        click.echo(f"{flaw.what} at {flaw.at}: {flaw.why}")
    said = looking.said
    counted = "no statement to compare with" if said is None else f"the registry signed for {said.count}"
    click.echo(
        f"{len(looking.found)} entries about you, {counted}: {'nothing is missing' if is_whole else 'NOT WHOLE'}."
    )


def _sentence(found: Verified) -> str:
    told = found.told
    by = f" Cosigned by {', '.join(found.witnesses)}." if found.witnesses else ""
    if found.kind == CHECKPOINT:
        return f"Holds: a checkpoint of the log {told['log']} over {told['size']} entries.{by}"
    if found.kind == CONSISTENCY:
        grew = f"the log {told['log']} grew from {told['old_size']} to {told['new_size']} without rewriting."
        return f"Holds: {grew}{by}"
    if found.kind == OWN:
        counted = f"{told['proven']} entries about you are proven, {told['waiting']} on their way, {told['withheld']}"
        at = from_millis(told["said_at"]).isoformat(timespec="seconds")
        return f"Holds: {counted} withheld; the registry signed for {told['count']} at {at}.{by}"
    entry = told["entry"]
    lines = [f"Holds: entry {told['index']} of the log {told['log']} (checkpoint over {told['size']} entries).{by}"]
    lines.append(f"  event      {entry['event']}")
    lines.append(f"  at         {from_millis(entry['at']).isoformat(timespec='milliseconds')}")
    for name in ("requester", "purpose", "outcome", "reason", "ref"):
        if name in entry:
            lines.append(f"  {name:<10} {entry[name]}")
    if "items" in entry:
        items = ", ".join(f"{i['item']} ({i['form']})" if i.get("form") else i["item"] for i in entry["items"])
        lines.append(f"  items      {items}")
    return "\n".join(lines)
