"""A process of its own that uses the embedded server: holds a lease until its input ends.

    python client.py ROOT DATA_DIR [BIN_DIR]

Prints one line of JSON: what it was given, or the failure it was told.
"""

import json
import sys
from pathlib import Path


def main(root: str, data_dir: str, bin_dir: str = "") -> None:
    """Start or join, report, wait, leave."""
    sys.path.insert(0, root)
    from vault.embedded import EmbeddedServer, EmbeddedServerError

    try:
        server = EmbeddedServer.start(Path(data_dir), bin_dir=Path(bin_dir) if bin_dir else None)
    except EmbeddedServerError as failure:
        sys.stdout.write(json.dumps({"failure": failure.public}) + "\n")
        return
    told = {
        "url": server.admin_url,
        "port": server.port,
        "version": server.version,
        "supervisor": server.supervisor_pid,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
