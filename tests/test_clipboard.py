"""The clipboard of the machine, by the tool that there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from smtpconsole.console import clipboard


def tool(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_the_tool_of_the_desktop_gets_the_text_and_over_ssh_none_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("WAYLAND_DISPLAY", "DISPLAY", "SSH_CONNECTION", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert clipboard.put("x") == ""
    tool(tmp_path, "wl-copy", "exit 1")  # no compositor answers
    tool(tmp_path, "xclip", f"cat > {tmp_path}/got; exec sleep 9 &")  # it stays
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert clipboard.put("x") == ""
    monkeypatch.setenv("DISPLAY", ":0")
    assert clipboard.put("-> RCPT TO:<zoë@example>\n") == "copied by xclip"
    assert (tmp_path / "got").read_text() == "-> RCPT TO:<zoë@example>\n"
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.1 1 192.0.2.2 22")
    assert clipboard.put("x") == ""


def test_a_tool_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":0")
    tool(tmp_path, "xclip", "exec sleep 9")
    assert clipboard.put("x") == ""
