# Each target works alone on a fresh checkout: it needs Python 3.11 or newer and a package index.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEMO := captures/pull-and-upload.pcap
PYTEST_ARGS ?=
LAB := build/lab
LAB_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test lint docs bench lab lab-compare clean

help:
	@echo "make demo    analyse a sample capture and write reports/"
	@echo "make test    run the tests"
	@echo "make lint    ruff, mypy --strict, import contract"
	@echo "make docs    the documentation as a site, in build/site"
	@echo "make bench   throughput and memory, next to the tools of the field"
	@echo "make lab     record the laboratory's scenarios (root; captures/lab/README.md)"
	@echo "make lab-compare  recall, precision and size error on the laboratories' captures"
	@echo "make clean   remove the virtual environment, caches and benchmark data"

demo: $(VENV)/.runtime
	@$(BIN)/acrtrace analyze $(DEMO) --inventory captures/endpoints.json --force
	@echo "The report is reports/$(basename $(notdir $(DEMO))).html; open it in a browser."

test: $(VENV)/.dev
	@$(BIN)/python -m analyzer.capture.warm
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.dev
	$(BIN)/python -m mkdocs build --strict -q
	@echo "The site is build/site/index.html."

bench: $(VENV)/.dev
	@$(BIN)/python -m analyzer.capture.warm
	@$(BIN)/python benchmarks/run.py

lab: $(LAB)/.tools
	@test "$$(id -u)" = 0 || { echo "make lab makes network namespaces: run it as root" >&2; exit 1; }
	$(LAB)/venv/bin/python captures/lab/record.py --tools $(LAB) --out $(LAB)/recorded $(LAB_ARGS)

lab-compare: $(VENV)/.dev
	@$(BIN)/python captures/lab/compare.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf build ./*.egg-info benchmarks/data

$(VENV)/.runtime: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing acrtrace into $(VENV) ..."
	@$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing acrtrace and its test tools into $(VENV) ..."
	@$(PIP) install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@ $(VENV)/.runtime

$(LAB)/.tools: captures/lab/requirements.txt captures/lab/package.json
	@mkdir -p $(LAB)
	@$(PYTHON) -m venv $(LAB)/venv
	@$(LAB)/venv/bin/python -m pip --disable-pip-version-check install --quiet \
	  -r captures/lab/requirements.txt
	@cp captures/lab/package.json $(LAB)/
	@cd $(LAB) && npm install --no-audit --no-fund --no-package-lock --loglevel error
	@touch $@

# Where python3 lacks ensurepip (Debian splits it off), a pip outside helps out if there is one.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "acrtrace needs Python 3.11 or newer; say which: make PYTHON=python3.12 ..." >&2; \
	  exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 \
	  || $(PYTHON) -m venv --clear $(VENV) >/dev/null 2>&1 \
	  || { $(PYTHON) -m venv --clear --without-pip $(VENV) \
	       && { pip --python $(BIN)/python install --quiet pip \
	            || pip3 --python $(BIN)/python install --quiet pip \
	            || $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; } >/dev/null 2>&1; } \
	  || { rm -rf $(VENV); \
	       echo "No pip for a virtual environment: install the package python3-venv" \
	            "(apt-get install python3-venv), then run make again." >&2; \
	       exit 1; }
	@touch $@
