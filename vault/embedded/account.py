"""Under whom postgres runs.

It refuses to run as uid 0, and initdb refuses a uid without a name. Both are met without asking the
user for anything: in a user namespace of its own the process bears another uid while its files stay
the caller's. Where the kernel or a container refuses namespaces, root hands postgres to ``nobody``.
"""

import ctypes
import os
import pwd
import signal
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from vault.embedded.failures import EmbeddedServerError

_CLONE_NEWUSER: Final = 0x10000000  # sched.h
_PR_SET_PDEATHSIG: Final = 1  # sys/prctl.h
_NOBODY: Final = 65534

_libc = ctypes.CDLL(None, use_errno=True)


class Way(Enum):
    """How a child comes to its account."""

    AS_IS = "as is"
    NAMESPACE = "in a user namespace"
    SWITCH = "after a change of user"


@dataclass(frozen=True)
class Account:
    """``uid`` and ``gid`` own the cluster's files as seen from outside any namespace."""

    way: Way
    uid: int
    gid: int

    def become(self) -> None:
        """Turn the calling process (just forked) into this account. Raises OSError where it is refused."""
        if self.way is Way.NAMESPACE:
            _enter_namespace()
        elif self.way is Way.SWITCH:
            os.setgroups([])
            os.setresgid(self.gid, self.gid, self.gid)
            os.setresuid(self.uid, self.uid, self.uid)

    def own(self, path: Path) -> None:
        """Give a folder or file, not what is in it, to this account."""
        if self.way is Way.SWITCH:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def own_all(self, top: Path) -> None:
        """Give a whole tree to this account: it was written by root where namespaces were allowed."""
        self.own(top)
        for folder, names, files in os.walk(top):
            for name in names + files:
                self.own(Path(folder, name))


def choose(owner: int | None) -> Account:
    """The account for a cluster that belongs to ``owner`` (a uid; None: it is not made yet)."""
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0 and owner not in (None, uid):
        raise EmbeddedServerError(
            f"The database belongs to {_name(owner)}, not to {_name(uid)}: run as that user, or choose another --data."
        )
    if uid != 0 and _has_name(uid):
        return Account(Way.AS_IS, uid, gid)
    if owner in (None, uid) and namespaces_allowed():
        return Account(Way.NAMESPACE, uid, gid)
    if uid != 0:
        raise EmbeddedServerError(f"User {uid} has no name here, which PostgreSQL asks for: add it to /etc/passwd.")
    return _switch_to(owner or _nobody())


def namespaces_allowed() -> bool:
    """Whether a child of this process may enter a user namespace: tried, since no flag tells it."""
    child = os.fork()
    if child == 0:
        try:
            _enter_namespace()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def die_with_parent(parent: int, sign: signal.Signals) -> None:
    """Have the kernel send ``sign`` to this process when its parent ends, however that ends.

    Called after the change of account: changing credentials clears it (prctl(2)).
    """
    _libc.prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call
        os._exit(1)


def _enter_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    # user_namespaces(7): one line each, and setgroups denied first, is what an unprivileged process may write.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_nobody()} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_NOBODY} {gid} 1")


def _switch_to(uid: int) -> Account:
    try:
        return Account(Way.SWITCH, uid, pwd.getpwuid(uid).pw_gid)
    except KeyError:
        raise EmbeddedServerError(
            f"The database belongs to user {uid}, who has no name here: add it to /etc/passwd."
        ) from None


def _nobody() -> int:
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        return _NOBODY


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"user {uid}"
