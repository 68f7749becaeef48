"""One phase: the load generator against a running server, and what both used meanwhile."""

import subprocess
import sys
from typing import Any

import msgspec

from benchmark.calls import Job
from benchmark.load import Outcome
from benchmark.processes import cpu_seconds


def run_phase(job: Job, groups: dict[str, list[int]]) -> tuple[Outcome, dict[str, Any]]:
    """What came back, and its figures: rates, latencies in ms, CPU in µs per good answer by group of processes."""
    before = {name: cpu_seconds(*pids) for name, pids in groups.items()}
    command = [sys.executable, "-m", "benchmark.load"]
    done = subprocess.run(command, input=msgspec.json.encode(job), stdout=subprocess.PIPE, check=True)
    outcome = msgspec.json.decode(done.stdout, type=Outcome)
    used = {name: cpu_seconds(*pids) - before[name] for name, pids in groups.items()}
    good = outcome.statuses.get(job.expected, 0)
    cpu = {"load": outcome.cpu_seconds, **used}
    return outcome, {
        "connections": job.connections,
        "per_second": good / outcome.seconds,
        "p50_ms": at(outcome.latencies, 0.50),
        "p99_ms": at(outcome.latencies, 0.99),
        "good": good,
        "statuses": outcome.statuses,
        "cpu_seconds": cpu,
        "cpu_us": {name: 1e6 * seconds / max(1, good) for name, seconds in cpu.items()},
        "seconds": outcome.seconds,
        "holds": set(outcome.statuses) == {job.expected},
    }


def at(latencies: list[float], share: float) -> float:
    """A percentile of sorted latencies, in ms."""
    return 1000 * latencies[min(len(latencies) - 1, int(share * len(latencies)))] if latencies else 0.0
