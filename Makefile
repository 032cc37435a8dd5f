# Everything sets itself up: there is nothing to install first but Python 3.11 to 3.13 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PINNED := --constraint constraints.txt --build-constraint constraints.txt
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
CODE := charlm_tui export tests benchmarks docs
# One process for each core; tests of one file stay together, with what they share.
PARALLEL := -n auto --maxprocesses 4 --dist loadscope
SEED ?= $(shell $(PYTHON) -c 'import random; print(random.randrange(10**6))')

.PHONY: run test test-quick test-random test-long lint fix check snapshots bench train clean

run: $(RUN)  ## open the app on the model that comes with it
	$(BIN)/charlm-tui --model models/nietzsche.onnx

test: $(DEV)  ## the whole test suite, training included
	$(BIN)/python -m pytest $(PARALLEL)

test-quick: $(DEV)  ## without TensorFlow and pseudo-terminals
	$(BIN)/python -m pytest $(PARALLEL) -m 'not slow and not pty and not long' --ignore=tests/training

test-random: SEED := $(SEED)
test-random: $(DEV)  ## in random order and with other examples; SEED=N does a run again
	@echo 'make test-random SEED=$(SEED)'
	$(BIN)/python -m pytest -p randomly --randomly-seed=$(SEED) --hypothesis-profile=search --hypothesis-seed=$(SEED)

test-long: $(DEV)  ## what takes minutes: fifty closed terminals, thousands of keys
	$(BIN)/python -m pytest -m long

lint: $(DEV)  ## format, lint, types, import contracts; changes nothing
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(DEV)  ## mend what can be mended
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

check: lint test

train: $(DEV)  ## train the network and export it
	$(BIN)/charlm-tui train

snapshots: $(DEV)  ## write the pictures of the tests anew; look at them
	$(BIN)/python -m pytest tests/tui/test_snapshots.py --snapshot-update

bench: $(DEV)  ## the figures of benchmarks/README.md
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.screen
	$(BIN)/python -m benchmarks.recital

clean:
	rm -rf $(VENV)

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
	$(PIP) install $(PINNED) --editable '.[train]' --group dev
	@touch $@ $(RUN)
