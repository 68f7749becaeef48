"""What a witness cosigns, as a rule that touches nothing (C2SP tlog-witness, "add-checkpoint")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vault.errors import VaultError
from vault.ledger.add_checkpoint import Question
from vault.ledger.checkpoint import Checkpoint, CheckpointFailed, LogKey, parse, verify
from vault.ledger.proofs import ProofFailed, verify_consistency
from vault.witness.memory import Known

Logs = Mapping[str, Sequence[LogKey]]
"""Origin to the keys that may sign its checkpoints."""


class Declined(VaultError):
    """The checkpoint is not cosigned; ``status`` is the answer's, ``size`` what a 409 tells."""

    name, status, title = "checkpoint-declined", 422, "The witness does not cosign this"
    advice = "The detail says which rule refused it."

    def __init__(self, code: int, public: str, *, size: int | None = None) -> None:
        super().__init__(public)
        self.code = code
        self.size = size


@dataclass(frozen=True, slots=True)
class Logbook:
    """The logs a witness watches."""

    logs: Logs

    def origin_of(self, question: Question) -> Checkpoint:
        """The checkpoint of a question, genuinely signed by a log that is watched. Raises Declined."""
        try:
            checkpoint, _ = parse(question.note)
        except CheckpointFailed as error:
            raise Declined(400, error.public) from None
        # 1. The log is known, and one of its keys signed this.
        if checkpoint.origin not in self.logs:
            raise Declined(404, "This log is not watched here.")
        try:
            return verify(question.note, self.logs[checkpoint.origin])
        except CheckpointFailed as error:
            raise Declined(403, error.public) from None


def check(question: Question, checkpoint: Checkpoint, known: Known) -> None:
    """Raise Declined unless the checkpoint continues what is known of its log."""
    # 2. The old size is no larger than the new one.
    if question.old > checkpoint.size:
        raise Declined(400, "The old size is larger than the checkpoint's.")
    # 3. The question begins where we stand.
    if question.old != known.size:
        raise Declined(409, "The old size is not the one known here.", size=known.size)
    # 4. The same size has the same root; a larger tree continues the known one.
    if checkpoint.size == known.size and checkpoint.root != known.root:
        raise Declined(409, "Another tree of this size was cosigned.", size=known.size)
    if question.old == 0 and question.path:
        raise Declined(422, "From nothing there is nothing to prove.")
    try:
        verify_consistency(
            known.size, checkpoint.size, path=question.path, old_root=known.root, new_root=checkpoint.root
        )
    except ProofFailed as error:
        raise Declined(422, error.public) from None
