# Everything a newcomer needs: `make run` and `make test`.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test test-pythons test-servers coverage lint format bench package screenshots clean

run: $(STAMP)
	@$(BIN)/smtpconsole --sandbox

test: $(STAMP)
	$(BIN)/python -m pytest -m "not servers" -n auto --dist worksteal

# On every other Python that the machine has.
test-pythons: $(STAMP)
	$(BIN)/python tests/pythons.py

test-servers: $(STAMP)
	$(BIN)/python -m pytest -m servers

# The protocol core is tested to its last branch.
coverage: $(STAMP)
	$(BIN)/python -m pytest -q -n auto --dist worksteal --cov=smtpconsole.smtp --cov-branch --cov-fail-under=100 \
		--cov-report=term-missing tests/test_replies.py tests/test_session.py \
		tests/test_exchanges.py tests/test_commands.py tests/test_envelope.py \
		tests/test_remarks.py tests/test_login.py tests/test_sasl.py tests/test_decoding.py \
		tests/test_content.py tests/test_streams.py tests/test_targets.py \
		tests/test_conversations.py tests/test_xtext.py tests/test_parameters.py \
		tests/test_addresses.py

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	$(BIN)/python tests/benchmarks
	$(BIN)/python tests/benchmarks/journal.py
	$(BIN)/python tests/benchmarks/wire.py

# Wheel and sdist are built, and the wheel is used where nothing else is installed.
package: $(STAMP)
	rm -rf dist
	$(BIN)/python -m build --quiet
	$(PYTHON) -m venv --clear $(VENV)/empty
	$(VENV)/empty/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	$(VENV)/empty/bin/python tests/installed.py

screenshots: $(STAMP)
	$(BIN)/python screenshots/make.py

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
	@touch $@
