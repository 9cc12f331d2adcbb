"""The script of the documentation, on a real server."""

from __future__ import annotations

import re
from pathlib import Path

import postfix
import pytest
from click.testing import CliRunner

from smtpconsole.cli import main

pytestmark = pytest.mark.servers

PAGE = (Path(__file__).parents[2] / "docs" / "scripts.md").read_text()


def test_the_check_of_the_documentation_holds_on_postfix(
    mta: postfix.Postfix, tmp_path: Path
) -> None:
    script = re.sub(r"(?<=/login )\S+", postfix.USER, PAGE.split("```\n")[1])
    file = tmp_path / "check.smtp"
    file.write_text(script)
    words = ["run", str(file), f"localhost:{mta.port}", "--ca", str(mta.ca)]
    words += ["--var", f"TO=bob@{postfix.DOMAIN}", "--json"]
    done = CliRunner().invoke(main, words, env={"MAIL_PASSWORD": postfix.PASSWORD})
    assert done.exit_code == 0, done.stdout
    assert postfix.PASSWORD not in done.stdout
    words[words.index("--json") - 1] = f"TO=nobody@{postfix.DOMAIN}"
    done = CliRunner().invoke(main, words, env={"MAIL_PASSWORD": postfix.PASSWORD})
    assert done.exit_code == 24, done.stdout
