# Klisza: `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
UV := .venv-uv/bin/uv
BIN := .venv/bin
export KLISZA_SAMPLES ?= $(abspath ../shared/samples)
ifeq ($(wildcard $(KLISZA_SAMPLES)/dicom),)
export KLISZA_SAMPLES := $(abspath tests/data)
endif
export UV_PYTHON_DOWNLOADS := never
# The machine's own certificates count too: many hospitals look into TLS on its way out.
export UV_SYSTEM_CERTS := 1
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export NODE_EXTRA_CA_CERTS ?= /etc/ssl/certs/ca-certificates.crt
endif
# Fifty short processes of the tests would compile Django anew, each for itself (measured: half of their time).
unexport PYTHONDONTWRITEBYTECODE
MESSAGES := $(shell find klisza -name django.po)
FRONT := $(shell find frontend -path frontend/node_modules -prune -o -type f -print)
PROCESSES ?= 2

.PHONY: help run setup setup-test test test-long check bench clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

run: setup ## set everything up and serve the demo at http://127.0.0.1:8000 (Ctrl-C stops)
	@exec $(BIN)/klisza up --demo

setup: .state/system-run .state/python .state/messages .state/front ## only the set-up part of `run`

setup-test: setup .state/system-test .state/lforms

test: setup-test ## set everything up and run every scenario in its short form
	cd frontend && npm test
	tools/run_tests.sh -m "not long" -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

test-long: setup-test ## the same code with full figures, on SQLite and on PostgreSQL
	cd frontend && npm test
	$(BIN)/pytest -m "" -n $(PROCESSES) --dist loadfile --no-loadscope-reorder
	$(BIN)/python tools/with_postgres.py $(BIN)/pytest -m "not long" -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

check: setup .state/system-check ## lint, types, import contract, translations, migrations, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	KLISZA_DEMO=1 KLISZA_DATA_DIR=.state/check $(BIN)/mypy
	$(BIN)/lint-imports --config importlinter.ini --no-cache
	find klisza -name '*.html' -print0 | xargs -0 $(BIN)/djade --check --target-version 5.2
	$(BIN)/python tools/check_messages.py
	KLISZA_DEMO=1 KLISZA_DATA_DIR=.state/check $(BIN)/klisza makemigrations --check --dry-run
	$(BIN)/deptry .
	cd frontend && npm run check

bench: setup-test ## speed beside Orthanc and nginx; writes bench/results.json
	tools/need.sh bench
	$(BIN)/python -m bench

clean: ## remove what was built and the environments, not the data folder
	rm -rf .venv .venv-uv .state frontend/node_modules klisza/ui/static/built klisza/exports/offline/built
	find klisza -name '*.mo' -delete

# --- steps, each run again only when its sources have changed ---
.state/system-run .state/system-test .state/system-check: .state/system-%: tools/need.sh
	tools/need.sh $*
	@mkdir -p .state && touch $@

.state/lforms: tests/lforms/package.json tests/lforms/package-lock.json
	cd tests/lforms && npm ci --ignore-scripts --no-audit --no-fund
	@mkdir -p .state && touch $@

.state/uv: tools/uv.sh
	PYTHON="$(PYTHON)" tools/uv.sh
	@mkdir -p .state && touch $@

.state/python: .state/uv pyproject.toml uv.lock
	$(UV) sync --frozen --all-extras --compile-bytecode --python "$$(cat .state/interpreter)"
	@touch $@

.state/messages: .state/python $(MESSAGES)
	$(BIN)/python tools/compile_messages.py
	@touch $@

.state/node: frontend/package-lock.json
	cd frontend && npm ci --ignore-scripts --no-audit --no-fund
	@mkdir -p .state && touch $@

.state/front: .state/node .state/python $(FRONT) tools/compress_built.py
	cd frontend && npm run build
	$(BIN)/python tools/compress_built.py
	@touch $@
