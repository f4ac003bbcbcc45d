"""train: the command ``nnfast train``."""

from typing import Any

import click

from nnfast.cli.job import Job
from nnfast.cli.loading import complete_data
from nnfast.cli.option import SectionCommand
from nnfast.cli.options import OPTIONS
from nnfast.cli.run_file import read_run_file


@click.command(cls=SectionCommand, short_help="Train a network, save it and draw a picture of it.")
@click.argument("data", required=False, metavar="[DATA]", shell_complete=complete_data)
def train(data: str | None, **values: Any) -> None:
    """Train a network, measure it on data it has not seen, save it and draw a picture of it.

    DATA is digits, which come with the package; mnist, fashion_mnist or kmnist; or a table, as
    FILE.csv, with --target.
    Options left out are chosen to suit the data. All of them can stand in a TOML file too: --config.

    Results do not depend on --threads. A run that was interrupted, or shall have more --epochs, goes on with --resume,
    to the same bits as one that was never interrupted.
    """
    given = {option.name: values[option.parameter] for option in OPTIONS}
    given = {name: value for name, value in given.items() if value not in (None, ())}
    for option in OPTIONS:
        if option.collect and option.name in given:
            given[option.name] = _collect(option.name, option.collect, given[option.name])
    if data is not None:
        given["data"] = data
    job = Job((read_run_file(given["config"]) if "config" in given else {}) | given)
    try:
        job.run()
    except KeyboardInterrupt:
        raise click.Abort(job.rescue()) from None


def _collect(name: str, collect: Any, texts: tuple[str, ...]) -> Any:
    try:
        return collect(texts)
    except click.BadParameter as error:
        error.param_hint = f"--{name}"
        raise


train.params += [option.make_parameter() for option in OPTIONS]
