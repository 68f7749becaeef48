"""Alembic's entry: runs on the connection that ``vault.schema`` hands over, as the owner role.

One transaction per migration; timeouts are set by the caller. There is no offline mode: a migration
that was not tried on a real server is not to be trusted.
"""

from alembic import context

from vault.schema import is_modelled, metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run migrations with `pivault migrate`.")
context.configure(
    connection=connection,
    target_metadata=metadata(),
    include_name=is_modelled,
    transaction_per_migration=True,
    compare_type=True,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
