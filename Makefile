# Two commands do all the set-up, on a machine with python3 (3.11 or newer) and make:
#   make power    installs, then estimates the power of NCT05484908 as planned
#   make test     installs, then runs every check and test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash

.PHONY: power test test-slow check lint format bench bounds clean help
.DELETE_ON_ERROR:

help:
	@echo "make power   power of NCT05484908 as planned      make test   all checks and tests"
	@echo "make check   lint, types, import rule             make bench  speeds, measured"
	@echo "make format  lay the code out                     make clean  remove what make made"
	@echo "make bounds  tests with every index checked       make test-slow  the slow tests alone"

power: $(VENV)/.installed
	@$(BIN)/trialsim power nct05484908
	@command -v trialsim >/dev/null || printf '%s\n' "" "To go on: source $(BIN)/activate, then" \
	  "  trialsim scenarios                 what is there to be asked" \
	  "  trialsim power two-arm-survival    another trial; or a scenario file of your own" \
	  "or, without activating, $(BIN)/trialsim in place of trialsim." >&2

# Kernels are compiled, once, while the code is checked: two workers would both compile each.
# A file's tests go to one worker, so that what they share is made once.
test: $(VENV)/.installed-dev
	@$(BIN)/python tests/compile_kernels.py & compiling=$$!; trap "kill $$compiling 2>/dev/null" EXIT; \
	  $(MAKE) --no-print-directory check && wait $$compiling
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -p no:benchmark

# What holds in depth, by more trials or more cases, what a test of every day holds too.
test-slow: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto -p no:benchmark -m slow

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lint: check

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m benchmark --benchmark-columns=min,median,max,ops tests

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) .ci/install.py $(VENV) report
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt
	@$(PYTHON) .ci/install.py $(VENV) dev
	@touch $(VENV)/.installed $@

# Compiled code does not check its indices; here it does, compiled anew in a folder of its own.
bounds: $(VENV)/.installed-dev
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(VENV)/bounds $(BIN)/python -m pytest -n auto -p no:benchmark \
	  tests/unit tests/oracles tests/engines tests/statistical

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
