"""What is over leaves nothing behind: no descriptor, no context, no layer."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from smtpconsole.net.dial import dial
from smtpconsole.net.policy import TlsPolicy
from smtpconsole.net.tls import TlsLayer
from smtpconsole.sandbox import Sandbox
from smtpconsole.smtp.events import Event, Target

DESCRIPTORS = Path("/proc/self/fd")


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="needs /proc to count descriptors")
async def test_observed_tls_connections_leave_nothing_behind() -> None:
    async def visit(count: int) -> tuple[int, int]:
        """Descriptors and layers, once a sandbox was visited and is gone with its own ends."""
        with Sandbox() as sandbox:
            target = Target("localhost", sandbox.tls_port or 0, implicit_tls=True)
            policy = TlsPolicy(strict=False, ca_file=str(sandbox.ca_file))
            for _ in range(count):
                events: list[Event] = []
                connection = await dial(target, observe=events.append, tls=policy, timeout=10)
                assert events
                connection.close()
                await connection.lost
                del connection, events
        gc.collect()
        layers = sum(isinstance(each, TlsLayer) for each in gc.get_objects())
        return len(os.listdir(DESCRIPTORS)), layers

    await visit(1)
    before, after = await visit(1), await visit(10)
    # Fewer is well: what earlier tests left to the collector may be gone by now.
    assert after[0] <= before[0] and after[1] <= before[1]
