"""What the worker does for the HL7 door: it stands in for a dead listener, and delivers what was held."""

from __future__ import annotations

from klisza.gateways.hl7v2 import applier, holding


def run_applier() -> int:
    """Apply waiting messages while no listener does."""
    return applier.apply_orphans(most_seconds=20)


def run_held() -> int:
    """Messages whose patient has become known go back into the queue."""
    return holding.release_known()


PERIODIC = ((1.0, run_applier), (5.0, run_held))
