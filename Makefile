PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --use-pep517 --quiet --disable-pip-version-check -c .ci/constraints.txt

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help run test check bench explore chaos

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 15

run: .venv/.run ## Start Everreach in its sandbox; Ctrl-C stops it
	@$(BIN)/everreach up --sandbox

test: .venv/.dev ## Run the tests
	@$(BIN)/python -m pytest

check: .venv/.dev ## Check style, types and architecture, then run the tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(MAKE) test

bench: .venv/.dev ## Measure how fast it is on this machine
	@$(BIN)/python -m tests.bench

explore: .venv/.dev ## Go through millions of ways in which a message can go
	@$(BIN)/python -m tests.explore

chaos: .venv/.dev ## Send 20,000 messages while everything is killed again and again
	@$(BIN)/python -m tests.chaos

define make_venv
	@command -v $(PYTHON) >/dev/null || { \
	  echo "Everreach needs Python 3.11 or newer, and there is no '$(PYTHON)'. Install it, or name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Everreach needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make virtual environments. Install the missing part, for example: apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
endef

# The stamps say what was installed, so that a second start installs nothing.
.venv/.run: pyproject.toml .ci/constraints.txt
	$(make_venv)
	@echo "Installing Everreach into .venv (once) ..."
	@$(INSTALL) -e .
	@touch $@

.venv/.dev: pyproject.toml .ci/constraints.txt
	$(make_venv)
	@echo "Installing Everreach and its development tools into .venv (once) ..."
	@$(INSTALL) -e '.[dev]'
	@touch .venv/.run $@
