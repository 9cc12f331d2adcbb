"""A folder of plug-ins: each module registers what it has when it is imported."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator


def load(package: str, path: Iterable[str]) -> None:
    """Import every module of a package, in the order of their names.

    Called at the end of the package's `__init__`: adding a file is all there is to adding one
    of a kind.
    """
    for _ in each(package, path):
        pass


def each(package: str, path: Iterable[str]) -> Iterator[None]:
    """The same in steps, for who has something else to do in between."""
    for name in names(path):
        importlib.import_module(f"{package}.{name}")
        yield


def names(path: Iterable[str]) -> list[str]:
    """The modules of a package, without importing one."""
    return sorted(module.name for module in pkgutil.iter_modules(path))
