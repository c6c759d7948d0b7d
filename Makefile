# Autoencoder Lab on a bare machine: `make run` opens the app, `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
export VIRTUAL_ENV := $(CURDIR)/.venv

# A failed first try is the index with PyTorch's CPU and CUDA builds out of reach: take the default build then.
INSTALL = $(BIN)/uv pip install --compile-bytecode -r $< || \
	{ echo "Trying again with PyTorch's default build."; $(BIN)/uv pip install --compile-bytecode --no-config -r $<; }

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

run: .venv/run.installed  ## install what the app needs and open it
	$(BIN)/streamlit run app.py --server.address 127.0.0.1

test: lint browser  ## lint, then every test, those in a browser included
	$(BIN)/pytest --numprocesses 2 --dist loadfile -m "not browser and not engine"
	$(BIN)/pytest -m "browser or engine" --reruns 1 --only-rerun "strict mode violation"

lint: .venv/dev.installed  ## ruff and pyright
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright

browser: .venv/dev.installed
	@$(BIN)/python tests/chromium.py

zoo: .venv/run.installed  ## train the models that ship with the lab, and ask them what the pages ask first
	$(BIN)/python -m aecore zoo
	$(BIN)/python -m aecore answers

bench: .venv/run.installed  ## time the lab against named baselines
	$(BIN)/python -m aecore bench

screenshots: browser  ## make the pictures in docs/ again
	$(BIN)/python tests/screenshots.py

clean:  ## remove the environment and the caches; runs and data stay
	rm -rf .venv .pytest_cache .ruff_cache

.venv/run.installed: requirements.txt | $(BIN)/uv
	@$(INSTALL)
	@touch $@

.venv/dev.installed: requirements-dev.txt requirements.txt | $(BIN)/uv
	@$(INSTALL)
	@touch $@

$(BIN)/uv:
	@if $(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		$(PYTHON) -m venv --clear .venv && $(BIN)/pip install --quiet uv; \
	elif command -v uv >/dev/null; then \
		uv venv --quiet --clear --python '>=3.11' .venv && uv pip install --quiet uv; \
	else \
		echo "Python 3.11 or newer with its venv module is needed: install it" \
			"(Debian, Ubuntu: apt install python3-venv), or put uv on the PATH, then try again."; \
		exit 1; \
	fi

.PHONY: help run test lint browser zoo bench screenshots clean
