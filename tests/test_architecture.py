"""The house: floors and the one arrow, sizes and names of files, and what a file may not contain.

docs/architecture.md says why. A new file that has no floor yet is given one here.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
C_FILES = sorted(p for p in (ROOT / "csrc").rglob("*") if p.suffix in (".c", ".h"))
PACKAGE = ROOT / "src" / "nnfast"
PYTHON_FILES = sorted(PACKAGE.rglob("*.py"))
TEST_FILES = sorted((ROOT / "tests").rglob("*.py"))

C_FLOORS = ("base", "kernels", "ops", "network", "training", "api")  # lowest first
LISTS = ("activations.h", "losses.h", "metrics.h", "optimizers.h")

PYTHON_FLOORS = (  # lowest first
    {"_core"},
    {"exceptions", "config", "_validation", "_descriptions", "_elementary", "_random_state"},
    {"data"},
    {
        *("layers", "activations", "losses", "optimizers", "schedules", "initializers", "regularizers", "metrics"),
        *("kernels", "_kernel_activations", "_kernel_arrays", "_kernel_losses", "_kernel_normalization"),
        *("_layer", "_normalization", "constraints", "_step_options", "_initializer", "_matrix_initializers"),
    },
    {"_reporting", "_lowering", "_class_weights", "_examples", "_sources", "preprocessing", "saving"},
    {"training", "_custom_training", "_checkpoints", "_fit", "_fit_request", "_work", "callbacks"},
    {"models", "_many", "_stack", "_passes", "_compiled", "_summary", "_persistence", "export"},
    {"sklearn", "distributed", "plotting", "report", "datasets"},
    {"cli", "__main__", "__init__"},
)
NOT_SIDEWAYS = {"data", "saving", "callbacks"}

LONG_FILES: dict[str, str] = {}
"""Path -> why it may be longer than 400 lines of C or 350 of Python."""
LONG_FUNCTIONS: dict[str, str] = {}
"""path:name -> why it may be longer than 60 lines."""
MANY_PARAMETERS = {
    **dict.fromkeys(
        [
            *(f"csrc/kernels/normalization.inc.h:{name}" for name in ("strip_add_rows", "strip_add_shards")),
            "csrc/kernels/normalization.inc.h:strip_gradients",
            "csrc/kernels/optimizers.inc.h:update_outer_row",
            "csrc/kernels/rows.inc.h:draw_row",
        ],
        "inlined: each is a register or a constant",
    )
}
"""path:name -> why it may have more than six parameters."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_there_is_something_to_look_at() -> None:
    assert len(C_FILES) > 40
    assert len(PYTHON_FILES) > 20


# ---- the arrow in C --------------------------------------------------------------------------------------------------


def includes() -> Iterator[tuple[Path, int, str, bool]]:
    """(file, line, what it includes, whether that is ours)."""
    for path in C_FILES:
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if match := re.match(r'\s*#\s*include\s*(["<])([^">]+)', line):
                yield path, number, match[2], match[1] == '"'


def c_floor(path: str) -> int:
    """Of a path below csrc/. The public header is part of the top floor."""
    folder = path.split("/")[0] if "/" in path else "api"
    assert folder in C_FLOORS, f"give csrc/{folder} a floor in C_FLOORS of {name_of(Path(__file__))}"
    return C_FLOORS.index(folder)


def test_includes_point_down() -> None:
    for path, line, target, is_ours in includes():
        if is_ours:
            own, other = c_floor(path.relative_to(ROOT / "csrc").as_posix()), c_floor(target)
            assert other <= own, f"{name_of(path)}:{line} includes {target}, from a floor above its own"


def test_includes_name_the_floor() -> None:
    """Every include of ours is written from csrc/ and is there; only the build writes kernels/isa_list.h."""
    for path, line, target, is_ours in includes():
        if is_ours and target != "kernels/isa_list.h":
            assert (ROOT / "csrc" / target).is_file(), (
                f"{name_of(path)}:{line} includes {target}: there is no such file"
            )


