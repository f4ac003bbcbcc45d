"""program: the command ``nnfast`` and how it ends: 0; 1, 2 or 130 with one line that says why."""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from nnfast.cli.bench import bench
from nnfast.cli.completion import completion
from nnfast.cli.evaluate import evaluate
from nnfast.cli.export import export
from nnfast.cli.info import info
from nnfast.cli.predict import predict
from nnfast.cli.report import report
from nnfast.cli.train import train
from nnfast.config import get_version
from nnfast.exceptions import NotFiniteError

_EXIT_FAILED = 1
_EXIT_ERROR = 2
_EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class _Program(click.Group):
    def main(self, args: Sequence[str] | None = None, *others: Any, **options: Any) -> NoReturn:
        """Run one command and leave with its exit code. ``--debug`` may stand anywhere and lets tracebacks through."""
        arguments = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in arguments
        arguments = [argument for argument in arguments if argument != "--debug"]
        options["standalone_mode"] = False
        try:
            code = super().main(arguments, *others, **options)
        except click.Abort as stop:
            click.echo(f"interrupted: {stop or 'nothing was saved'}", err=True)
            code = _EXIT_INTERRUPTED
        except Exception as error:
            if debug:
                raise
            click.echo(f"error: {_describe(error)}", err=True)
            code = _EXIT_FAILED if isinstance(error, NotFiniteError) else _EXIT_ERROR
        sys.exit(code)


@click.group(
    cls=_Program,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(get_version(), prog_name="nnfast")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
@click.pass_context
def program(context: click.Context) -> None:
    """Train dense neural networks on this computer's CPU, and use them.

    \b
    nnfast train digits                       on data that come with the package
    nnfast train flowers.csv --target kind    your own table
    nnfast predict flowers.safetensors new.csv

    \b
    Exit codes: 0; 1 if a training failed, its loss no longer finite; 2 if a
    command was not used as it can be, or a file is not as it should be; 130 after
    Ctrl-C.
    """  # noqa: D301
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (train, evaluate, predict, export, report, info, bench, completion):
    program.add_command(_command)


def _describe(error: Exception) -> str:
    """Return an error as one line."""
    if isinstance(error, click.UsageError):
        where = error.ctx.command_path if error.ctx else "nnfast"
        return f"{_join(error.format_message())} See: {where} --help"
    if isinstance(error, click.ClickException):
        return _join(error.format_message())
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return _join(str(error)) or type(error).__name__


def _join(text: str) -> str:
    return " ".join(text.split())
