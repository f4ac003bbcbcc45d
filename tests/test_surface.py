"""What the package shows: symbols of the compiled module, its stub, public names and their docstrings."""

import ast
import importlib
import inspect
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nnfast
from nnfast import _core

PACKAGE = Path(__file__).parent.parent / "src" / "nnfast"

# ---- the compiled module ---------------------------------------------------------------------------------------------


def exported_symbols(path: Path) -> set[str]:
    """Names defined in the dynamic symbol table of a 64-bit little-endian ELF file."""
    data = path.read_bytes()
    assert data[:6] == b"\x7fELF\x02\x01", f"{path} is no 64-bit little-endian ELF file"
    (table,) = struct.unpack_from("<Q", data, 40)
    entry_size, n_entries = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, table + i * entry_size) for i in range(n_entries)]
    names = set()
    for _, kind, _, _, offset, size, link, *_ in sections:
        if kind == 11:  # SHT_DYNSYM
            strings = sections[link][4]
            for at in range(offset, offset + size, 24):
                name, _, _, section = struct.unpack_from("<IBBH", data, at)
                if section:  # defined here
                    names.add(data[strings + name : data.index(b"\0", strings + name)].decode())
    return names


def test_nothing_else_is_exported() -> None:
    names = exported_symbols(Path(_core.__file__))
    assert "PyInit__core" in names
    others = {n for n in names if n != "PyInit__core" and not n.startswith("nnf_")}
    assert not others, f"{_core.__file__} exports {sorted(others)}"


def stub() -> tuple[dict[str, ast.AST], set[str]]:
    """What _core.pyi declares, and the aliases it only uses itself."""
    names: dict[str, ast.AST] = {}
    aliases = set()
    for node in ast.parse((PACKAGE / "_core.pyi").read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] = node
        elif isinstance(node, ast.Assign):
            aliases |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return names, aliases


def public(thing: Any) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def test_stub_matches_the_module() -> None:
    declared, _ = stub()
    modules = {name for name in public(_core) if inspect.ismodule(getattr(_core, name))}
    imported = {"namedtuple"}
    assert set(declared) == public(_core) - modules - imported


def test_stub_matches_the_classes() -> None:
    declared, _ = stub()
    for name, node in declared.items():
        if isinstance(node, ast.ClassDef) and not issubclass(getattr(_core, name), tuple | Exception):
            methods = {n.name for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")}
            fields = {n.target.id for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)}
            assert methods | fields == public(getattr(_core, name)), name
        elif isinstance(node, ast.ClassDef) and issubclass(getattr(_core, name), tuple):
            fields = [n.target.id for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
            assert getattr(_core, name)._fields == tuple(fields)


def test_stub_matches_the_arguments() -> None:
    declared, _ = stub()
    for name, node in declared.items():
        if isinstance(node, ast.FunctionDef):
            arguments = [a.arg for a in node.args.args]
            assert list(inspect.signature(getattr(_core, name)).parameters) == arguments, name
        elif isinstance(node, ast.ClassDef) and not issubclass(getattr(_core, name), tuple | Exception):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name != "__init__":
                    arguments = [a.arg for a in [*method.args.args, *method.args.kwonlyargs]]
                    theirs = inspect.signature(getattr(getattr(_core, name), method.name))
                    assert list(theirs.parameters) == arguments, f"{name}.{method.name}"


# ---- what is public is documented ------------------------------------------------------------------------------------


def public_names() -> Iterator[tuple[str, Any]]:
    """Everything a user may name: nnfast's list, that of each public module, and the methods of classes among them."""
    modules = {path.stem for path in PACKAGE.glob("*.py")} | {p.parent.name for p in PACKAGE.glob("*/__init__.py")}
    yield "nnfast", nnfast
    for name in sorted(n for n in modules if not n.startswith("_")):
        module = importlib.import_module(f"nnfast.{name}")
        yield f"nnfast.{name}", module
        for member, value in vars(module).items():
            is_ours = getattr(value, "__module__", "").startswith("nnfast")
            if member.startswith("_") or not is_ours or not (inspect.isclass(value) or inspect.isroutine(value)):
                continue
            yield f"nnfast.{name}.{member}", value
            for method, function in vars(value).items() if inspect.isclass(value) else ():
                if not method.startswith("_") and (inspect.isroutine(function) or isinstance(function, property)):
                    yield f"nnfast.{name}.{member}.{method}", getattr(value, method)


def test_public_names_have_docstrings() -> None:
    names = dict(public_names())
    assert len(names) > 100
    bare = [name for name, thing in names.items() if not (inspect.getdoc(thing) or "").strip()]
    assert not bare, f"say what they do: {bare}"


def test_public_list() -> None:
    for name in nnfast.__all__:
        assert hasattr(nnfast, name), f"nnfast.__all__ names {name}"
    promised = {"Sequential", "load_model", "set_num_threads", "get_num_threads", "show_config"}
    assert promised <= set(nnfast.__all__)


@pytest.mark.parametrize("name", ["data", "datasets", "export", "kernels", "plotting", "preprocessing"])
def test_modules_that_wait_are_found(name: str) -> None:
    assert inspect.ismodule(getattr(nnfast, name))
