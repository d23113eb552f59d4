# Everything runs from .venv, which the first target that needs it makes from requirements.lock.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PROFILE ?=
DATABASE ?=
PORT ?= 4200
V ?=

IN_RANGE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(IN_RANGE)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed

export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1

.PHONY: help install repro serve serve-stop cluster test test-fast test-all pytest lint lock benchmarks

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

install: $(INSTALLED) ## install all packages into .venv; every other target does this too

repro: export PAWTRACE_VERBOSE := $(or $(V),$(PAWTRACE_VERBOSE))
repro: $(INSTALLED) ## rebuild what changed; PROFILE=cats_vs_dogs switches params.yaml first; V=1 shows every line
	@if [ -n "$(PROFILE)" ]; then pawtrace profile "$(PROFILE)"; fi
	@pawtrace check
	@python -m pawtrace.repro

serve: $(INSTALLED) ## start Prefect's server, worker and schedules; PORT=4200, DATABASE=postgresql+asyncpg://...
	@PORT="$(PORT)" DATABASE="$(DATABASE)" python -m flows.serve start

serve-stop: $(INSTALLED) ## end the server, the worker and what they run
	@python -m flows.serve stop

cluster: $(INSTALLED) ## start a Dask scheduler and two workers on this machine; PAWTRACE_SCHEDULER uses them
	@python -m pawtrace.running.cluster.loopback

# Three tiers of tests by the markers in pyproject.toml: each tier contains the one before it.
test-fast: TIER := not slow and not long
test-fast: ## run ruff, mypy and the tests that train nothing, in about 90 s on two cores
test: TIER := not long
test: ## run ruff, mypy and a test of every behaviour
test-all: TIER :=
test-all: ## run ruff, mypy and all tests, also the long ones

test test-fast test-all: $(INSTALLED)
	@$(MAKE) --no-print-directory --jobs=2 lint pytest TIER="$(TIER)"  # mypy uses one core for half a minute

pytest: $(INSTALLED)
	python -m pytest -m "$(TIER)" --numprocesses=3 --dist=loadfile --no-loadscope-reorder

lint: $(INSTALLED) ## run ruff, the import rules and mypy
	ruff check
	ruff format --check
	lint-imports --no-logo --no-cache
	mypy

benchmarks: $(INSTALLED) ## measure input, preprocessing and cached features on this machine
	python -m benchmarks.input_pipeline
	python -m benchmarks.preprocess
	python -m benchmarks.feature_cache

lock: ## renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
		--extra dev --extra export pyproject.toml -o requirements.lock

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "pawtrace: expected Python 3.11, 3.12 or 3.13, found none; \
	install one or run: make PYTHON=/path/to/python"; exit 1; }
	@echo "installing the pinned packages into .venv: once, about 4 GB"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --require-hashes -r requirements.lock  # the lock is complete: nothing to resolve
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-index --no-build-isolation --editable .  # the command `pawtrace`
	@touch $@
