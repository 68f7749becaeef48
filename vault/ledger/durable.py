"""Whether what is seen of the tree has reached the standby as well.

With synchronous replication a commit whose wait is cancelled is visible here, to every reader, although the standby
may not have it; its writer is warned, readers are not. Whoever vouches for what they read therefore commits something
themselves first, of which nothing remains but its place in the WAL: when that commit was waited for without a warning,
everything before it is on the standby too. Without synchronous replication this asks one setting a second, no more.
"""

from typing import Any, Final

_IS_REPLICATED: Final = "SELECT current_setting('synchronous_standby_names') <> ''"
_BARRIER: Final = "SELECT pg_logical_emit_message(true, 'pivault', '')"
SETTING: Final = """
SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')
    WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)
"""


class NotDurable(Exception):
    """The server gave up waiting for its standby (WARNING 01000): committed here, perhaps not there."""


def is_doubtful(message: Any) -> bool:
    """Whether a notice says so: "canceling wait for synchronous replication", and its like on shutdown."""
    return bool(message.sqlstate == "01000" and "synchronous replication" in message.message)


class Barrier:
    """Waits, over one connection, until everything read so far is durable."""

    def __init__(self) -> None:
        self._doubt = False
        self._needed = False

    async def attach(self, connection: Any) -> None:
        """Heed this connection's warnings."""
        connection.add_log_listener(self._heed)
        await connection.execute(SETTING)
        await self.look(connection)

    async def look(self, connection: Any) -> None:
        """Ask again whether there is a standby to wait for."""
        self._needed = await connection.fetchval(_IS_REPLICATED)

    async def passed(self, connection: Any) -> None:
        """Return once what was read before is on the standby. Raises NotDurable."""
        if not self._needed:
            return
        self._doubt = False
        await connection.execute(_BARRIER)
        if self._doubt:
            raise NotDurable

    def _heed(self, _connection: object, message: Any) -> None:
        self._doubt = self._doubt or is_doubtful(message)
