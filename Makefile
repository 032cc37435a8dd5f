# Everything sets itself up: there is nothing to install first but Python 3.11 to 3.13 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PINNED := --constraint constraints.txt --build-constraint constraints.txt
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
CODE := charlm_tui export tests benchmarks docs hatch_build.py
SCRIPTS := export/cluster/train.slurm .ci/run
# Two processes for each core, as many tests wait for others; those of one file stay together, with what they share.
PROCESSES := $(shell $(PYTHON) -c 'import os; print(min(4, 2 * os.cpu_count()))')
# Files begin in the order of tests/conftest.py, the longest first: one that began last is waited for.
PARALLEL := -n $(PROCESSES) --dist loadscope --no-loadscope-reorder
QUICK := -m 'not slow and not pty and not long' --ignore=tests/training
LOWEST := .venv-lowest
SITE := .venv-docs
DIST := .venv-dist
SEED ?= $(shell $(PYTHON) -c 'import random; print(random.randrange(10**6))')

.PHONY: help run test test-quick test-random test-long test-lowest fuzz soak coverage lint fix check snapshots bench docs train dist clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## */\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '%-12s %s\n' "$$name" "$$what"; done

run: $(RUN)  ## open the app on the model that comes with it
	$(BIN)/charlm-tui --model models/nietzsche.onnx

test: $(DEV)  ## the whole test suite, training included
	$(BIN)/python -m pytest $(PARALLEL)

test-quick: $(DEV)  ## without TensorFlow, pseudo-terminals, and tests that start the app
	$(BIN)/python -m pytest $(PARALLEL) $(QUICK)

test-random: SEED := $(SEED)
test-random: $(DEV)  ## in random order and with other examples; SEED=N does a run again
	@echo 'make test-random SEED=$(SEED)'
	$(BIN)/python -m pytest $(PARALLEL) -p randomly --randomly-seed=$(SEED) --hypothesis-profile=search --hypothesis-seed=$(SEED)

test-long: $(DEV)  ## what takes minutes: all that can befall the app in every state, thousands of keys
	$(BIN)/python -m pytest -m long

fuzz: SEED := $(SEED)
fuzz: $(DEV)  ## 10,000 commands on broken files; SEED=N does a run again
	@echo 'make fuzz SEED=$(SEED)'
	$(BIN)/python -m tests.support.fuzz --seed $(SEED) --cases 10000

soak: SEED := $(SEED)
soak: $(DEV)  ## random keys at one app at full speed, ten minutes and 20,000 at least; SEED=N does a run again
	@echo 'make soak SEED=$(SEED)'
	$(BIN)/python -m tests.support.monkey soak $(SEED) 20000 600

test-lowest:  ## the quick tests with the lowest declared versions; the pictures are of the newest, and left out
	test -d $(LOWEST) || $(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip --disable-pip-version-check --quiet install $$($(PYTHON) tests/lowest.py)
	$(LOWEST)/bin/python -m pip --disable-pip-version-check --quiet install --editable . onnx \
	  $$($(PYTHON) tests/lowest.py) hypothesis pyte pytest pytest-asyncio pytest-randomly syrupy
	$(LOWEST)/bin/python -m pytest $(QUICK) --ignore=tests/tui/test_snapshots.py

coverage: $(DEV)  ## which lines the tests do not reach, those of training and in pseudo-terminals left out
	$(BIN)/python -m coverage run -m pytest $(PARALLEL) -m 'not pty and not long' --ignore=tests/training
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --skip-covered --sort=cover

lint: $(DEV)  ## format, lint, types, import contracts, scripts of the shell; changes nothing
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck $(SCRIPTS)

fix: $(DEV)  ## mend what can be mended
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

check: lint test  ## lint and tests

train: $(DEV)  ## train the network and export it
	$(BIN)/charlm-tui train

snapshots: $(DEV)  ## write the pictures of the tests again; look at them
	$(BIN)/python -m pytest tests/tui/test_snapshots.py --snapshot-update

bench: $(DEV)  ## the figures of benchmarks/README.md
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.screen
	$(BIN)/python -m benchmarks.watching
	$(BIN)/python -m benchmarks.recital
	$(BIN)/python -m benchmarks.reach_speed
	$(BIN)/python -m benchmarks.rules

docs:  ## the pages as a site, in build/docs/site; a link that leads nowhere is an error
	test -d $(SITE) || $(PYTHON) -m venv $(SITE)
	$(SITE)/bin/python -m pip --disable-pip-version-check --quiet install zensical==0.0.73
	$(SITE)/bin/python docs/site.py

dist: $(DEV) $(DIST)/.installed  ## build wheel and sdist, check them, and try the wheel in an empty environment; TRAIN=no is quicker
	rm -rf dist
	$(DIST)/bin/python -m build
	$(DIST)/bin/python -m twine check --strict dist/*
	$(DIST)/bin/check-wheel-contents dist/*.whl
	$(BIN)/python -m tests.wheel $(if $(filter no,$(TRAIN)),--no-train) dist/*.whl

clean:  ## remove what was installed
	rm -rf $(VENV) $(LOWEST) $(SITE) $(DIST) build dist

$(DIST)/.installed:
	$(PYTHON) -m venv $(DIST)
	$(DIST)/bin/python -m pip --disable-pip-version-check --quiet install build check-wheel-contents 'readme-renderer[md]' twine
	@touch $@

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "error: $(PYTHON) is not Python 3.11 to 3.13; name one that is: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade --constraint constraints.txt pip
	@touch $@

$(RUN): pyproject.toml constraints.txt | $(VENV)/.created
	$(PIP) install $(PINNED) --editable .
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(VENV)/.created
	$(PIP) install $(PINNED) --editable '.[train,web]' --group dev
	@touch $@ $(RUN)
