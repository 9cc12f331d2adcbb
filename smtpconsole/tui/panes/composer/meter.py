"""The meter: one line, and below it what is wrong, each remark explained and mended by a key."""

from __future__ import annotations

from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from smtpconsole.composer.lint import Remark
from smtpconsole.composer.mends import MENDS
from smtpconsole.composer.meter import Measure
from smtpconsole.tui import keys
from smtpconsole.visible import visible

_MARKS = {"error": ("! ", "bold $error"), "warning": ("* ", "$warning"), "info": ("- ", "")}


class Meter(OptionList):
    """What the message weighs, and everything there is to say about it."""

    BINDINGS = keys.bindings("composer.meter")

    class Explained(Message):
        """A remark is to be explained."""

        def __init__(self, remark: Remark) -> None:
            super().__init__()
            self.remark = remark

    class Mended(Message):
        """A remark is to be mended."""

        def __init__(self, remark: Remark) -> None:
            super().__init__()
            self.remark = remark

    def __init__(self) -> None:
        super().__init__(id="composer-meter", compact=True)
        self._remarks: tuple[Remark, ...] = ()

    def measure(self, measure: Measure) -> None:
        """Show a reading; remarks that are only good to know wait until somebody comes."""
        self._remarks = measure.remarks
        count = sum(each.severity != "info" for each in measure.remarks)
        self.set_class(count > 0, "wrong")
        self.set_class(count > 1, "very-wrong")
        self._show(Content(visible(str(measure))), map(_told, measure.remarks))

    def refuse(self, reason: str) -> None:
        """Say why there is nothing to measure."""
        self._remarks = ()
        self.remove_class("wrong", "very-wrong")
        self._show(Content(f"not ready: {visible(reason)}").stylize("$warning"), ())

    def _show(self, first: Content, rest: object) -> None:
        place = self.highlighted or 0
        self.set_options([Option(first), *map(Option, rest)])  # type: ignore[call-overload]
        self.highlighted = min(place, self.option_count - 1)

    @property
    def _remark(self) -> Remark | None:
        place = (self.highlighted or 0) - 1
        return self._remarks[place] if 0 <= place < len(self._remarks) else None

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if (remark := self._remark) is not None:
            self.post_message(self.Explained(remark))

    def action_mend(self) -> None:
        """Take away what the remark under the cursor is about."""
        remark = self._remark
        if remark is not None:
            self.post_message((self.Mended if remark.code in MENDS else self.Explained)(remark))


def _told(remark: Remark) -> Content:
    sign, style = _MARKS[remark.severity]
    key = ("  m mends it", "$accent") if remark.code in MENDS else ""
    return Content.assemble((sign, style), visible(remark.text), key)
