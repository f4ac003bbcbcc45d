"""_descriptions: how a user's words are held (fixed once said), found by name, and written as plain data."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

from nnfast import _validation


class Description:
    """The base of small frozen dataclasses that strings may stand for. A subclass without fields needs no decorator."""

    names: ClassVar[tuple[str, ...]] = ()
    """What users may write for an object with default parameters, the usual name first."""

    def get_config(self) -> dict[str, Any]:
        """Return the parameters as plain data; ``type(self).from_config`` takes them."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an object from what `get_config` returned."""
        return cls(**config)

    def _settle(self, name: str, value: object) -> None:
        """Write a parameter's checked value; for ``__post_init__`` alone."""
        object.__setattr__(self, name, value)


class SetOnce:
    """The base of descriptions with an attribute that may change: the others are fixed when made."""

    __slots__ = ()
    settable: ClassVar[tuple[str, ...]] = ()

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.settable and hasattr(self, name):
            raise AttributeError(f"{type(self).__name__}.{name} cannot be changed; make a new {type(self).__name__}")
        super().__setattr__(name, value)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor as plain data; ``type(self).from_config`` takes them."""
        raise NotImplementedError

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make an object from what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def shorten(value: object) -> str:
    """Return what a user may write for a value: of a description with default parameters its name, else its repr."""
    if isinstance(value, Description) and value.names and repr(value) == repr(type(value)()):
        return repr(value.names[0])
    return repr(value)


T = TypeVar("T", bound=Description | SetOnce)


class Catalogue(Generic[T]):
    """The closed list of one kind of description.

    Parameters
    ----------
    noun : str
        What errors call an entry: "activation".
    base : type
        What objects must be an instance of.
    classes : tuple of type
        The entries. Each is found by its class name and by its ``names``, in any case.
    """

    def __init__(self, noun: str, base: type[T], classes: tuple[type[T], ...]) -> None:
        self.noun = noun
        self.base = base
        self.by_class_name: dict[str, type[T]] = {cls.__name__: cls for cls in classes}
        self.by_name: dict[str, type[T]] = {name: cls for cls in classes for name in getattr(cls, "names", ())}
        self._by_any_name = {name.lower(): cls for name, cls in (self.by_class_name | self.by_name).items()}

    def knows(self, name: str) -> bool:
        """Tell whether there is an entry of that name."""
        return name.lower() in self._by_any_name

    def get(self, identifier: object) -> T:
        """Return the object that a name, a class or an object stands for."""
        if isinstance(identifier, self.base):
            return identifier
        if isinstance(identifier, type) and issubclass(identifier, self.base):
            return identifier()
        if not isinstance(identifier, str):
            plural = f"{self.noun}{'es' if self.noun.endswith('s') else 's'}"
            raise _validation.mismatch(self.noun, f"a name or an object of nnfast's {plural}", identifier)
        if identifier.lower() not in self._by_any_name:
            raise _validation.unknown_name(self.noun, identifier, self.by_name or self.by_class_name)
        return self._by_any_name[identifier.lower()]()

    def serialize(self, entry: T) -> dict[str, Any]:
        """Return the class name and the config of an object as plain data."""
        return {"class_name": type(entry).__name__, "config": entry.get_config()}

    def deserialize(self, data: object) -> T:
        """Make an object from what `serialize` returned; ValueError if it is anything else."""
        if not isinstance(data, Mapping) or set(data) != {"class_name", "config"}:
            raise _validation.mismatch(self.noun, "a dict with class_name and config", data)
        name, config = data["class_name"], data["config"]
        if not isinstance(config, Mapping):
            raise _validation.mismatch(f"{self.noun}: config", "a dict", config)
        if not isinstance(name, str) or name not in self.by_class_name:
            raise _validation.unknown_name(self.noun, name, self.by_class_name)
        try:
            return cast(T, self.by_class_name[name].from_config(config))
        except TypeError as error:
            raise _validation.mismatch(self.noun, f"the arguments of {name}", config, str(error)) from None
