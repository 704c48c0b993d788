# Two commands matter: `make up` runs Bartizan from this checkout, `make test` proves it. `make help` lists the rest.

VENV := .venv
BIN := $(VENV)/bin
FEEDS ?= $(wildcard ../shared/feeds)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
UI := $(shell find web -path '*/node_modules' -prune -o -type f -print 2>/dev/null)
PYTHON_SOURCES := src tests benchmarks hatch_build.py

.PHONY: help up test lint format bench clean lock ui components
.DELETE_ON_ERROR:

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

up: $(VENV)/.runtime build/ui.digest ## install, build the UI, start, assess this host (FEEDS=folder, ARGS=for `bartizan up`)
	@exec $(BIN)/bartizan up $(if $(FEEDS),--feeds "$(FEEDS)") $(ARGS)

test: $(VENV)/.development build/ui.digest components ## every test, with the real components they need (ARGS=for pytest)
	$(BIN)/python hatch_build.py npm run test
	$(BIN)/pytest -n 2 -rs $(if $(filter true,$(CI)),--no-skips) $(ARGS)

lint: $(VENV)/.development web/node_modules/.installed ## style, types, import contracts, lock files
	$(BIN)/ruff check $(PYTHON_SOURCES)
	$(BIN)/ruff format --check $(PYTHON_SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python hatch_build.py npm run types
	$(BIN)/python hatch_build.py npm run lint
	$(BIN)/pytest -q tests/test_repository.py

format: $(VENV)/.development ## rewrite Python and TypeScript in the house style
	$(BIN)/ruff check --fix $(PYTHON_SOURCES)
	$(BIN)/ruff format $(PYTHON_SOURCES)
	$(BIN)/python hatch_build.py npm run lint -- --fix

bench: $(VENV)/.development build/ui.digest ## measure everything that docs/benchmarks.md states
	$(BIN)/python benchmarks/run.py

lock: $(VENV)/.development ## lock dependencies anew, by hash
	PATH="$(abspath $(BIN)):$$PATH" requirements/lock.sh

clean: ## remove what make made; data folders stay
	rm -rf $(VENV) build dist web/node_modules src/bartizan/server/static .mypy_cache .ruff_cache .pytest_cache

ui: build/ui.digest ## build the browser UI

# Each stamp stands for an environment in which everything that its lock file names is installed.
$(VENV)/bin/python:
	@requirements/venv.sh $(VENV)

$(VENV)/.runtime: requirements/build.txt pyproject.toml src/bartizan/__init__.py | $(VENV)/bin/python
	@echo "Installing Bartizan and what it needs, by hash ..."
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --no-build-isolation --no-deps --no-index --editable .
	@touch $@

$(VENV)/.development: requirements/dev.txt $(VENV)/.runtime
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/.node: requirements/node.txt $(VENV)/.runtime
	@if $(BIN)/python hatch_build.py --needs-node; then \
	  echo "No Node on this machine: installing the one from PyPI ..."; $(PIP) --require-hashes -r requirements/node.txt; fi
	@touch $@

build/ui.digest: $(UI) hatch_build.py $(VENV)/.node
	@$(BIN)/python hatch_build.py
	@touch $@

web/node_modules/.installed: web/package-lock.json hatch_build.py $(VENV)/.node
	@$(BIN)/python hatch_build.py --install
	@touch $@

components:
	@requirements/components.sh
