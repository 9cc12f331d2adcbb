"""What is wanted of a sending, as data; nothing in it has been done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from smtpconsole.composer.draft import Draft
from smtpconsole.console.composing.sending import How
from smtpconsole.console.login.logins import Wish
from smtpconsole.console.settings import Settings
from smtpconsole.smtp.targets import Target

# "strict" goes without what is not offered, and fails where it is offered and does not work.
Need = Literal["none", "optional", "strict", "required"]


@dataclass(frozen=True, slots=True)
class Login:
    """Who is to be logged in, and how much that matters."""

    need: Need = "none"
    mechanisms: tuple[str, ...] = ()  # the first of these that is offered; empty for any
    wish: Wish = field(default_factory=Wish)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, from the connection to its end."""

    target: Target
    settings: Settings
    draft: Draft
    how: How = field(default_factory=How)
    hello: Literal["EHLO", "HELO", "LHLO"] = "EHLO"
    tls: Need = "none"
    login: Login = field(default_factory=Login)
    xclient: tuple[str, ...] = ()  # NAME=VALUE words, or with `is_xclient_raw` lines
    is_xclient_raw: bool = False
    is_xclient_first: bool = False  # before STARTTLS
    needs_prdr: bool = False
    quit_after: str = ""
    drop_after: str = ""
    drop_after_send: str = ""
    count: int = 1  # messages
    is_insecure: bool = False  # credentials in the clear, and any certificate, are all right
    certificates: str = ""  # a file for those of the server
    warning: str = ""  # of the message: to be agreed to before it leaves the machine

    @property
    def last(self) -> str:
        """The last stage that is gone through; "" for all."""
        return self.quit_after or self.drop_after or self.drop_after_send

    def sends(self, stage: str) -> bool:
        """The plan goes as far as that stage, or further."""
        from smtpconsole.console.submission.stages import STAGES

        names = list(STAGES)
        return not self.last or names.index(stage) <= names.index(self.last)
