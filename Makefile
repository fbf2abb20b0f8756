# The commands of the house. Each of them makes what it needs: the environment
# in .venv comes from the hashed locks in requirements/ and is made anew when
# they change. Nothing is installed outside .venv.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
SOURCE := src/listkeep
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
HASHED := install --require-hashes --only-binary :all:
# Its author publishes no wheel; it is built with the setuptools that is locked.
FROM_SOURCE := --no-binary dkimpy --no-build-isolation

# The runs of `make test`, the longest first: that fills the cores best.
TESTS := test-keeper test-attack test-rooms test-cli test-dock-postgres test-pages test-dock \
	test-console test-interop

# Checks and tests know nothing of the instance that may run here: this folder
# does not exist, and what needs one makes its own.
NOWHERE := $(CURDIR)/.venv/no-instance
$(TESTS) test drill vectors types: export LISTKEEP_HOME := $(NOWHERE)

KEEPER := listkeep.keeper.project.settings
DOCK := listkeep.dock.project.settings
CONSOLE := listkeep.console.project.settings

# Python keeps what it compiled, whatever it does elsewhere on this machine: the tests
# start hundreds of processes, each of which would compile the house anew.
unexport PYTHONDONTWRITEBYTECODE

# `make check` and `make test` do as many things at once as there are cores. What one
# of them says stands together, and comes when it has ended; LANES=1 shows it at once.
LANES ?= $(shell getconf _NPROCESSORS_ONLN)
ifneq ($(filter check test,$(if $(T),,$(MAKECMDGOALS))),)
ifneq ($(LANES),1)
MAKEFLAGS += --jobs=$(LANES) --output-sync=target
$(info make: $(LANES) things run at once, and each is shown when it has ended)
endif
endif

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- the environment ---------------------------------------------------------

.venv/.runtime: requirements/build.txt requirements/runtime.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing: apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = "%d.%d" % sys.version_info[:2]; sys.exit("make: $(PYTHON) is Python " + v + ", Listkeep needs 3.11 or newer: apt-get install python3.11 python3.11-venv, then make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(PYTHON) -c 'import sys; sys.exit("make: $(PYTHON) cannot make a virtual environment: apt-get install python%d.%d-venv" % sys.version_info[:2])'; }
	@echo "make: installing what Listkeep runs on into .venv (once, about a minute)"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) $(HASHED) -r requirements/build.txt -r requirements/runtime.txt
	@touch $@

# Without build isolation: setuptools is locked as well, nothing else is fetched.
.venv/.package: .venv/.runtime pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.package requirements/dev.txt requirements/postgres.txt requirements/providers.txt
	@echo "make: installing the tools of the tests into .venv (once)"
	@$(PIP) $(HASHED) $(FROM_SOURCE) -r requirements/dev.txt -r requirements/postgres.txt -r requirements/providers.txt
	@touch $@

# --- the product -------------------------------------------------------------

.PHONY: demo
demo: .venv/.package ## Tell the whole story on a fresh instance in var/ (ARGS="--rows 20000")
	@$(BIN)/listkeep demo $(ARGS)

.PHONY: bench
bench: .venv/.dev .bench/.made ## Measure all and keep it, or make bench LEG=open ARGS="--rows 100000 --check"
	@$(BIN)/python -m bench $(or $(LEG),--keep --rows 100000,1000000) $(ARGS)

# Others' libraries that are measured beside ours; two of them have one name.
.bench/.made: requirements/bench-searchable.txt requirements/bench-fernet.txt
	@echo "make: installing the bench's peers into .bench (once)"
	@for peer in searchable fernet; do \
		$(PYTHON) -m venv --clear .bench/$$peer && \
		.bench/$$peer/bin/python -m pip --disable-pip-version-check -qq install --require-hashes \
			-r requirements/bench-$$peer.txt || exit 1; \
	done
	@touch $@

# --- tests -------------------------------------------------------------------

# Django knows one project per process, so a file of tests/keeper or tests/dock
# runs under the settings of its building and everything else without Django.
in_keeper := $(filter tests/keeper%,$(T))
in_dock := $(filter tests/dock%,$(T))
in_console := $(filter tests/console%,$(T))
settings := $(if $(in_keeper),--ds=$(KEEPER))$(if $(in_dock),--ds=$(DOCK))$(if $(in_console),--ds=$(CONSOLE))

