# Two commands: `make demo` shows the whole office at work, `make test` checks everything.
# Both make a virtual environment in .venv and install what they need.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# Where QRECORDS_REQUIRE names groups (.ci/run) nothing may be missing (tests/missing.py).
BARE = [ -z "$$QRECORDS_REQUIRE" ] && echo "The tests that need these are skipped, and named at the end." >&2

.PHONY: demo desk cluster test quick test-long coverage lint bench forms renew clean

# PACKS=1 turns the optional parts on, with a few records of each.
demo: $(VENV)/.installed
	@sh tools/system-packages.sh office
	rm -rf demo
	$(BIN)/qrecords demo demo --years $(if $(PACKS),--packs)

# The demo's office in a browser.
desk: $(VENV)/.installed
	@sh tools/system-packages.sh office
	[ -d demo ] || $(BIN)/qrecords demo demo
	$(BIN)/qrecords --root demo serve

# The same office on several machines: PostgreSQL, an S3 store, two desks, two workers, all on this one.
cluster: $(VENV)/.installed-dev
	@sh tools/system-packages.sh office servers
	$(BIN)/python -m tools.cluster

test: $(VENV)/.installed-dev lint
	@sh tools/system-packages.sh office checks
	@sh tools/system-packages.sh judges servers || { $(BARE); }
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

# The laws and the stores of one desk alone, while one works on them: no LibreOffice, server or second search engine.
quick: $(VENV)/.installed-dev
	$(BIN)/pytest -q -n 2 tests/test_house.py tests/model tests/stores -m "not slow and not office" -k "not postgresql and not server and not s3 and not whoosh"

# The long crash and scale runs; LONG takes further words for pytest.
test-long: $(VENV)/.installed-dev
	@sh tools/system-packages.sh office checks
	@sh tools/system-packages.sh judges servers || { $(BARE); }
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m slow $(LONG)

coverage: $(VENV)/.installed-dev
	$(BIN)/coverage run -m pytest -m "not slow"
	$(BIN)/coverage report

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.installed-dev
	@sh tools/system-packages.sh office
	$(BIN)/python -m bench

# Build the Word templates again after a change in tools/templates.
forms: $(VENV)/.installed-dev
	$(BIN)/python -m tools.templates

# Write the golden files anew; look at the difference before you commit it.
renew: $(VENV)/.installed-dev
	$(BIN)/pytest -m "not slow" --renew-golden

clean:
	rm -rf $(VENV) demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.installed: pyproject.toml requirements.lock
	@sh tools/system-packages.sh python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --constraint requirements.lock --editable ".[dev]"
	touch $@
