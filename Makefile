# Two commands do all the set-up: `make run` and `make test`. Each makes its own virtual environment.
PYTHON ?= python3
RUN := .venv
TEST := .venv-test

.PHONY: run test lint clean

# Core install, then the sample photo that ships with the package: a table, and an annotated copy.
run: $(RUN)/ready
	@mkdir -p out
	@$(RUN)/bin/mien analyze src/mien/samples/astronaut.jpg --draw out
	@echo "annotated picture: $(CURDIR)/out/astronaut.jpg"

# Everything, all tests. Real data beside the repository is used where it is there.
test: $(TEST)/ready
	@$(TEST)/bin/python -m pytest

lint: $(TEST)/ready
	@$(TEST)/bin/ruff check . && $(TEST)/bin/ruff format --check . && $(TEST)/bin/mypy

$(RUN)/ready: pyproject.toml $(shell find src -name '*.py' -o -name '*.onnx' -o -name '*.toml' -o -name '*.jpg' 2>/dev/null)
	@$(call venv,$(RUN))
	$(RUN)/bin/pip install --quiet .
	@touch $@

$(TEST)/ready: pyproject.toml
	@$(call venv,$(TEST))
	$(TEST)/bin/pip install --quiet --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(RUN) $(TEST) out build dist .pytest_cache .ruff_cache .mypy_cache

# Debian keeps venv in a package of its own; say so instead of failing with a traceback.
define venv
test -x $(1)/bin/pip || $(PYTHON) -m venv --clear $(1) || { \
	echo "cannot make a virtual environment: on Debian and Ubuntu run 'sudo apt install python3-venv'" >&2; \
	exit 1; }
endef