def test_templates_stay_in_kernels() -> None:
    for path, line, target, is_ours in includes():
        where = f"{name_of(path)}:{line}"
        above_kernels = c_floor(path.relative_to(ROOT / "csrc").as_posix()) > C_FLOORS.index("kernels")
        if target.endswith(".inc.h"):
            assert "csrc/kernels/" in path.as_posix(), f"{where} includes {target}, text to be instantiated by kernels"
        if above_kernels and is_ours and target.startswith("kernels/"):
            allowed = ("kernels.h", *LISTS)
            assert target.split("/")[1] in allowed, f"{where} includes {target}; above kernels: {allowed}"
        if above_kernels:
            assert not re.search("intrin|neon", target), f"{where} includes {target}: instruction sets end at kernels"


IN_C = {
    r"#\s*if\s+0\b": ("delete it; git remembers", None),
    r"#\s*pragma\s+omp|\bomp_\w+\s*\(|<omp\.h>": ("the only OpenMP is in base/team.c", "base/team.c"),
    r"\b(printf|fprintf|puts|exit|abort|perror)\s*\(": ("below Python nothing prints or ends the process", None),
    r"\b(signal|setlocale|rand|srand)\s*\(": ("no state of the process is touched", None),
    r"-ffast-math": ("it changes values, and denormals for the process", None),
    r"\bREAL_BITS\b|\bVECTOR_BYTES\b|\bvector_size\b|\b_mm\d*_|__AVX": (
        "templates and ISA words end at kernels",
        "kernels/",
    ),
    r"\b\w*float\s*\*|\bfloat\s+\w+\s*[=;,)]": ("above kernels the element type is not known", "kernels/"),
}


@pytest.mark.parametrize("pattern", IN_C)
def test_words_that_have_no_place_in_c(pattern: str) -> None:
    reason, exception = IN_C[pattern]
    for path in C_FILES:
        place = path.relative_to(ROOT / "csrc").as_posix()
        if exception and place.startswith(exception):
            continue
        if "REAL_BITS" in pattern and place in ("base/float_state.h", "base/cpu.c"):
            continue  # what the CPU has, and its floating-point state, are asked in its own words
        match = re.search(pattern, without_comments(path.read_text()))
        assert not match, f"{name_of(path)}: {match[0]!r}: {reason}"


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(\\.|[^\"\\\n])*\"", "", text, flags=re.DOTALL)


def test_kernels_allocate_nothing_and_know_no_threads() -> None:
    for path in C_FILES:
        if "csrc/kernels/" in path.as_posix():
            match = re.search(
                r"\b(malloc|calloc|realloc|free|pthread_\w+|nnf_team_\w+)\s*\(", without_comments(path.read_text())
            )
            assert not match, f"{name_of(path)} calls {match[1]}"


def test_headers_are_guarded() -> None:
    for path in C_FILES:
        if path.suffix == ".h" and not path.name.endswith(".inc.h"):
            relative = path.relative_to(ROOT / "csrc").as_posix()
            guard = "NNFAST_H" if relative == "nnfast.h" else "NNF_" + re.sub(r"[/.]", "_", relative).upper()
            assert f"#ifndef {guard}\n#define {guard}\n" in path.read_text(), (
                f"{name_of(path)}: expected the guard {guard}"
            )


# ---- the arrow in Python ---------------------------------------------------------------------------------------------


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, first name below nnfast) of every import of ours, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "nnfast":
                    yield node.lineno, [*alias.name.split("."), "__init__"][1]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno}: expected an absolute import"
            parts = (node.module or "").split(".")
            if parts[0] == "nnfast" and len(parts) > 1:
                yield node.lineno, parts[1]
            elif parts[0] == "nnfast":
                for alias in node.names:
                    is_module = (PACKAGE / f"{alias.name}.py").exists() or (PACKAGE / alias.name).is_dir()
                    yield node.lineno, alias.name if is_module or alias.name == "_core" else "__init__"


def python_floor(name: str) -> int:
    for floor, names in enumerate(PYTHON_FLOORS):
        if name in names:
            return floor
    raise AssertionError(f"give nnfast.{name} a floor in PYTHON_FLOORS of {name_of(Path(__file__))}")


