# A few verbs. PYTHON needs what pyproject.toml's extras "dev", "test" and "docs" name:  make PYTHON=.venv/bin/python test
PYTHON ?= python3
JOBS ?= $(shell nproc)
BIN = $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("scripts"))')
C_FILES = $(shell find csrc tests/c -name '*.[ch]')
MAKEFLAGS += --no-print-directory
export PYTHONPATH := $(CURDIR)/src

.PHONY: build test test-c check format asan tsan msan asan-python isa bench soak docs clean

build: ## the module, with asserts, placed in src/nnfast so that PYTHONPATH=src finds it
	cmake --preset dev -DPython_EXECUTABLE="$(abspath $(shell command -v $(PYTHON)))"
	cmake --build --preset dev -j $(JOBS)
	cmake --install build/dev --prefix src --component python

test: build test-c
	$(PYTHON) -m pytest

test-c: build
	ctest --preset dev -j $(JOBS)

check: ## seconds: format, lint, types
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTHON) -m mypy

format:
	$(BIN)/clang-format -i $(C_FILES)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

asan tsan msan: ## the C tests under sanitizers; msan needs clang
	cmake --preset $@
	cmake --build --preset $@ -j $(JOBS)
	ctest --preset $@ -j $(JOBS)

asan-python: ## pytest over a core under sanitizers: all tests, an hour, or those that TESTS names
	$(PYTHON) tests/soak/sanitized.py $(TESTS)

isa: build ## the C tests and tests/properties, each instruction set of this CPU being forced; the C tests on ARM, emulated
	for isa in $$($(PYTHON) -c 'from nnfast import _core; print(*_core.get_runnable_isas())'); do \
	    echo "NNFAST_ISA=$$isa" && export NNFAST_ISA=$$isa && \
	    ctest --preset dev -j $(JOBS) && $(PYTHON) -m pytest -q tests/properties || exit 1; \
	done
	cmake --preset arm
	cmake --build --preset arm -j $(JOBS)
	ctest --preset arm -j $(JOBS)

bench: build
	$(PYTHON) -m benchmarks

soak: build ## the long tests, hours; docs/reliability.md is made of what they found
	$(PYTHON) tests/soak

docs: ## the site, in build/docs; every example in the docs and docstrings runs
	$(PYTHON) -m sphinx -W --keep-going -q -b html docs build/docs
	$(PYTHON) .ci/check_docs.py build/docs
	$(PYTHON) -m pytest tests/test_docs.py tests/test_coming_from.py

clean:
	rm -rf build src/nnfast/_core*.so
