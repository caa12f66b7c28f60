# `make run` and `make test` need nothing but Python: each makes its own virtual environment.
PYTHON ?= python3
RUN := .venv
TEST := .venv-test
CORE ?= .venv-core
DATA ?= ../shared/data
# Tests run in so many processes, each with one thread: two with two threads get in each other's way.
JOBS ?= 2
PYTEST = OMP_NUM_THREADS=1 $(1)/bin/python -m pytest -n $(JOBS) --dist loadfile

.PHONY: run test test-all test-core lint format docs bench fuzz kill clean help

run: $(RUN)/ready  ## core install in .venv; analyse the sample photo (the default)
	@mkdir -p out
	@$(RUN)/bin/mien analyze src/mien/samples/astronaut.jpg --draw out
	@echo "annotated picture: $(CURDIR)/out/astronaut.jpg"

test: $(TEST)/ready  ## install with every extra in .venv-test; all tests but the slow ones
	@$(call PYTEST,$(TEST))

test-all: $(TEST)/ready  ## all tests, the slow ones too
	@$(call PYTEST,$(TEST)) -m ''

test-core: $(CORE)/ready  ## core install in .venv-core; the tests that need no extra
	@$(call PYTEST,$(CORE))

lint: $(TEST)/ready  ## ruff and mypy; changes nothing
	@$(TEST)/bin/ruff check . && $(TEST)/bin/ruff format --check . && $(TEST)/bin/mypy

format: $(TEST)/ready  ## put code in shape with ruff
	@$(TEST)/bin/ruff check --fix . && $(TEST)/bin/ruff format .

docs: $(TEST)/ready  ## check the documents: links, commands and examples, the slow ones too
	@$(TEST)/bin/python -m pytest -m '' tests/docs

bench: $(TEST)/ready  ## speed and memory, on fer2013.zip and wider_train5.zip in DATA
	@$(TEST)/bin/python benchmarks/speed.py --data $(DATA)/fer2013.zip
	@$(TEST)/bin/python benchmarks/pack.py --pictures $(DATA)/wider_train5.zip
	@$(TEST)/bin/python benchmarks/training.py --data $(DATA)/fer2013.zip --pictures 4096 --rounds 3
	@if $(TEST)/bin/python -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then \
		$(TEST)/bin/python benchmarks/training_gpu.py --data $(DATA)/fer2013.zip; fi

fuzz: $(TEST)/ready  ## 100,000 mutated files through every reader; ARGS='--inputs 1000 --replay FILE'
	@$(TEST)/bin/python -m tests.fuzz $(ARGS)

kill: $(TEST)/ready  ## kill every command that writes, 240 times, and fill its disk (as root)
	@$(TEST)/bin/python -m tests.kill

clean:  ## delete environments, caches and what was built
	rm -rf $(RUN) $(TEST) .venv-core* out build dist .pytest_cache .ruff_cache .mypy_cache

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS='	' read -r target does; do \
		printf '%-10s %s\n' "$$target" "$$does"; done

$(RUN)/ready: pyproject.toml $(shell find src -name '*.py' -o -name '*.onnx' -o -name '*.toml' -o -name '*.jpg' -o -path '*/page/*' 2>/dev/null)
	@$(call venv,$(RUN))
	$(RUN)/bin/pip install --quiet .
	@touch $@

$(TEST)/ready: pyproject.toml
	@$(call venv,$(TEST))
	$(TEST)/bin/pip install --quiet --editable '.[dev]'
	@touch $@

$(CORE)/ready: pyproject.toml
	@$(call venv,$(CORE))
	$(CORE)/bin/pip install --quiet --editable . pytest pytest-xdist
	@touch $@

# Debian keeps venv in a package of its own; say so instead of failing with a traceback.
define venv
test -x $(1)/bin/pip || $(PYTHON) -m venv --clear $(1) || { \
	echo "cannot make a virtual environment: on Debian and Ubuntu run 'sudo apt install python3-venv'" >&2; \
	exit 1; }
endef
