"""How much is tried: a little at every commit, always the same; thousands of inputs by night."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings

NIGHTLY = os.environ.get("SMTPCONSOLE_NIGHTLY") == "1"
FACTOR = int(os.environ.get("SMTPCONSOLE_NIGHTLY_FACTOR", "100"))  # of the plain number


def plainly(examples: int, **more: Any) -> Callable[[Any], Any]:
    """Settings with so many examples at every commit."""
    count = examples * FACTOR if NIGHTLY else examples
    return settings(max_examples=count, suppress_health_check=list(HealthCheck), **more)
