"""option: one option of a command: its name on the command line, in a file of a run, and in the record of one."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from nnfast import _validation

Collect = Callable[[Sequence[str]], Any]


@dataclass(frozen=True)
class Option:
    """A row of the table of options.

    Parameters
    ----------
    section : str
        Where help shows it.
    name : str
        Behind the two dashes, in files, and in records.
    help : str
        What help says of it.
    type : click type or type, optional
        Of its value; bool makes a flag.
    default : optional
        Where neither user nor data decide.
    metavar : str, optional
        What help calls the value.
    collect : callable, optional
        Makes one value of the texts of an option that can be given several times.
    also : tuple of str
        More names on the command line.
    words : tuple of str
        What shells complete a value to.
    in_file : bool
        Whether a file of a run may have it.
    may_change : bool
        Whether it may be another one when a training goes on.
    """

    section: str
    name: str
    help: str
    type: Any = None
    default: Any = None
    metavar: str | None = None
    collect: Collect | None = None
    also: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    in_file: bool = True
    may_change: bool = False

    @property
    def parameter(self) -> str:
        """The name as click hands it to a function."""
        return self.name.replace("-", "_")

    @property
    def is_switch(self) -> bool:
        """Whether it is on unless switched off."""
        return self.type is bool and self.default is True

    def make_parameter(self) -> click.Option:
        """Make click's option; its value is None unless given."""
        flag = f"--{self.name}/--no-{self.name}" if self.is_switch else f"--{self.name}"
        return _SectionOption(
            self.section,
            [flag, *self.also, self.parameter],
            type=None if self.type is bool else self.type,
            is_flag=self.type is bool,
            default=None,
            multiple=self.collect is not None,
            metavar=self.metavar,
            help=self.help + self._describe_default(),
            shell_complete=self._complete if self.words else None,
        )

    def read(self, value: Any) -> Any:
        """Return the value of a file, checked like that of the command line."""
        if self.type is bool:
            return _validation.check_bool(self.name, value)
        texts = _spread(value)
        if self.collect:
            return self.collect(texts)
        if len(texts) != 1 or isinstance(value, dict):
            raise _validation.mismatch(self.name, "one value", value)
        return click.types.convert_type(self.type).convert(texts[0], None, None)

    def _describe_default(self) -> str:
        if self.default in (None, False, ()):
            return ""
        return f"  [default: {'on' if self.default is True else self.default}]"

    def _complete(self, context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        return [word for word in self.words if word.startswith(incomplete)]


class _SectionOption(click.Option):
    """An option that knows where help shows it."""

    def __init__(self, section: str, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.section = section

    def get_help_record(self, context: click.Context) -> tuple[str, str]:
        """Return names with the value's, and what it does: ranges are told by errors."""
        names = "/".join((*self.opts, *self.secondary_opts))
        return names if self.is_flag else f"{names} {self.make_metavar(context)}", self.help or ""


class SectionCommand(click.Command):
    """A command whose help has a heading for each section of options."""

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options section by section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(context):
            record = parameter.get_help_record(context)
            if isinstance(parameter, click.Option) and record:
                sections.setdefault(getattr(parameter, "section", "Help"), []).append(record)
        for section, records in sections.items():
            with formatter.section(section):
                formatter.write_dl(records)


class FiniteRange(click.FloatRange):
    """A range of numbers that neither NaN nor infinity is in."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        """Return the number; fail if it is outside."""
        number: float = super().convert(value, parameter, context)
        if not math.isfinite(number):
            self.fail(f"{number} is not in the range {self._describe_range()}.", parameter, context)
        return number


def collect_list(texts: Sequence[str]) -> list[str]:
    """Read "a" and "b,c" as a list of three."""
    return [part.strip() for text in texts for part in text.split(",")]


def collect_sizes(texts: Sequence[str]) -> list[int]:
    """Read sizes of layers: "128" or "512,256"; 0 is no layer."""
    try:
        sizes = [int(text) for text in collect_list(texts)]
        if min(sizes, default=0) < 0:
            raise ValueError
    except ValueError:
        received = ",".join(texts)
        raise click.BadParameter(f"expected numbers like 128 or 512,256, received {received!r}.") from None
    return [size for size in sizes if size != 0]


def collect_pairs(texts: Sequence[str]) -> dict[str, Any]:
    """Read "momentum=0.9" and the like."""
    pairs = {}
    for text in texts:
        name, sign, value = text.rpartition("=")
        if not sign or not name:
            raise click.BadParameter(f"expected NAME=VALUE, received {text!r}.")
        pairs[name.strip()] = _read_value(value.strip())
    return pairs


def collect_weights(texts: Sequence[str]) -> str | dict[str, float]:
    """Read "balanced", or "name=2.5" of each class."""
    if list(texts) == ["balanced"]:
        return "balanced"
    pairs = collect_pairs(texts)
    return {name: _validation.check_real(f"class-weight of {name}", value, "[0, inf)") for name, value in pairs.items()}


def _read_value(text: str) -> Any:
    """Return a number, or true or false, or else the text itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _spread(value: Any) -> list[str]:
    """Return what stands in a file as texts of the command line."""
    if isinstance(value, dict):
        return [f"{name}={_write(part)}" for name, part in value.items()]
    return [_write(part) for part in value] if isinstance(value, list) else [_write(value)]


def _write(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
