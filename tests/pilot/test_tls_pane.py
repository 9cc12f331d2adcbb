"""The TLS pane on the certificate lab: what is wrong comes first, and everything can be opened."""

from __future__ import annotations

import re
from pathlib import Path

import lab
import pytest
from driving import NARROW, WIDE, Driver, driving
from tlsserver import Behaviour, running

from smtpconsole.console.settings import Settings
from smtpconsole.tui.panes.tls import TlsPane

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x40", "80x24"])
EVIL = "evil[/x] [@click=app.quit]z\x1b[2J\x1b]0;owned\x07\u202eesrever"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "root.pem"
    file.write_bytes(lab.pem(lab.authority("root")[0]))
    return Settings(ca=str(file), servername=lab.HOST, coach=False)


async def to_the_pane(console: Driver) -> str:
    await console.until("READY")
    await console.enter("/starttls")
    await console.until("250 AUTH PLAIN")
    await console.press("f3")
    return await console.until("the certificate ", "sent by the server")


def told(console: Driver) -> str:
    """All of the pane, in lines that fit."""
    return "\n".join(line.content.plain for line in console.app.query_one(TlsPane)._lines)


@SIZES
async def test_what_is_wrong_comes_first(settings: Settings, size: tuple[int, int]) -> None:
    kind = lab.server_context(lab.entry("expired, wrong name, unknown root"))
    with running(Behaviour(kind)) as port:
        async with driving(f"127.0.0.1:{port}", size=size, settings=settings) as console:
            screen = await to_the_pane(console)
            assert "F3 TLS !" in screen
            text = " ".join(told(console).split())
    assert text.startswith("TLS 1.3 · TLS_AES_256_GCM_SHA384 · X25519 · ECDSA P-256")
    assert "! the certificate does not prove the server: 3 problems" in text
    for code in ("! name-mismatch: asked", "! expired: expired 2 days ago", "! untrusted-root,"):
        assert text.index(code) < text.index("sent by the server")
    assert "verified no 3 problems: " in text
    assert "+! 0 mail.lab.test" in text or "+!0 mail.lab.test" in text


@SIZES
async def test_a_certificate_opens_and_closes_by_keys(
    settings: Settings, size: tuple[int, int]
) -> None:
    with running(Behaviour(lab.server_context(lab.entry("sound")))) as port:
        async with driving(f"127.0.0.1:{port}", size=size, settings=settings) as console:
            screen = await to_the_pane(console)
            assert "the certificate proves the server" in screen
            assert "+ 0 mail.lab.test  EC P-256, until " in screen
            assert "key hash" not in screen
            await console.press("enter")
            screen = await console.until("- 0 mail.lab.test", "key hash", "serial")
            assert "days left" in screen
            await console.press("enter")
            await console.until("+ 0 mail.lab.test", "+   1 Lab Issuing CA")
            await console.press("o")
            await console.until("- 0 mail.lab.test")
            await console.press("G")
            await console.until("asked for", "2 tickets")
            await console.press("h")
            await console.until("<- CertificateVerify", "-> ClientHello")
            await console.press("g")
            await console.until("TLS 1.3 · TLS_AES_256_GCM_SHA384")
            await console.press("y")
            await console.until("sent to the terminal's clipboard")


@SIZES
async def test_nothing_of_a_hostile_certificate_is_live(
    settings: Settings, size: tuple[int, int]
) -> None:
    recipe = lab.Recipe(common_name=EVIL[:60], names=[lab.HOST, "evil\x1b[2J[/b].test"])
    entry = lab.build(lab.Kind(recipe=recipe))
    with running(Behaviour(lab.server_context(entry))) as port:
        async with driving(f"127.0.0.1:{port}", size=size, settings=settings) as console:
            await to_the_pane(console)
            await console.press("o")
            await console.until("[@click=app.quit]z␛[2J", "evil␛[2J[/b].test")
            await console.enter("/tls chain")
            await console.until("certificates of 127.0.0.1")
            assert not any("\x1b" in screen or "\u202e" in screen for screen in console.seen)


GOLDEN = """\
TLS 1.3 · TLS_AES_256_GCM_SHA384 · X25519 · ECDSA P-256 with
  SHA-256 · 1 round trip · N ms
the certificate proves the server
judged by the file CA

sent by the server: 2 certificates  (Enter opens)
+ 0 mail.lab.test  EC P-256, until DATE
+   1 Lab Issuing CA  EC P-256, until DATE
      - Lab Root, Lab  in the store, not sent

would a sender deliver here?
  opportunistic  yes  encrypted, whoever it is
  required       yes  encrypted, whoever it is
  verified       yes  the certificate proves mail.lab.test
  DANE           ?    not looked up: /dns
  MTA-STS        ?    not looked up: /dns

  asked for    mail.lab.test (SNI)
  offered      old versions and weak suites as well, so that
               they can be seen
  resumption   2 tickets to resume the session with"""


async def test_the_pane_reads_like_this(settings: Settings) -> None:
    with running(Behaviour(lab.server_context(lab.entry("sound")))) as port:
        async with driving(f"127.0.0.1:{port}", size=NARROW, settings=settings) as console:
            await to_the_pane(console)
            text = told(console)
    for pattern, words in (
        (r"\d+ ms", "N ms"),
        (r"\d{4}-\d\d-\d\d", "DATE"),
        (r"the file\s.*?\.pem", "the file CA"),
    ):
        text = re.sub(pattern, words, text, flags=re.DOTALL)
    assert text.startswith(GOLDEN), text
