# The studio's commands. Each does all set-up it needs; see `make help`.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
# Test processes beside one another; each draws with one thread.
WORKERS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check
NODE_BIN := node_modules/.bin

.PHONY: help install studio test test-all test-pages lint format docs audit sbom bench services node clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

install: $(VENV)/.installed  ## make .venv/ with the command `studio` in it

$(VENV)/.installed: pyproject.toml constraints.txt
	@# Debian keeps ensurepip in a package of its own.
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq \
	  && apt-get install -y -qq python3-venv >/dev/null; } || \
	  { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet torch torchvision -c constraints.txt
	$(PIP) install --quiet --editable '.[tuning]' -c constraints.txt
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install --quiet --editable '.[tuning,docs,dev]' -c constraints.txt
	touch $@

studio: install  ## serve the studio on http://127.0.0.1:7860
	$(BIN)/studio ui

services:  ## Chromium, PostgreSQL, Redis, nginx and what the drawing library needs, where apt can install them
	@if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
	  { ! command -v chromium >/dev/null || ! command -v redis-server >/dev/null || ! command -v nginx >/dev/null || ! ldconfig -p | grep -q libEGL.so.1 || \
	    ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }; then \
	  mkdir -p /etc/postgresql-common && \
	  { [ -e /etc/postgresql-common/createcluster.conf ] || \
	    echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf; } && \
	  apt-get update -qq && apt-get install -y -qq chromium libegl1 libgl1 libfontconfig1 \
	    postgresql redis-server nginx >/dev/null; fi

node:  ## Node and npm, for developers: running the studio needs neither
	@command -v npm >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && apt-get update -qq \
	  && apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; } || \
	  { echo "npm is missing: apt-get install nodejs npm"; exit 1; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' || \
	  { echo "Node is older than 18: install a newer one"; exit 1; }

node_modules/.installed: package.json package-lock.json .npmrc | node
	npm ci --loglevel=error
	touch $@

# Files go to the workers in their order: those that take longest, of browser and engine, come first.
test: $(VENV)/.installed-dev node_modules/.installed services  ## the tests, without those that take minutes each
	npm test --silent
	STUDIO_CHROMIUM=$$(command -v chromium || command -v chromium-browser || command -v google-chrome) \
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
	  $(ONLY)

test-all: ONLY := -m "" --cov --cov-report=term
test-all: export STUDIO_TEST_ALL := 1
test-all: test  ## every test, also those that take minutes each, fuzzing with many more cases, and coverage

test-pages: $(VENV)/.installed-dev services  ## the browser's tests at both sizes, in both languages
	STUDIO_PAGES_AT=desk-en,desk-zh,phone-en,phone-zh \
	  STUDIO_CHROMIUM=$$(command -v chromium || command -v chromium-browser || command -v google-chrome) \
	  OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile tests/browser

lint: $(VENV)/.installed-dev node_modules/.installed  ## formatting, lint, spelling, types, import directions, unused dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/typos
	$(NODE_BIN)/biome ci
	$(NODE_BIN)/tsc

format: $(VENV)/.installed-dev node_modules/.installed  ## format and mend what can be
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(NODE_BIN)/biome check --write

docs: $(VENV)/.installed-dev  ## the documentation site, in site/; `mkdocs serve` in .venv shows it while you write
	$(BIN)/python -m mkdocs build --strict --quiet

# In an environment of their own: what is looked at are the studio's packages, not those of the tools.
$(VENV)-audit/.installed: constraints.txt
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/python -m pip --disable-pip-version-check install --quiet pip-audit cyclonedx-bom -c constraints.txt
	touch $@

# Strict: a package that cannot be looked up is an error, or "no known vulnerabilities" would mean nothing.
audit: install $(VENV)-audit/.installed  ## known vulnerabilities of the installed packages; asks PyPI
	mkdir -p build
	$(PIP) freeze --exclude-editable > build/installed.txt
	$(VENV)-audit/bin/pip-audit --strict --disable-pip --no-deps --requirement build/installed.txt

sbom: install $(VENV)-audit/.installed  ## build/sbom.json: the installed packages with their licences, as CycloneDX
	mkdir -p build
	$(VENV)-audit/bin/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml \
	  --output-format JSON --output-file build/sbom.json $(BIN)/python

bench: $(VENV)/.installed  ## seconds for four pocket variants and peak memory
	$(BIN)/python -m benchmarks.four_variants

clean:  ## remove .venv, node_modules and caches
	rm -rf $(VENV) $(VENV)-audit node_modules site build dist .mypy_cache .ruff_cache .pytest_cache .coverage
