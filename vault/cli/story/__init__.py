"""The story: the main job, played from outside.

Does: acts as a person, a bank, officers and a regulator against the public HTTP surface only, and
says for each of twelve steps whether it held.
Trusts: nothing of the server's; receipts and consistency are verified with the offline functions.
Promises: no shortcut into the rooms; what the story can do, any outside client can do.
"""

REDIRECT_PORT = 8765
"""Where an outside client that goes on with the kit listens for the person's return, unless told otherwise."""
