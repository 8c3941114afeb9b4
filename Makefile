# Suivi's commands. Plain `make` lists them. HOST and PORT say where `make run` listens, PYTHON which Python to use.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 5000
BIN := .venv/bin
CATALOGS := $(wildcard translations/*/LC_MESSAGES/messages.po)
RULES := $(wildcard tests/test_conventions.py tests/test_catalogs.py)
JOBS ?= 4
ARGS ?=

# Output that only matters when the command fails.
QUIETLY = >.venv/last.log 2>&1 || { cat .venv/last.log; exit 1; }

# The marker goes through the environment, because it has a space in it.
PYTEST = command -v chromium >/dev/null || export PYTEST_ADDOPTS="$$PYTEST_ADDOPTS -m 'not browser'"; \
	$(BIN)/python -m pytest -q

export HOST PORT
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help run test test-postgres check bench bench-feedback strings screenshots clean catalogs browser

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/installed catalogs ## Start the portal with a demo agency; Ctrl-C stops it
	@$(BIN)/flask db upgrade $(QUIETLY)
	@$(BIN)/flask demo
	@exec $(BIN)/flask up

test: .venv/tools catalogs browser ## Run every test, browser journeys included; ARGS="-k rating" runs some
	@$(PYTEST) -n $(JOBS) --dist worksteal $(ARGS)

test-postgres: .venv/tools catalogs browser ## Run the same tests on a throw-away PostgreSQL
	@$(BIN)/python -m tests.servers
	@export PORTAL_TEST_POSTGRES=1; $(PYTEST) -n $(JOBS) --dist worksteal $(ARGS)

check: .venv/tools catalogs ## Check style, types, templates, catalogs and the house rules
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "Some files are not formatted: $(BIN)/ruff format"; exit 1; }
	@$(BIN)/ty check --quiet
	@$(BIN)/djlint templates --lint --quiet
	@$(if $(RULES),$(PYTEST) $(RULES),echo "There are no tests of the house rules yet.")

bench: .venv/tools catalogs ## Measure how fast the portal is, on a quiet machine; ARGS="--quick" for a glance
	@$(BIN)/python -m benchmarks.run $(ARGS)

bench-feedback: .venv/tools catalogs ## Measure the feedback's pages over ten million ratings: 25 GB, an hour
	@$(BIN)/python -m benchmarks.feedback $(ARGS)

strings: .venv/installed ## Collect the sentences of code and templates into the catalogs
	@$(BIN)/pybabel -q extract -F pyproject.toml -k '_l lazy_gettext lazy_ngettext:1,2 lazy_pgettext:1c,2' \
		--add-location=file --sort-output --no-wrap -o .venv/messages.pot .
	@$(BIN)/pybabel -q update -i .venv/messages.pot -d translations --no-wrap \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	@echo "The catalogs in translations/ hold every sentence; new ones wait for their translation."

screenshots: .venv/tools catalogs ## Take the pictures of the user guides
	@$(BIN)/python -m tests.browser.screenshots

clean: ## Remove what make has built; your data in instance/ stays
	@rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis test-results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find translations -name '*.mo' -delete

# What the commands above need. ---------------------------------------------------------------------------------------

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Suivi needs Python 3.11 or newer. If it has another name here: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv module is missing. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Making .venv"
	@$(PYTHON) -m venv .venv

# One installation per change of pyproject.toml. Groups of dependencies need pip 25.1.
.venv/installed: pyproject.toml | .venv/bin/python
	@echo "Installing what Suivi needs (once; a quarter of a minute)"
	@{ $(BIN)/python -m pip install --upgrade 'pip>=25.1' && $(BIN)/python -m pip install -e .; } $(QUIETLY)
	@touch $@

.venv/tools: .venv/installed
	@echo "Installing what the tests need (once)"
	@$(BIN)/python -m pip install --group test --group lint $(QUIETLY)
	@touch $@

catalogs: $(CATALOGS:.po=.mo)

%.mo: %.po | .venv/installed
	@$(BIN)/pybabel -q compile -i $< -o $@

# Browser journeys need Chromium: root gets Debian's, others are told what is left out, CI may leave out nothing.
browser:
	@command -v chromium >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Debian's Chromium for the browser journeys (once)"; \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y chromium >/dev/null && exit 0; \
	fi; \
	echo "************************************************************************"; \
	echo "  NO CHROMIUM: the browser journeys are NOT run."; \
	echo "  On Debian or Ubuntu: apt install chromium"; \
	echo "************************************************************************"; \
	[ "$${CI:-}" != true ]