def part_of(path: Path) -> str:
    """The module or folder below nnfast that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", PYTHON_FILES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    own = part_of(path)
    for line, target in imports(path):
        where = f"{name_of(path)}:{line} imports nnfast.{target}"
        assert python_floor(target) <= python_floor(own), f"{where}, from a floor above its own"
        if own in NOT_SIDEWAYS and target in NOT_SIDEWAYS:
            assert own == target, f"{where}: {sorted(NOT_SIDEWAYS)} know nothing of each other"


def test_numpy_is_the_only_hard_dependency() -> None:
    """Other libraries are imported where they are used, within functions, or by files that nobody imports unasked."""
    import sys

    allowed = {"numpy", "nnfast"} | set(sys.stdlib_module_names)
    optional = {"cli", "__main__", "plotting", "sklearn", "distributed", "export"}
    for path in PYTHON_FILES:
        if part_of(path) in optional:
            continue
        for node in ast.parse(path.read_text()).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in allowed, f"{name_of(path)}:{node.lineno} imports {name} at its top"


# ---- sizes and names -------------------------------------------------------------------------------------------------


def test_files_are_short() -> None:
    too_long = {}
    for path in [*C_FILES, *PYTHON_FILES, *TEST_FILES, *PACKAGE.glob("*.p[yx][xi]")]:
        limit = 350 if path.suffix == ".py" else 400
        n_lines = len(path.read_text().splitlines())
        if n_lines > limit:
            too_long[name_of(path)] = n_lines
    assert set(too_long) <= set(LONG_FILES), f"split, or give LONG_FILES a reason: {too_long}"
    assert set(LONG_FILES) <= set(too_long), f"no longer needed in LONG_FILES: {set(LONG_FILES) - set(too_long)}"


def c_functions(path: Path) -> Iterator[tuple[str, int]]:
    """(name, lines) of each function, by the layout clang-format gives: braces of functions stand at the left."""
    lines = path.read_text().splitlines()
    for start, line in enumerate(lines):
        if line == "{":
            end = next(i for i in range(start, len(lines)) if lines[i] == "}")
            head = "".join(lines[max(0, start - 4) : start])
            yield (re.findall(r"(\w+)\s*\(", head) or ["?"])[-1], end - start + 1


def c_parameters(path: Path) -> Iterator[tuple[str, int]]:
    """(name, parameters) of each function; one that takes a function has those counted too."""
    head = re.compile(r"^(?!#)[^\n;{}()]*?\b(\w+)\(((?:[^(){};]|\([^()]*\))*)\)\n\{$", re.MULTILINE)
    for match in head.finditer(without_comments(path.read_text())):
        yield match[1], match[2].count(",") + 1


def python_functions(path: Path) -> Iterator[tuple[str, int]]:
    """(name, lines without the docstring) of each function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_functions_are_short() -> None:
    sizes = {f"{name_of(p)}:{name}": n for p in C_FILES for name, n in c_functions(p)}
    sizes |= {f"{name_of(p)}:{name}": n for p in [*PYTHON_FILES, *TEST_FILES] for name, n in python_functions(p)}
    assert len(sizes) > 500
    too_long = {name: n for name, n in sizes.items() if n > 60}
    assert set(too_long) <= set(LONG_FUNCTIONS), f"split, or give LONG_FUNCTIONS a reason: {too_long}"


def test_c_functions_have_few_parameters() -> None:
    counts = {f"{name_of(p)}:{name}": n for p in C_FILES for name, n in c_parameters(p)}
    assert len(counts) > 500
    too_many = {name: n for name, n in counts.items() if n > 6}
    assert set(too_many) <= set(MANY_PARAMETERS), f"make a struct, or give MANY_PARAMETERS a reason: {too_many}"
    assert set(MANY_PARAMETERS) <= set(too_many), f"no longer needed: {set(MANY_PARAMETERS) - set(too_many)}"


def test_file_names() -> None:
    for path in [*C_FILES, *PYTHON_FILES, *TEST_FILES]:
        forbidden = re.search("util|helper|common|misc|manager", path.stem)
        assert not forbidden, f"{name_of(path)}: the name says nothing of what is inside"
    seen: dict[str, Path] = {}
    for path in C_FILES:
        assert path.name not in seen, f"{name_of(path)} and {name_of(seen[path.name])} have one name"
        seen[path.name] = path


@pytest.mark.parametrize("path", [*C_FILES, *PYTHON_FILES, *TEST_FILES], ids=name_of)
def test_nothing_is_unfinished(path: Path) -> None:
    if path != Path(__file__):
        match = re.search(r"\b(TODO|FIXME|XXX)\b|print_exc|pdb", path.read_text())
        assert not match, f"{name_of(path)}: {match[0]}: finish it, or open an issue"
