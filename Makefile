# Everything a newcomer needs: `make run` and `make test`.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest

.PHONY: run test test-screens test-faults test-nightly test-pythons test-servers soak soak-short coverage mutants lint format bench package lock audit screenshots clean

run: $(STAMP)
	@$(BIN)/smtpconsole --sandbox

# In a minute: everything that needs no screen and no server, and breaks nothing.  These tests
# wait as much as they work, so there are two workers a core.
test: $(STAMP)
	$(PYTEST) -q -m "not servers and not screens and not faults and not soak" --dist worksteal \
		-n $$((2 * $$(getconf _NPROCESSORS_ONLN))) --durations 10

# What drives the application or a terminal, in two minutes.
test-screens: $(STAMP)
	$(PYTEST) -q -m screens -n auto --dist worksteal --durations 10

# Every fault, links that break everywhere, and parsers with odd input, in a minute.
test-faults: $(STAMP)
	$(PYTEST) -q -m faults -n auto --dist loadscope --durations 10

# Thousands of inputs for every parser, and for sessions; links that break at every octet and in
# every way, and every fault on a program of its own, with its time and memory; half an hour.
test-nightly: $(STAMP)
	SMTPCONSOLE_NIGHTLY=1 $(PYTEST) -m faults -n auto --dist loadscope

# On every other Python that the machine has.
test-pythons: $(STAMP)
	$(BIN)/python tests/pythons.py

# They wait more than they work; a file is kept together, since it shares its servers.
test-servers: $(STAMP)
	$(PYTEST) -m servers -n 2 --dist loadfile

# Ten thousand sessions, and an hour of the application: what is left of them in memory.
soak: $(STAMP)
	$(PYTEST) -q -s -m soak

soak-short: $(STAMP)
	SMTPCONSOLE_SOAK=short $(PYTEST) -q -s -m soak

# The protocol core is tested to its last branch.
PURE := $(addprefix tests/test_,$(addsuffix .py,replies session reactions exchanges commands \
	envelope remarks login sasl decoding content streams targets conversations xtext parameters addresses typed doubt))

coverage: $(STAMP)
	$(PYTEST) -q -n auto --dist worksteal --cov=smtpconsole.smtp --cov-branch --cov-fail-under=100 \
		--cov-report=term-missing $(PURE)

# Nothing in the protocol core can be changed unnoticed, but what tests/mutants.toml lists.
# Of some modules only: make mutants MODULES="replies sasl.scram"
mutants: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group mutation
	$(BIN)/python tests/mutants.py --modules "$(MODULES)" $(PURE)

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# All figures, and the pages that are made of them.
bench: $(STAMP)
	$(BIN)/python tests/benchmarks
	$(BIN)/python docs/figures.py

# Wheel and sdist are built, and the wheel is used where nothing else is installed than what is
# locked, with the extras and without them.
package: $(STAMP)
	rm -rf dist
	$(BIN)/python -m build --quiet
	$(PYTHON) -m venv --clear $(VENV)/empty
	$(VENV)/empty/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(VENV)/empty/bin/python -m pip install --quiet --disable-pip-version-check --no-deps dist/*.whl
	$(VENV)/empty/bin/python -m pip --disable-pip-version-check check
	$(VENV)/empty/bin/python tests/installed.py
	$(VENV)/empty/bin/python -m pip uninstall --quiet --yes --disable-pip-version-check keyring dkimpy pynacl
	$(VENV)/empty/bin/python tests/installed.py

# The dependencies with all extras, for every Python and system: exact versions and their hashes.
lock:
	$(PYTHON) -m venv --clear $(VENV)/uv
	$(VENV)/uv/bin/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	$(VENV)/uv/bin/uv pip compile pyproject.toml --quiet --upgrade --all-extras --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --output-file requirements.lock

# What is known to be wrong with what is locked.
audit:
	$(PYTHON) -m venv --clear $(VENV)/audit
	$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check "pip-audit>=2.9"
	$(VENV)/audit/bin/python tests/audit.py

# All pictures and sessions of the pages, from real runs; and the pages that are made of the code.
screenshots: $(STAMP)
	$(BIN)/python screenshots/make.py
	$(BIN)/python docs/make.py

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

# pip knows dependency groups from 25.1 on.
$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "smtpconsole needs Python 3.11 or newer; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Preparing $(VENV); this is done once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@$(BIN)/python -m compileall -q smtpconsole
	@touch $@
