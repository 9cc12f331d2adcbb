"""Envelope and headers side by side: what is said left, what is read right."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static, TextArea

from smtpconsole.composer import fields
from smtpconsole.composer.draft import Draft
from smtpconsole.composer.fields import FIELDS, Difference, Field
from smtpconsole.tui.panes.composer.entry import Addresses, Choice, Line, Lines
from smtpconsole.visible import visible

_NOTES = 3  # lines below the envelope
_ADDRESSES = ("recipients", "From", "To", "Cc", "Bcc", "Reply-To")


class Form(Horizontal):
    """The fields of a draft, but for its texts."""

    class Written(Message):
        """Somebody has written: `change` makes of a draft what stands in the field now."""

        def __init__(self, change: Callable[[Draft], Draft]) -> None:
            super().__init__()
            self.change = change

    class Wanted(Message):
        """The parameters of a command are to be listed."""

        def __init__(self, field: Field) -> None:
            super().__init__()
            self.field = field

    def compose(self) -> ComposeResult:
        with Vertical(id="composer-envelope"):
            yield Static("Envelope: what is said", classes="heading")
            for field in (*fields.ENVELOPE, *fields.WRITING):
                yield from _field(field)
            yield Static(id="composer-notes")
        with Vertical(id="composer-headers"):
            yield Static("Headers: what is read", classes="heading")
            for field in fields.HEADERS:
                yield from _field(field)
            with Horizontal(classes="field others"):
                yield Label("others")
                yield Lines(id="field-others")

    def on_mount(self) -> None:
        others = self.query_one("#field-others", Lines)
        others.placeholder = "X-Test: any header, a line each"

    def take(self, draft: Draft) -> None:
        """Show a draft; what the person is writing just now stays as it was written."""
        is_source = draft.source is not None
        for line in self.query(Line):
            field = _field_of(line)
            is_header = field in fields.HEADERS
            value = "" if is_source and is_header else field.shown(draft)
            is_being_written = line.has_focus and field.written(draft, line.value) == draft
            if line.value != value and not is_being_written:
                with line.prevent(Input.Changed):
                    line.value = value
                line.cursor_position = len(value)
            line.placeholder = "in the source" if is_source and is_header else field.implied(draft)
            line.disabled = is_source and is_header
        for choice in self.query(Choice):
            choice.set(choice.field.shown(draft))
        others = self.query_one("#field-others", Lines)
        with others.prevent(TextArea.Changed):
            others.show(fields.others(draft))
        others.disabled = is_source

    def imply(self, draft: Draft) -> None:
        """Tell anew what the headers follow."""
        for field in fields.HEADERS:
            if draft.source is None:
                self.query_one(f"#field-{field.name}", Line).placeholder = field.implied(draft)

    def note(self, differences: list[Difference]) -> None:
        """Mark the fields that disagree, and say in words why."""
        names = {name for each in differences for name in each.names}
        for label in self.query(Label):
            name = (label.id or "").removeprefix("label-")
            if name.lower() in FIELDS:
                mark = "≠" if name in names else ""
                label.update(Content(f"{FIELDS[name.lower()].label} {mark}".rstrip()))
                label.set_class(bool(mark), "differs")
        shown = differences if len(differences) <= _NOTES else differences[: _NOTES - 1]
        lines = [Content(f"≠ {visible(each.text)}") for each in shown]
        if len(shown) < len(differences):
            lines.append(Content(f"≠ {len(differences) - len(shown)} more: /draft tells all"))
        self.query_one("#composer-notes", Static).update(Content("\n").join(lines))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        field, text = _field_of(event.input), event.value
        self.post_message(self.Written(lambda draft: field.written(draft, text)))

    @on(TextArea.Changed)
    def _others_typed(self, event: TextArea.Changed) -> None:
        event.stop()
        text = event.text_area.text
        self.post_message(self.Written(lambda draft: fields.with_others(draft, text)))

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        event.stop()
        field, text = event.choice.field, event.choice.value
        self.post_message(self.Written(lambda draft: field.written(draft, text)))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        field = _field_of(event.input)
        if field.name.endswith("-parameters"):
            self.post_message(self.Wanted(field))
        else:
            self.screen.focus_next()


def _field_of(line: Input) -> Field:
    return FIELDS[(line.id or "").removeprefix("field-").lower()]


def _field(field: Field) -> Iterator[Horizontal]:
    label = Label(field.label, id=f"label-{field.name}")
    entry: Line | Choice
    if field.choices:
        entry = Choice(field, "", id=f"field-{field.name}")
    else:
        kind = Addresses if field.name in _ADDRESSES else Line
        entry = kind(id=f"field-{field.name}")
    yield Horizontal(label, entry, classes="field")
