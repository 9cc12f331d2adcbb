"""What must work where nothing but the wheel is installed; run by `make package`.

It is no test of pytest's, since pytest is not there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("smtpconsole")
SESSION = "EHLO client.example\nSTARTTLS\nEHLO client.example\n/fault banner-late\n/quit\n"

# Each reads data that a wheel may lack: knowledge, faults and house, lessons, schemas.
RUNS: list[tuple[list[str], str, str]] = [
    (["--version"], "", "version "),
    (["--help"], "", "probe"),
    (["explain", "550", "5.7.1"], "", "RFC"),
    (["learn", "--list"], "", "hello"),
    (["--sandbox"], SESSION, "250 "),
    (["probe", "--help"], "", "--json"),
]


def main() -> None:
    """Run each and look for what it must say."""
    import smtpconsole

    assert Path(smtpconsole.__file__).is_relative_to(sys.prefix), "not the installed one"
    page = Path(sys.prefix) / "share" / "man" / "man1" / "smtpconsole.1"
    assert page.read_text(encoding="utf-8").startswith(".TH SMTPCONSOLE 1"), page
    print("ok  man smtpconsole")
    with tempfile.TemporaryDirectory() as folder:
        for words, typed, wanted in RUNS:
            done = subprocess.run(
                [PROGRAM, *words],
                input=typed,
                capture_output=True,
                text=True,
                check=False,
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "SMTPCONSOLE_STATE": folder, "HOME": folder},
            )
            said = done.stdout + done.stderr
            assert done.returncode == 0 and wanted in said, f"{words}: {done.returncode}\n{said}"
            assert "Traceback" not in said, said
            print(f"ok  smtpconsole {' '.join(words)}")
        _draw()


def _draw() -> None:
    """The application, with its style sheet and panes, drawn once."""
    import asyncio

    from smtpconsole.console.console import Suggestions
    from smtpconsole.console.settings import Settings
    from smtpconsole.transcript.journal import Journal
    from smtpconsole.tui.app import ConsoleApp

    async def drawn() -> None:
        app = ConsoleApp(Journal(), Settings(), Suggestions())
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            assert "smtp&gt;" in app.export_screenshot()

    asyncio.run(drawn())
    print("ok  the application")


if __name__ == "__main__":
    main()
