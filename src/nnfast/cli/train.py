"""train: the command ``nnfast train``."""

import importlib.util
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from nnfast import config, plotting
from nnfast.cli.display import Display
from nnfast.cli.fitting import Fitting, Settings
from nnfast.cli.scores import Score
from nnfast.cli.tasks import Task, load_csv_task, load_digits_task, load_mnist_task


def _parse_sizes(text: str) -> tuple[int, ...]:
    """Read sizes of layers: "128" or "512,256"."""
    try:
        return tuple(int(size) for size in text.split(","))
    except ValueError:
        raise click.BadParameter(f"expected numbers like 128 or 512,256, received {text!r}.") from None


_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("data", metavar="digits|mnist|FILE")
@click.option("--data", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Where mnist's files are.")
@click.option("--target", metavar="COLUMN", help="The table's column to predict: its name, or its number from 0.")
@click.option(
    "--kind",
    type=click.Choice(["auto", "classification", "regression"]),
    default="auto",
    help="What to make of the target. auto: classes if it is text or has at most 50 different integers.",
)
@click.option("--drop", multiple=True, metavar="COLUMN", help="A column of the table to leave out; may be repeated.")
@click.option("--test-split", type=_SHARE, default=0.2, show_default=True, help="The table's share for testing.")
@click.option("--validation-split", type=click.FloatRange(0, 1, max_open=True), default=0.1, show_default=True)
@click.option(
    "--hidden",
    type=_parse_sizes,
    metavar="SIZES",
    multiple=True,
    help="Hidden layers: 512,256; or one each time; 0 for none.",
)
@click.option("--activation", default="relu", show_default=True, help="Of the hidden layers.")
@click.option("--dropout", type=float, help="Of the hidden layers.")
@click.option("--input-dropout", type=float, help="Of the features.")
@click.option("--optimizer", default="adam", show_default=True, help="A name: adam, adamw, sgd, rmsprop, nadam, ...")
@click.option("--learning-rate", type=float, help="By default the optimizer's own.")
@click.option("--batch-size", type=int)
@click.option("--epochs", type=int)
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), default=0, show_default=True, help="Of everything drawn.")
@click.option("--threads", type=int, help="By default as many as there are cores. It changes no result.")
@click.option("--model", type=_FILE, help="The model to write; by default DATA.safetensors, here.")
@click.option("--picture", type=_FILE, help="The picture to write; by default DATA.png, here.")
@click.option("--quiet", is_flag=True, help="Write the results alone.")
def train(data: str, hidden: tuple[tuple[int, ...], ...], **options: Any) -> None:
    """Train a network, measure it on data it has not seen, save it and draw a picture of it.

    Options left out are chosen to suit the data.
    """
    options["hidden"] = tuple(size for sizes in hidden for size in sizes if size != 0) if hidden else None
    settings = Settings(**{field.name: options[field.name] for field in fields(Settings)})
    request = _Request(data, **{field.name: options[field.name] for field in fields(_Request)[1:]})
    job = _Job(request, settings)
    try:
        job.run()
    except KeyboardInterrupt:
        raise click.Abort(job.rescue()) from None


@dataclass(frozen=True)
class _Request:
    """What to train on, and where results go."""

    data: str
    folder: Path | None
    target: str | None
    kind: str
    drop: tuple[str, ...]
    test_split: float
    threads: int | None
    model: Path | None
    picture: Path | None
    quiet: bool

    def load(self, seed: int) -> Task:
        if self.data == "digits":
            return load_digits_task(seed)
        if self.data == "mnist":
            return load_mnist_task(self.folder)
        return load_csv_task(Path(self.data), self.target, self.kind, self.test_split, seed, self.drop)

    def choose_file(self, option: str, suffix: str) -> Path:
        """Return a file to write, in a folder that exists."""
        path: Path = getattr(self, option) or Path(Path(self.data).stem + suffix)
        if not path.absolute().parent.is_dir():
            raise click.UsageError(f"--{option}: expected a file in a folder that exists, received {path}.")
        return path


class _Job:
    """One training, from data to picture."""

    def __init__(self, request: _Request, settings: Settings) -> None:
        self._request = request
        self._settings = settings
        self._display = Display(request.quiet)
        self._model_path = request.choose_file("model", ".safetensors")
        self._picture_path = request.choose_file("picture", ".png")
        if self._model_path.resolve() == self._picture_path.resolve():
            raise click.UsageError(
                f"--picture: expected another file than --model, received {self._picture_path} for both."
            )
        self._fitting: Fitting | None = None
        self._is_saved = False

    def run(self) -> None:
        """Do it all."""
        for package in ("matplotlib", "safetensors"):
            if not importlib.util.find_spec(package):
                raise click.UsageError(f'training needs {package}: pip install "nnfast[cli]".')
        if self._request.threads is not None:
            config.set_num_threads(self._request.threads)
        with self._display.stage(f"loading {self._request.data}"):
            task = self._request.load(self._settings.seed)
        self._fitting = Fitting(task, self._settings)
        n_threads = config.get_num_threads()
        threads = f"{n_threads} thread{'' if n_threads == 1 else 's'}"
        self._display.note(f"{self._fitting.describe()}; seed {self._settings.seed}, {threads}")
        self._fitting.fit(self._display.make_callbacks())
        self._save(self._fitting)
        score = self._fitting.score(task.test)
        self._display.result(score.text)
        self._display.result(f"model {self._model_path}")
        with self._display.stage("drawing the picture"):
            self._draw(self._fitting, score)
        self._display.result(f"picture {self._picture_path}")

    def rescue(self) -> str:
        """Save what there is and tell of it."""
        if self._fitting is None:
            return "nothing was saved"
        if self._is_saved:
            return f"the model is in {self._model_path}, a picture was not finished"
        self._save(self._fitting)
        history = self._fitting.model.history
        n_done = len(history.epoch) if history else 0
        return f"after {n_done} of {self._fitting.epochs} epochs; the model so far is in {self._model_path}"

    def _save(self, fitting: Fitting) -> None:
        fitting.finish().save(self._model_path)
        self._is_saved = True

    def _draw(self, fitting: Fitting, score: Score) -> None:
        task, side = fitting.task, fitting.task.image_side
        figure = plotting.training_picture(
            fitting.model.history,
            task.test.y,
            score.predictions,
            images=task.test.x.reshape(-1, side, side) if side else None,
            class_names=task.columns.classes,
            title=f"{task.name}: {score.text}",
        )
        plotting.save_figure(figure, self._picture_path)
