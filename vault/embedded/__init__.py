"""The embedded PostgreSQL: the default when no DATABASE_URL is given, never imported when one is.

It runs the binaries that come with a package under a small supervisor of our own, in one data folder. Processes that
use the same folder share one server, which ends with the last of them. However any of them or the server is killed,
nothing acknowledged is lost and the next start works.

Trusted: whoever can write in the data folder. Promised: it listens on 127.0.0.1 only and lets nobody in without the
password, which is in a file that only its owner may read. Not trusted: stale pid files, the room on the disk, and a
free port to stay free.
"""

from vault.embedded.failures import EmbeddedServerError
from vault.embedded.server import EmbeddedServer

__all__ = ["EmbeddedServer", "EmbeddedServerError"]
