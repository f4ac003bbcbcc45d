"""_layer: what all layers have in common."""

from nnfast import _validation
from nnfast._descriptions import SetOnce, shorten


class Layer(SetOnce):
    """The base of all layers.

    Attributes
    ----------
    name : str or None
        What summaries call it; without one the model numbers it.
    """

    __slots__ = ("name",)

    def __init__(self, name: str | None) -> None:
        self.name = None if name is None else _validation.check_text("name", name)

    def __repr__(self) -> str:
        import inspect

        defaults = {name: shorten(of.default) for name, of in inspect.signature(type(self)).parameters.items()}
        values = {name: shorten(getattr(self, name, value)) for name, value in self.get_config().items()}
        shown = [f"{name}={value}" for name, value in values.items() if value != defaults.get(name)]
        return f"{type(self).__name__}({', '.join(shown)})"
