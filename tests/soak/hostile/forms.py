"""forms: all kinds of files, by a short name."""

from importlib import import_module

from soak.hostile.form import Form

_MODULES = ("models", "arrays", "tables", "graphs")


def get_forms() -> dict[str, Form]:
    return {name: form for module in _MODULES for name, form in import_module(f"soak.hostile.{module}").FORMS.items()}


def get_form(name: str) -> Form:
    """Import only what it needs: one library less that could be in the way."""
    for module in _MODULES:
        forms: dict[str, Form] = import_module(f"soak.hostile.{module}").FORMS
        if name in forms:
            return forms[name]
    raise ValueError(f"no files of the kind {name}")
