"""Tasks that begin at once, in every loop: `SMTPCONSOLE_TEST_EAGER=1`, from Python 3.12 on.

Whoever embeds the library may have set `asyncio.eager_task_factory`, and what is started then runs
before `create_task` returns.
"""

from __future__ import annotations

import asyncio
import os
import sys


def install() -> None:
    """Nothing, unless it is asked for."""
    if os.environ.get("SMTPCONSOLE_TEST_EAGER") != "1":
        return
    if sys.version_info < (3, 12):
        raise SystemExit("SMTPCONSOLE_TEST_EAGER needs Python 3.12 or newer")
    made = asyncio.events.new_event_loop

    def eager() -> asyncio.AbstractEventLoop:
        loop = made()
        loop.set_task_factory(asyncio.eager_task_factory)
        return loop

    asyncio.events.new_event_loop = asyncio.new_event_loop = eager
