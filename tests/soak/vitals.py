"""What a process holds on to: memory, descriptors and tasks, asked at two points of a long run."""

from __future__ import annotations

import asyncio
import gc
import os
import tracemalloc
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Vitals:
    """Octets, and how many there are of what must not pile up."""

    resident: int
    traced: int  # by Python's allocator
    descriptors: int
    tasks: int

    @classmethod
    def now(cls) -> Vitals:
        """Those of this process; `tracemalloc` is on."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(
            pages * os.sysconf("SC_PAGE_SIZE"),
            tracemalloc.get_traced_memory()[0],
            len(os.listdir("/proc/self/fd")),
            len(asyncio.all_tasks()),
        )