.PHONY: test $(TESTS)
ifdef T
test: .venv/.dev
	$(if $(in_keeper),$(if $(in_dock),$(error tests/keeper and tests/dock are two runs: name one of them in T)))
	$(BIN)/pytest $(settings) $(T)
else
test: $(TESTS) ## Run the tests: all, or make test T="tests/core -k tree"
endif

# Hundreds of instances are made and gone a second later. Where memory can hold what they
# write, it lies there: the disk took a third of the time.
SCRATCH := $(shell [ -w /dev/shm ] && df -Pk /dev/shm | awk 'NR == 2 { room = $$4 } /^MemAvailable/ { free = $$2 } \
	END { if (room > 8000000 && free > 12000000) print "/dev/shm" }' - /proc/meminfo)
in_scratch = $(if $(SCRATCH),scratch=$$(mktemp -d $(SCRATCH)/lk-XXXXXX) && trap 'rm -rf "$$scratch"' EXIT INT TERM && \
	chmod 1777 "$$scratch" && export TMPDIR="$$scratch" &&)

# Runs at the same time write no common file, not even pytest's memory of failures.
PYTEST = $(in_scratch) $(BIN)/pytest -o cache_dir=.pytest_cache/$@

# Instances that run: what they take most time for is to start.
ATTACK := tests/attack tests/faults tests/upgrade

test-cli: .venv/.dev
	$(PYTEST) tests/cli

test-attack: .venv/.dev
	$(PYTEST) $(ATTACK)

test-rooms: .venv/.dev
	$(PYTEST) tests $(patsubst %,--ignore=%,tests/cli tests/interop $(ATTACK))

# With others' programs: what is not here, or needs root, is skipped with the reason.
test-interop: .venv/.dev mailman
	$(PYTEST) tests/interop

# Mailman cannot live in .venv: it wants other versions. Without a network its tests are
# skipped, except in CI.
.PHONY: mailman
mailman: .venv/.dev
	@$(MAKE) --no-print-directory .interop/.mailman || { \
		[ -z "$$CI" ] && echo "make: Mailman could not be installed, its tests are skipped" >&2; }

.interop/.mailman: requirements/build.txt requirements/mailman.txt
	@echo "make: installing Mailman for tests/interop into .interop (once)"
	@$(PYTHON) -m venv --clear .interop/mailman
	@.interop/mailman/bin/python -m pip --disable-pip-version-check -qq $(HASHED) -r requirements/build.txt
	@.interop/mailman/bin/python -m pip --disable-pip-version-check -qq $(HASHED) \
		--no-binary authheaders,authres,dkimpy --no-build-isolation -r requirements/mailman.txt
	@touch $@

test-keeper: .venv/.dev
	$(PYTEST) --ds=$(KEEPER) tests/keeper

test-dock: .venv/.dev
	$(PYTEST) --ds=$(DOCK) tests/dock

# What does not hang on the engine: pages, who may do what, how servers talk, and what comes
# of rows that somebody edited.
ON_SQLITE := pages test_edit_each_table.py test_strangers.py test_fuzz_api.py test_letters.py \
	test_fake_keeper.py test_problems.py $(addprefix delivery/test_,next_hop_in_a_mood.py \
	speak_with_a_liar.py hand_over_another_message.py trick_the_smtp_server.py \
	log_in_at_a_smart_host.py reach_a_mail_server.py)

test-dock-postgres: .venv/.dev
	export LISTKEEP_TEST_ENGINE=postgresql && $(PYTEST) --ds=$(DOCK) tests/dock $(patsubst %,--ignore=tests/dock/%,$(ON_SQLITE))

test-console: .venv/.dev
	$(PYTEST) --ds=$(CONSOLE) tests/console

test-pages: .venv/.dev
	$(PYTEST) tests/pages

.PHONY: drill
drill: .venv/.dev ## Kill, edit and look at things in more ways than each day (KILLS=50)
	LISTKEEP_KILLS=$(or $(KILLS),50) $(BIN)/pytest -s tests/faults
	LISTKEEP_EACH_WAY=1 $(BIN)/pytest --ds=$(KEEPER) tests/keeper/attack/test_edit_each_table.py
	LISTKEEP_EACH_WAY=1 $(BIN)/pytest --ds=$(DOCK) tests/dock/test_edit_each_table.py
	LISTKEEP_EACH_WAY=1 $(BIN)/pytest tests/pages/test_who_can_read.py

