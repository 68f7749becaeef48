"""Ids come from random bytes drawn in advance; nobody else has drawn the same ones."""

import subprocess
import sys
import threading

from vault import ids

FORKS = """
import os
from vault import ids
ids.new_uuid()
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, "".join(ids.new_uuid().hex[16:] for _ in range(20)).encode())
    os._exit(0)
os.wait()
child = os.read(read, 20 * 16).decode()
mine = {ids.new_uuid().hex[16:] for _ in range(20)}
print(len(mine | {child[at : at + 16] for at in range(0, len(child), 16)}))
"""


def test_a_fork_has_other_ids_than_its_parent() -> None:
    """What was drawn before is not used on both sides."""
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "40"


def test_no_two_threads_get_the_same() -> None:
    """Also where the store runs out again and again."""
    made: list[str] = []

    def make() -> None:
        made.extend([ids.new_uuid().hex[16:] for _ in range(2000)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(made)) == len(made) == 8000
