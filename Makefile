# A few verbs. PYTHON needs what pyproject.toml's extras "dev", "test" and "docs" name:  make PYTHON=.venv/bin/python test
PYTHON ?= python3
JOBS ?= $(shell nproc)
BIN = $(shell $(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("scripts"))')
C_FILES = $(shell find csrc tests/c -name '*.[ch]')
MAKEFLAGS += --no-print-directory
export PYTHONPATH := $(CURDIR)/src

.PHONY: build test test-c check format asan tsan bench soak docs clean

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

asan tsan: ## the C tests under sanitizers
	cmake --preset $@
	cmake --build --preset $@ -j $(JOBS)
	ctest --preset $@

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
