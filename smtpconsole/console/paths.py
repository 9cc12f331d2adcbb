"""Where the console keeps things, by the platform's rules."""

from __future__ import annotations

import contextlib
import os
from datetime import datetime
from pathlib import Path

import platformdirs


def state_folder() -> Path:
    """What is kept of sessions, for its owner alone; SMTPCONSOLE_STATE overrides it."""
    given = os.environ.get("SMTPCONSOLE_STATE")
    folder = Path(given) if given else platformdirs.user_state_path("smtpconsole", appauthor=False)
    with contextlib.suppress(OSError):  # whoever writes into it tells
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def history_file() -> Path:
    """What was entered."""
    return state_folder() / "history.jsonl"


def layout_file() -> Path:
    """Where the divider of the screen was left."""
    return state_folder() / "divider"


def config_folder() -> Path:
    """The folder of what a person has written; SMTPCONSOLE_CONFIG overrides it."""
    given = os.environ.get("SMTPCONSOLE_CONFIG")
    if given:
        return Path(given)
    return platformdirs.user_config_path("smtpconsole", appauthor=False)


def config_file() -> Path:
    """Settings and profiles."""
    return config_folder() / "config.toml"


def template_folder() -> Path:
    """Messages of one's own, with tokens."""
    return config_folder() / "templates"


def draft_folder() -> Path:
    """Messages that are being written."""
    return state_folder() / "drafts"


def known_file() -> Path:
    """What servers were like."""
    return state_folder() / "known.json"


def lessons_file() -> Path:
    """How far one has come in which lesson."""
    return state_folder() / "lessons.json"


def journal_folder() -> Path:
    """The sessions that are kept."""
    return state_folder() / "journals"


def new_journal_file(now: datetime) -> Path:
    """A file of its own for this session."""
    return journal_folder() / f"{now:%Y-%m-%dT%H-%M-%S}-{os.getpid()}.jsonl"
