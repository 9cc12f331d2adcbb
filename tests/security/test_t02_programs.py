"""T2: nothing that a server or a file says reaches a terminal alive, whichever program says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from evil import LIVE, TEXT, evil
from program import run
from test_exports import hostile

from smtpconsole import cli
from smtpconsole.transcript.formats import exported

# What to type after `smtpconsole`; standard input is the session below, or the hostile text.
PROGRAMS: dict[str, list[list[str]]] = {
    "": [["127.0.0.1:{port}"], ["--lines", "127.0.0.1:{port}"]],
    "probe": [["probe", "127.0.0.1:{port}"], ["probe", "--json", "127.0.0.1:{port}"]],
    "export": [["export", "{journal}"], ["export", "{journal}", "--format", "markdown"]],
    "open": [["open", "{journal}"]],
    "diff": [["diff", "{journal}", "{other}"]],
    "replay": [["replay", "{journal}", "127.0.0.1:{port}"]],
    "mx": [["mx", "{text}"]],
    "explain": [["explain", "{text}"], ["explain"]],
    "send": [["send", "127.0.0.1:{port}", "--from", "a@x", "--to", "{text}"]],
    "run": [["run", "{script}", "127.0.0.1:{port}"], ["run", "{hostile}", "127.0.0.1:{port}"]],
    "learn": [["learn", "--check", "{hostile}"], ["learn", "{text}"]],
    "sandbox": [["sandbox", "--house", "{hostile}"], ["sandbox", "--fault", "{text}"]],
    "settings": [["settings", "{text}"]],
    "doctor": [["doctor", "{text}"]],
    "completion": [["completion", "{text}"]],
    "repl": [["repl", "127.0.0.1:{port}"]],
}
SESSION = "EHLO me\nSTARTTLS\nMAIL FROM:<a@x>\n?\n/caps\n/tls\n/quit\n"
CASES = [words for each in PROGRAMS.values() for words in each]


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("hostile")
    text = exported(hostile(), "text")
    files = {
        "journal": text,
        "other": text.replace("220", "221", 1),
        "script": f"EHLO me\n# {TEXT}\n/expect 250\n/expect {TEXT}\n",
        "hostile": f"---\ntitle: {TEXT}\n---\n{TEXT}\n[x\n",
    }
    for name, content in files.items():
        (folder / name).write_text(content.replace("\0", ""), encoding="utf-8")
    found = {name: str(folder / name) for name in files}
    return found | {"text": TEXT.replace("\0", ""), "state": str(folder / "state")}


@pytest.mark.parametrize("words", CASES, ids=" ".join)
def test_t2_no_program_prints_what_a_terminal_obeys(
    tmp_path: Path, surroundings: dict[str, str], words: list[str]
) -> None:
    with evil(tmp_path) as port:
        filled = [word.format(port=port, **surroundings) for word in words]
        typed = f"550 {TEXT}\n" if "explain" in words else SESSION
        done = run(*filled, typed=typed, state=Path(surroundings["state"]))
    printed = (done.stdout + done.stderr).encode()
    assert printed and b"Traceback" not in printed, printed[-2000:].decode()
    for live in LIVE:
        assert live not in printed, printed[-2000:]
    assert b"\x1b" not in printed and b"\x07" not in printed


def test_t2_every_program_is_tried() -> None:
    assert set(cli.subcommands()) <= set(PROGRAMS)
