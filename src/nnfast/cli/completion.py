"""completion: the command ``nnfast completion``."""

import click
from click.shell_completion import get_completion_class

_PROGRAM = "nnfast"
_VARIABLE = "_NNFAST_COMPLETE"  # what click looks at when the program starts


@click.command(short_help="Write the script that lets a shell complete words.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Write the script that lets a shell complete commands, options, data sets and names.

    \b
    bash    nnfast completion bash >> ~/.bashrc
    zsh     nnfast completion zsh >> ~/.zshrc
    fish    nnfast completion fish > ~/.config/fish/completions/nnfast.fish
    """  # noqa: D301
    kind = get_completion_class(shell)
    assert kind
    click.echo(kind(context.find_root().command, {}, _PROGRAM, _VARIABLE).source())
