"""How to visit a server, as the settings have it."""

from __future__ import annotations

from dataclasses import replace

from smtpconsole.console import connecting, ways
from smtpconsole.console.probe.visit import TIMEOUT, Errand
from smtpconsole.console.settings import Settings
from smtpconsole.smtp.targets import Target


def errand_for(settings: Settings, target: Target, timeout: float = TIMEOUT) -> Errand:
    """An errand; ConsoleError where the settings cannot be used.

    A certificate is always looked at, and never ends the visit; no session is resumed, for then
    there would be none.
    """
    policy = replace(ways.policy(settings), strict=False, sessions=None)
    policy = connecting.usable(policy, settings)
    return Errand(settings.name, policy, timeout, ways.route(settings, target))
