# The same few commands everywhere; CI calls these too. Each of them first sees to .venv, and is quick the second time.
#
#   make demo [PORT=8000] [ARGS=--no-serve]   split a made-up town, publish the plan and serve it
#   make test [ARGS=-k word] [WORKERS=2]      run the whole suite, in so many processes
#   make check                                linters, types, import contract, docs
#   make bench                                measure, side by side with other tools
#   make bench BENCHMARKS=benchmarks/partition.py ARGS=--quick   one of these scripts, with arguments of its own
#   make format · make lock · make clean

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
NPM_DIR := gis_grid/webmap_npm
ASSETS := gis_grid/webmap_assets
VIEWER := api/viewer
PORT ?= 8000
WORKERS ?= 2
ARGS ?=
BENCHMARKS = benchmarks/streets.py benchmarks/partition.py benchmarks/proofs.py benchmarks/churn.py benchmarks/over_http.py benchmarks/tiles.py benchmarks/lookup.py benchmarks/store.py benchmarks/staffing.py

# the first Python on the path that is new enough
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	if $$p -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

LOCK = pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.PHONY: help demo test check bench format lock clean setup
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' Makefile

setup: $(VENV)/.package $(ASSETS)/leaflet.js $(VIEWER)/dist/planner.html $(VENV)/.compiled

demo: setup
	$(BIN)/gis-grid demo --port $(PORT) $(ARGS)

# the tests of the store also run on a PostgreSQL of their own, where there is one to start
test: setup
	$(if $(PGHOST),,$(shell command -v pg_virtualenv >/dev/null && echo pg_virtualenv -t -v 15 -o log_checkpoints=off)) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_house.py

bench: setup $(VENV)/.bench
	$(if $(ARGS),$(if $(word 2,$(BENCHMARKS)),$(error ARGS belong to one script: name it, as in BENCHMARKS=benchmarks/partition.py)))
	@set -e; for script in $(BENCHMARKS); do echo "== $$script"; $(BIN)/python $$script $(ARGS); done

format: setup
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

# needs uv, which is installed beside the project, not into it
lock:
	@test -x build/lock/bin/uv || { $(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet uv; }
	build/lock/bin/uv $(LOCK) --output-file requirements.txt
	build/lock/bin/uv $(LOCK) --group dev --output-file requirements-dev.txt
	build/lock/bin/uv $(LOCK) --group dev --extra bench --output-file requirements-bench.txt

clean:
	rm -rf build dist $(VENV) $(ASSETS) $(NPM_DIR)/node_modules $(VIEWER)/node_modules $(VIEWER)/dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.python:
	@test -n "$(PYTHON)" || { echo "gis-grid needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "the venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.requirements: requirements-dev.txt $(VENV)/.python
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	@touch $@

$(VENV)/.package: pyproject.toml $(VENV)/.requirements
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# the loops of the search are compiled once, here rather than in somebody's first run: of a build, and of an update
# that has something to mend, whose loops suggestions share; and those of tiles
define COMPILE
import dataclasses
import gis_grid as gg
import gis_grid.tiles
district = gg.sample_frames()
plan = gg.build_from(district)
grown = plan.blocks.assign(households=plan.blocks["households"].mask(plan.assignment == plan.assignment.iloc[0], 90))
gg.build_from(dataclasses.replace(district, blocks=grown, previous=plan))
next(gis_grid.tiles.Pyramid(plan).tiles())
from gis_grid.lookup import Answers
from gis_grid.lookup.planned import published_plan
answers = Answers([published_plan(plan)])
for crs in ("wgs84", "gcj02", "bd09"):
    answers.at(0.0, 0.0, crs=crs, accuracy_m=30.0)
gg.LookupIndex(plan.grids).nearest([0.0], [0.0])
endef
export COMPILE

$(VENV)/.compiled: $(VENV)/.package $(wildcard gis_grid/partition/*.py gis_grid/tiles/*.py gis_grid/lookup/*.py)
	$(BIN)/python -c "$$COMPILE"
	@touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.requirements
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-bench.txt
	@touch $@

# Leaflet comes through npm; where Node is missing or old, from the wheel that carries it
$(ASSETS)/leaflet.js: $(NPM_DIR)/package-lock.json $(NPM_DIR)/package.json $(VENV)/.requirements
	@if ! node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null || ! npm --version >/dev/null 2>&1; then \
		$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-node.txt; fi
	cd $(NPM_DIR) && PATH="$(abspath $(BIN)):$$PATH" npm ci --silent
	@mkdir -p $(ASSETS)
	cp $(NPM_DIR)/node_modules/leaflet/dist/leaflet.css $(NPM_DIR)/node_modules/leaflet/LICENSE $(ASSETS)/
	cp $(NPM_DIR)/node_modules/leaflet/dist/images/layers.png $(NPM_DIR)/node_modules/leaflet/dist/images/layers-2x.png $(ASSETS)/
	cp $(NPM_DIR)/node_modules/leaflet/dist/leaflet.js $(ASSETS)/leaflet.js
	@touch $@

# the pages of the service: checked, then built from npm's packages; nothing of them is in git but their source
VIEWER_SOURCE = $(shell find $(VIEWER)/src $(VIEWER)/public -type f 2>/dev/null) $(wildcard $(VIEWER)/*.html $(VIEWER)/*.json $(VIEWER)/*.ts)

$(VIEWER)/dist/planner.html: $(VIEWER_SOURCE) $(ASSETS)/leaflet.js
	cd $(VIEWER) && PATH="$(abspath $(BIN)):$$PATH" npm ci --silent && PATH="$(abspath $(BIN)):$$PATH" npm run --silent build
	@touch $@
