from __future__ import annotations

from . import services


def run_link() -> int:
    return services.link_events()


def run_head() -> int:
    return services.sign_head()


PERIODIC = ((2.0, run_link), (30.0, run_head))
