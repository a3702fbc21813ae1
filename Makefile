# Two commands matter: `make demo` and `make test`. Each builds the environment it needs in .venv from
# nothing but python3 (3.11 or newer), its venv module and a C compiler; pyproject.toml says what goes in.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
# tests/conftest.py says which worker runs what.
WORKERS ?= --numprocesses auto --maxprocesses 4

# Devito calls gcc unless CC names another compiler.
ifeq ($(origin CC),default)
  CC := $(shell command -v gcc || command -v cc)
endif
export CC

.PHONY: demo test environment lint types docs bench check-compiler clean
.DEFAULT_GOAL := test

demo: environment check-compiler  ## full-waveform inversion of a small model, drawn in output/fwi.png
	mkdir -p output
	$(BIN)/python examples/fwi.py

test: environment check-compiler  ## the test suite; PYTEST_ARGS="-m slow" for the long ones
	$(BIN)/python -m pytest $(WORKERS) $(PYTEST_ARGS)

environment: $(VENV)/stamp-dev

lint: $(VENV)/stamp-dev
	$(BIN)/ruff check .

types: $(VENV)/stamp-dev
	$(BIN)/pyright --pythonpath $(BIN)/python

docs: $(VENV)/stamp-docs
	$(BIN)/mkdocs build --strict

bench: $(VENV)/stamp-bench check-compiler
	set -e; for script in benchmarks/[!_]*.py; do $(BIN)/python $$script; done

clean:
	rm -rf $(VENV) output site

# One stamp per extra: an environment is made again only when pyproject.toml changes.
$(VENV)/stamp-%: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "jaxseis needs Python 3.11 or newer, and $(PYTHON) is missing or older."; \
	  echo "Name another one: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

check-compiler:
	@command -v $(firstword $(CC) none) > /dev/null || { \
	  echo "jaxseis compiles its wave kernels, and no C compiler was found."; \
	  echo "Install gcc (on Debian: apt install gcc) or name one: make CC=clang"; exit 1; }
