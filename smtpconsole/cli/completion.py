"""smtpconsole completion"""

from __future__ import annotations

import importlib

import click

SHELLS = ("bash", "zsh", "fish")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.option("--man", is_flag=True, help="Print the manual page instead.")
@click.option("--targets", is_flag=True, hidden=True, help="Print profiles and known servers.")
def command(shell: str | None, man: bool, targets: bool) -> None:
    """Print what makes a shell complete smtpconsole's commands, options and servers.

    \b
    bash  source <(smtpconsole completion bash)              in ~/.bashrc
    zsh   source <(smtpconsole completion zsh)               in ~/.zshrc, after compinit
    fish  smtpconsole completion fish | source               in ~/.config/fish/config.fish

    The manual page is made of the same parsers: smtpconsole completion --man > smtpconsole.1
    """
    if targets:
        for name in _targets():
            click.echo(name)
        return
    shell = "man" if man else shell
    if shell is None:
        raise click.UsageError(f"which shell?  One of {', '.join(SHELLS)}")
    from smtpconsole.cli.shells import everything

    made = importlib.import_module(f"smtpconsole.cli.shells.{shell}")
    click.echo(made.script(everything()), nl=False)


def _targets() -> list[str]:
    """Profiles, and servers that were talked to; what is odd would be a word of the shell's."""
    from smtpconsole.console import paths
    from smtpconsole.console.configuring import profiles
    from smtpconsole.console.known import Known

    names = [*profiles.names(), *Known(paths.known_file()).names]
    return [
        name for name in names if name.isascii() and not set(name) & set(" \t\n'\"`$\\*?;&|<>()")
    ]
