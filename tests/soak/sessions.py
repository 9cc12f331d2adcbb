"""Many sessions through one process: python sessions.py PLAN, which is JSON.

Nine of ten sessions are on the sink, plain; the tenth is on the sandbox with STARTTLS and AUTH.
Ten are open at a time.  What the process holds after a fifth and at the end goes to standard
output as JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tracemalloc
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

from vitals import Vitals

from smtpconsole import SMTP
from smtpconsole.transcript.journal import Journal

MESSAGE = b"From: a@x.example\r\nTo: bob@sandbox.example\r\nSubject: soak\r\n\r\n" + b"x" * 900
AT_ONCE = 10
SHARE = 10  # every tenth session is secured


class Remarks(logging.Handler):
    """What asyncio has to say, as it is said."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@dataclass(frozen=True)
class Plan:
    """What is to be done, and on which servers."""

    sink: int  # ports
    sandbox: int
    ca: str
    sessions: int
    messages: int  # a session
    journal: str | None = None  # its file
    is_debug: bool = False


class Soak:
    """Sessions by number, until there were enough."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._journal = Journal(Path(plan.journal)) if plan.journal else None
        self._sent = 0

    async def run(self, first: int, last: int) -> dict[str, int]:
        """What the process holds after these."""
        numbers = iter(range(first, last))

        async def some() -> None:
            for number in numbers:
                await self._session(number)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(some())
        events = len(self._journal) if self._journal is not None else 0
        return {"sent": self._sent, "events": events, **asdict(Vitals.now())}

    async def _session(self, number: int) -> None:
        client = self._client(number)
        client.local_hostname = "soak.example"
        async with client:
            for _ in range(self._plan.messages):
                refused, _ = await client.sendmail("a@x.example", ["bob@sandbox.example"], MESSAGE)
                assert not refused
                self._sent += 1

    def _client(self, number: int) -> SMTP:
        plan = self._plan
        if number % SHARE:
            return SMTP(
                hostname="127.0.0.1", port=plan.sink, start_tls=False, observe=self._journal
            )
        return SMTP(
            hostname="localhost",
            port=plan.sandbox,
            start_tls=True,
            cert_bundle=plan.ca,
            username="alice@sandbox.example",
            password="wonderland",
            observe=self._journal,
        )


async def main(plan: Plan) -> None:
    """A fifth, a look, the rest, a look."""
    loop = asyncio.get_running_loop()
    loop.set_debug(plan.is_debug)
    loop.slow_callback_duration = 60  # a slow machine is no fault of ours
    remarks = Remarks()
    logging.getLogger("asyncio").addHandler(remarks)
    soak, fifth = Soak(plan), plan.sessions // 5
    looks = [await soak.run(0, fifth), await soak.run(fifth, plan.sessions)]
    print(json.dumps({"looks": looks, "remarks": remarks.said}))


if __name__ == "__main__":
    warnings.simplefilter("error")
    tracemalloc.start()
    asyncio.run(main(Plan(**json.loads(sys.argv[1]))))
