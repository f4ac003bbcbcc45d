"""conf: how Sphinx makes a site of these pages: ``make docs``. Nothing is fetched."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from nnfast.config import get_version

project = "nnfast"
author = "nnfast developers"
copyright = author  # noqa: A001
version = release = get_version()

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]
myst_heading_anchors = 3
default_role = "py:obj"
autodoc_typehints = "none"  # docstrings have the types, in words
numpydoc_show_class_members = False
maximum_signature_line_length = 100
toc_object_entries_show_parents = "hide"
autodoc_default_options = {
    # by which the core's side reads descriptions: nothing that users write
    "exclude-members": "arguments, compute, core_name, divides_penalties, factor, factors, finish, fuses_with, "
    "gradient_factor, is_sum, listens, make, names, parameter, parameters, rule, share, takes_labels, "
    "takes_probabilities, terms, wants_logits"
}

html_theme = "furo"
html_title = "nnfast"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_show_sphinx = html_copy_source = False
pygments_dark_style = "github-dark"

DOCS = Path(__file__).parent


def keep_files_outside(app: Sphinx, docname: str, source: list[str]) -> None:
    """Links to Markdown files that are no pages of the site become downloads, as links to other files are."""
    folder = (DOCS / docname).parent

    def replace(link: re.Match[str]) -> str:
        is_page = (folder / link[2]).resolve().is_relative_to(DOCS)
        return link[0] if is_page else f"{{download}}`{link[1]} <{link[2]}>`"

    source[0] = re.sub(r"\[([^\]]+)\]\((\.\.[\w./]+\.md)\)", replace, source[0])


def tell_names(app: Sphinx, kind: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Put the names that stand for an object of a class behind the first paragraph of its docstring."""
    if kind == "class" and (names := vars(thing).get("names")):
        words = ", ".join(f'``"{word}"``' for word in names)
        start = next(i for i, line in enumerate(lines) if line)
        end = next((i for i, line in enumerate(lines) if i > start and not line), len(lines))
        lines[end:end] = ["", f"By name: {words}."]


def setup(app: Sphinx) -> None:  # noqa: D103
    app.connect("source-read", keep_files_outside)
    app.connect("autodoc-process-docstring", tell_names, priority=900)  # after numpydoc
