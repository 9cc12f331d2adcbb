"""An interactive SMTP debugging console, and the asynchronous SMTP client under it.

The names of the library, those of `smtpconsole.client`, are loaded when they are asked for: the
program starts without them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smtpconsole.client import *  # noqa: F403


def __getattr__(name: str) -> Any:
    if name.startswith("_") and name != "__all__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    library = importlib.import_module("smtpconsole.client")
    if name == "__all__":
        return library.__all__
    if name in library.__all__:
        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
