"""job: one training, from what was asked for to files and figures."""

import contextlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import click

from nnfast import config, plotting
from nnfast.callbacks import Callback, CSVLogger, EarlyStopping, TensorBoard
from nnfast.cli.checkpoint import Checkpoint
from nnfast.cli.compiling import check_resumed
from nnfast.cli.display import Display, count
from nnfast.cli.files import check_distinct, check_writable
from nnfast.cli.fitting import Fitting, make_model, resolve
from nnfast.cli.image_sets import IMAGE_SETS
from nnfast.cli.loading import load_task, load_validation
from nnfast.cli.options import OPTIONS
from nnfast.cli.record import KEY, Record, add_test, begin_record, get_record
from nnfast.cli.run_file import read_settings, write_run_file
from nnfast.cli.scores import Score, score_classes, score_values
from nnfast.report import write_report
from nnfast.saving.atomic_write import write_atomically
from nnfast.saving.model_file import SavedModel, read_model

_DEFAULTS: dict[str, Any] = {"data": None} | {option.name: option.default for option in OPTIONS}
_MAY_CHANGE = {"data", *(option.name for option in OPTIONS if option.may_change)}


class Job:
    """A training.

    Parameters
    ----------
    given : dict
        What was asked for: names of options, and ``data``, with their values.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        for package in ("matplotlib", "safetensors"):
            if not importlib.util.find_spec(package):
                raise click.UsageError(f'training needs {package}: pip install "nnfast[cli]".')
        self._given = given
        self._settings = _DEFAULTS | given
        self._display = Display(bool(self._settings["quiet"]), stderr=bool(self._settings["json"]))
        self._saved: SavedModel | None = None
        if self._settings["resume"]:
            self._take_up()
        if self._settings["data"] is None:
            raise click.UsageError("Missing argument 'DATA': expected digits, mnist or a table, received nothing.")
        self._model_path = self._choose_file("model", ".safetensors")
        self._picture_path = self._choose_file("picture", ".png")
        self._report_path = self._choose_file("report", ".html") if self._settings["report"] else None
        self._check_files()
        if not self._settings["resume"]:
            self._tell_of_a_run()
        self._record: Record = {}
        self._checkpoint: Checkpoint | None = None
        self._is_trained = False

    def run(self) -> None:
        """Do it all."""
        fitting = self._prepare()
        threads = config.get_num_threads()
        self._display.note(f"{fitting.describe()}; seed {self._settings['seed']}, {count(threads, 'thread')}")
        self._train(fitting)
        score = self._test(fitting)
        self._display.result(score.text)
        self._display.result(f"model {self._model_path}")
        with self._display.stage("drawing the picture"):
            self._draw(fitting, score)
        self._display.result(f"picture {self._picture_path}")
        if self._report_path:
            self._write_report(fitting, self._report_path)
            self._display.result(f"report {self._report_path}")
        if self._settings["json"]:
            files = {"model": str(self._model_path), "picture": str(self._picture_path)}
            files |= {"report": str(self._report_path)} if self._report_path else {}
            click.echo(json.dumps(self._record | files))

    def rescue(self) -> str:
        """Save what there is and tell of it."""
        if self._checkpoint is None or self._checkpoint.last is None:
            return "nothing was saved"
        if self._is_trained:
            return f"the model is in {self._model_path}, a picture was not finished"
        self._checkpoint.write()
        n_done = len(self._checkpoint.last.metadata[KEY]["history"]["epoch"])
        where = f"after {n_done} of {self._settings['epochs']} epochs; the model so far is in {self._model_path}"
        return f"{where}; --resume goes on with it"

    # ---- before ----

    def _take_up(self) -> None:
        """Make the settings of an earlier run those of this one, but for those that may change."""
        path = self._choose_file("model", ".safetensors")
        if not path.exists():
            raise click.UsageError(f"--resume: expected a model that training left, found no {path}.")
        self._saved = read_model(path)
        before = read_settings(get_record(self._saved.metadata, path)["settings"])
        if self._saved.training is None:
            raise click.UsageError(f"--resume: expected a file that training left, received {path} without its state.")
        self._settings = _DEFAULTS | before | self._given | {"model": path}

    def _tell_of_a_run(self) -> None:
        """Say that the model will take the place of one whose training was interrupted."""
        with contextlib.suppress(OSError, ValueError):  # what is no model is replaced all the same
            saved = read_model(self._model_path)
            if saved.training and not saved.training.is_finished:
                held = f"{self._model_path} holds an interrupted training, which --resume would go on with"
                self._display.note(f"{held}; it is replaced")

    def _prepare(self) -> Fitting:
        """Load the data and make the model, or take it up."""
        settings = self._settings
        if settings["threads"] is not None:
            config.set_num_threads(settings["threads"])
        with self._display.stage(f"loading {settings['data']}"):
            task = load_task(settings)
            validation = load_validation(settings, task)
        self._settings = resolve(settings, task)
        fitting = Fitting(task, self._settings, validation, self._saved)
        self._record = begin_record(fitting)
        if self._saved:
            self._go_on(self._saved)
        if settings["save-config"] is not None:
            write_atomically(settings["save-config"], write_run_file(self._record["settings"]).encode())
        return fitting

    def _go_on(self, saved: SavedModel) -> None:
        """Let the record be that of the run so far."""
        before = saved.metadata[KEY]
        _check_same(before, self._record, self._given)
        wanted, n_done = self._settings["epochs"], len(before["history"]["epoch"])
        check_resumed(self._settings, (before["settings"]["epochs"], wanted))
        if wanted < n_done:
            raise click.UsageError(f"--epochs: expected at least {n_done}, which are done already, received {wanted}.")
        names = ("early-stopping", "ema")
        ended_by = [name for name in names if self._settings[name] is not None]
        if _is_finished(saved) and wanted > n_done and ended_by:
            raise click.UsageError(
                f"--resume: expected a run that can go on, received one whose weights --{ended_by[0]} chose at its end."
            )
        kept = {name: before[name] for name in ("started", "seconds", "samples_per_second", "history", "test")}
        self._record = self._record | kept

    def _choose_file(self, option: str, suffix: str) -> Path:
        """Return a file that can be written."""
        path: Path | None = self._settings[option]
        if path is None and self._settings["data"] is None:
            raise click.UsageError(f"--resume: expected DATA or --{option}, received neither.")
        path = path or Path(Path(self._settings["data"]).stem + suffix)
        check_writable(f"--{option}", path)
        return path

    def _check_files(self) -> None:
        """Check that no file is lost to another, and that the picture can be written."""
        settings = self._settings
        data = None if settings["data"] in IMAGE_SETS else Path(settings["data"])
        read = {"DATA": data} | {f"--{name}": settings[name] for name in ("validation-data", "config")}
        chosen = {"--model": self._model_path, "--picture": self._picture_path, "--report": self._report_path}
        check_distinct(read, chosen | {f"--{name}": settings[name] for name in ("log", "save-config")})
        if settings["save-config"] is not None:
            check_writable("--save-config", settings["save-config"])
        _check_picture(self._picture_path)

    # ---- training and after ----

    def _train(self, fitting: Fitting) -> None:
        n_done = len(self._record["history"]["epoch"])
        callbacks = self._make_callbacks(fitting, n_done)
        assert self._checkpoint
        if self._saved and n_done == self._settings["epochs"] and _is_finished(self._saved):
            self._display.note(f"all {n_done} epochs are done")
        else:
            fitting.fit(callbacks)
        self._checkpoint.write()
        self._is_trained = True

    def _make_callbacks(self, fitting: Fitting, n_done: int) -> list[Callback]:
        settings = self._settings
        callbacks: list[Callback] = []
        if settings["early-stopping"] is not None:
            patience = settings["early-stopping"]
            callbacks.append(EarlyStopping(fitting.monitor, patience=patience, restore_best_weights=True))
        if settings["log"] is not None:
            callbacks.append(CSVLogger(settings["log"], append=n_done > 0))
        if settings["tensorboard"] is not None:
            callbacks.append(TensorBoard(settings["tensorboard"]))
        self._checkpoint = Checkpoint(fitting, self._record, self._model_path, self._saved)
        n_train = fitting.n_rows["train"]
        return [*callbacks, self._checkpoint, *self._display.make_callbacks(n_train, settings["batch-size"])]

    def _test(self, fitting: Fitting) -> Score:
        """Measure the model as it is in the file, and write down what that gave."""
        assert self._checkpoint
        assert self._checkpoint.last
        model, test = make_model(self._checkpoint.last), fitting.task.test
        measure = score_values if fitting.task.columns.classes is None else score_classes
        score = measure(model.predict(test.x), test.y)
        self._record = self._record | self._checkpoint.last.metadata[KEY]
        add_test(self._record, fitting.evaluate(model) | score.figures)
        self._checkpoint.finish(self._record)
        return score

    def _draw(self, fitting: Fitting, score: Score) -> None:
        task, side = fitting.task, fitting.task.image_side
        history = {name: values for name, values in self._record["history"].items() if name != "epoch"}
        figure = plotting.training_picture(
            history,
            task.test.y,
            score.predictions,
            images=task.test.x.reshape(-1, side, side) if side else None,
            class_names=task.columns.classes,
            title=f"{task.name}: {score.text}",
        )
        plotting.save_figure(figure, self._picture_path)

    def _write_report(self, fitting: Fitting, path: Path) -> None:
        assert self._checkpoint
        assert self._checkpoint.last
        model, columns = make_model(self._checkpoint.last), fitting.task.columns
        names: dict[str, Any] = {"class_names": columns.classes, "feature_names": columns.inputs or None}
        write_report(path, model, *fitting.task.test, run=self._record, **names)


def _check_picture(path: Path) -> None:
    """Check, before the training, that matplotlib knows the format."""
    from matplotlib.backend_bases import FigureCanvasBase

    formats = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        endings = ", ".join(f".{name}" for name in formats)
        raise click.UsageError(f"--picture: expected a name that ends with one of {endings}, received {path}.")


def _is_finished(saved: SavedModel) -> bool:
    return saved.training is not None and saved.training.is_finished


def _check_same(before: Record, now: Record, given: dict[str, Any]) -> None:
    """Check that nothing was given that would make it another training."""
    for name in given:
        old, new = before["settings"].get(name), now["settings"].get(name)
        if name not in _MAY_CHANGE and old != new:
            raise click.UsageError(f"--{name}: expected {old}, with which the training began, received {new}.")
    for name, what in (("rows", "rows"), ("network", "network"), ("data_sha256", "SHA-256 of the arrays")):
        if before[name] != now[name]:
            wanted = f"the data with which the training began, their {what} {before[name]}"
            raise click.UsageError(f"--resume: expected {wanted}, received {now[name]}.")