.PHONY: vectors
vectors: .venv/.dev ## Run the published test vectors and say how many there were
	$(BIN)/pytest -rP tests/vectors

# --- checks ------------------------------------------------------------------

.PHONY: check
check: lint types imports migrations sizes test ## Do all that CI does

.PHONY: format
format: .venv/.dev ## Rewrite the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: .venv/.dev ## Find faults of format and habit
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

.PHONY: types
types: .venv/.dev ## Check types, strictly
	$(BIN)/mypy --cache-dir .mypy_cache/rooms
	DJANGO_SETTINGS_MODULE=$(KEEPER) $(BIN)/mypy --config-file mypy-django.ini --cache-dir .mypy_cache/keeper src/listkeep/keeper tests/keeper
	DJANGO_SETTINGS_MODULE=$(DOCK) $(BIN)/mypy --config-file mypy-django.ini --cache-dir .mypy_cache/dock src/listkeep/dock tests/dock
	DJANGO_SETTINGS_MODULE=$(CONSOLE) $(BIN)/mypy --config-file mypy-django.ini --cache-dir .mypy_cache/console src/listkeep/console tests/console

.PHONY: imports
imports: .venv/.dev ## See that imports point down
	$(BIN)/lint-imports --no-logo --cache-dir .import_linter_cache

.PHONY: migrations
migrations: .venv/.dev ## See that each model change has its migration
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && for settings in $(KEEPER) $(DOCK); do \
		echo "$$settings" && LISTKEEP_HOME=$$home DJANGO_SETTINGS_MODULE=$$settings \
		$(BIN)/python -m django makemigrations --check --dry-run || exit 1; \
	done

.PHONY: sizes
sizes: .venv/.dev ## Show the longest modules and functions, refuse those over the limit
	@$(BIN)/python -m tests.house.sizes

# Of a room of keeper or dock: which branches the tests of its building never take.
# T names some of them, for all take a quarter of an hour.
building := $(firstword $(subst /, ,$(ROOM)))

.PHONY: coverage
coverage: .venv/.dev ## See that each core file is reached by its own tests, or ROOM=keeper/release
ifdef ROOM
	$(BIN)/coverage run -m pytest -q --ds=listkeep.$(building).project.settings $(or $(T),tests/$(building))
	@$(BIN)/coverage report --include="$(SOURCE)/$(ROOM)/*" --omit="*/migrations/*"
else
	@$(BIN)/python -m tests.house.coverage
endif

# --- upkeep ------------------------------------------------------------------

COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
	--strip-extras --allow-unsafe --no-header --no-emit-index-url \
	--no-emit-find-links --no-emit-options

.PHONY: lock
lock: .venv/.dev ## Renew the hashed locks (ARGS="--upgrade-package django")
	$(COMPILE) $(ARGS) requirements/build.in --output-file requirements/build.txt
	$(COMPILE) $(ARGS) pyproject.toml --output-file requirements/runtime.txt
	$(COMPILE) $(ARGS) pyproject.toml --extra postgres --constraint requirements/runtime.txt --output-file requirements/postgres.txt
	$(COMPILE) $(ARGS) pyproject.toml --extra pkcs11 --extra aws --constraint requirements/runtime.txt --output-file requirements/providers.txt
	$(COMPILE) $(ARGS) requirements/dev.in --output-file requirements/dev.txt
	$(COMPILE) $(ARGS) requirements/bench-searchable.in --output-file requirements/bench-searchable.txt
	$(COMPILE) $(ARGS) requirements/bench-fernet.in --output-file requirements/bench-fernet.txt
	$(COMPILE) $(ARGS) requirements/mailman.in --output-file requirements/mailman.txt

.PHONY: pins
pins: ## Pin the files of the pages by hash, after a change to one
	@for pages in keeper/pages dock/pages console/web; do \
		for file in $(SOURCE)/$$pages/static/* $(SOURCE)/looks/static/*; do \
			[ ! -f "$$file" ] || echo "sha256-$$(openssl dgst -sha256 -binary $$file | base64) $$(basename $$file)"; \
		done > $(SOURCE)/$$pages/static.lock; \
	done

.PHONY: messages
messages: .venv/.dev ## Bring the catalogues of texts up to date (ARGS=fr begins a language)
	@$(BIN)/python -m tests.house.messages $(ARGS)

.PHONY: clean
clean: ## Remove .venv and what tools left behind; instances in var/ stay
	rm -rf .venv .interop build dist src/*.egg-info .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name .git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
