"""The result as text."""

from typing import Any

_HEAD = "connections  releases/s   p50 ms   p99 ms   of inserts   of crypto   entries/commit   CPU: load server  pgsql"


def table(result: dict[str, Any]) -> str:
    """A table of the phases, then the floors."""
    lines = [
        f"{result['machine']['cpus']} CPUs, {result['workers']} server processes, {result['people']} people",
        "",
        _HEAD,
    ]
    for phase in result["phases"]:
        used = phase["cpu_us"]
        lines.append(
            f"{phase['connections']:>11}  {phase['per_second']:>10.0f}  {phase['p50_ms']:>7.2f}"
            f"  {phase['p99_ms']:>7.2f}   {phase['of_inserts']:>10.2f}  {phase['of_crypto']:>10.2f}"
            f"   {phase['entries_per_commit']:>14.1f}   {used['load']:>6.0f} {used['server']:>6.0f}"
            f" {used['postgresql']:>6.0f}"
        )
    lines.append("CPU: microseconds per release used by the load generator, the server processes and PostgreSQL")
    floors = result["floors"]
    inserts = ", ".join(f"{count}: {rate:.0f}" for count, rate in floors["durable_inserts"].items())
    verified = sum(phase["receipts_verified"] for phase in result["phases"])
    sampled = sum(phase["receipts_sampled"] for phase in result["phases"])
    return "\n".join(
        [
            *lines,
            "",
            f"durable single-row inserts per second, by connections: {inserts}",
            f"bare cryptography of a release, per second of one core: {floors['crypto_one_core']:.0f}",
            f"every answer 200: {'yes' if result['holds'] else 'NO'}",
            f"receipts verified offline: {verified} of {sampled}",
        ]
    )
