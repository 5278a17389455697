# The same commands, for people without make, stand in README.md.
PYTHON ?= python3
PRESET ?= quick
DEVICE ?= cuda
MINUTES ?= 10
GPU_PRESETS ?= gpu paper
BIN := .venv/bin

.PHONY: help install study bench gpu-study test test-browser test-faults audit docs docs-serve lab check-openfoam clean
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

# The stamp is newer than the two files that decide what is installed, unless one of them has changed since.
.venv/.installed: settings.ini setup.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --editable '.[dev]'
	touch $@

install: .venv/.installed  ## make .venv and install flowdiff with its development tools

study: install  ## run the whole study (PRESET=quick), results in outputs/
	$(BIN)/flowdiff run all --preset $(PRESET)

bench: install  ## time and memory of everything beside each other, into outputs/reference/bench (half an hour)
	$(BIN)/flowdiff run dataset --preset bench
	$(BIN)/flowdiff run error_and_time --preset bench
	$(BIN)/flowdiff run benchmark --preset bench
	$(BIN)/flowdiff run profile --preset bench
	$(BIN)/flowdiff run cost --preset bench
	$(BIN)/flowdiff reference error_and_time benchmark profile cost --preset bench

# Resumable: ends when MINUTES are up, and the same command goes on. DEVICE=cpu GPU_PRESETS=smoke tries it without a GPU.
# Benchmark and released weights are those of the first preset; the published networks of the second one are half a gigabyte.
gpu-study: install  ## data on the GPU, the study of standard at 128 x 128 x 11 and the published networks, tables (MINUTES=10 a call)
	set -e; run="$(BIN)/flowdiff run --device $(DEVICE) --budget-minutes $(MINUTES) --preset"; first=$(firstword $(GPU_PRESETS)); \
	for preset in $(GPU_PRESETS); do \
	  $$run $$preset all; \
	  $(BIN)/flowdiff reference --preset $$preset; \
	done; \
	$$run $$first benchmark; $$run $$first cost; \
	$(BIN)/flowdiff reference benchmark cost --preset $$first; $(BIN)/flowdiff release --preset $$first

test: install  ## check notebooks, package, README, experiments and error messages
	$(BIN)/python -m pytest nbs/tests

docs: install  ## build the documentation pages into _docs
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	PYTHONWARNINGS=ignore $(BIN)/python -c "from nbdev.serve import proc_nbs; proc_nbs()"  # what nbdev_docs would hand to Quarto
	rm -rf nbs/api  # pages of modules that are gone
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going nbs _docs/html

docs-serve: install  ## show the pages on this computer, http://127.0.0.1:8000/
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _docs/html

test-browser: docs  ## try the pages and JupyterLab in Chromium, where there is one
	$(BIN)/python -m pip install --quiet --editable '.[browser]'
	$(BIN)/python -m pytest -q nbs/tests_browser

test-faults: install  ## kill the smallest study thirty times, and compare; ten minutes, record in outputs/reference/checks
	$(BIN)/python -m pytest nbs/tests/test_faults.py -m slow -n 0 --record

audit: install  ## report known vulnerabilities of what is installed; nothing fails by it
	$(BIN)/python -m pip install --quiet pip-audit
	-$(BIN)/python -m pip_audit

lab: install  ## open JupyterLab on the notebooks
	$(BIN)/jupyter lab nbs

check-openfoam: install  ## compare the solver with OpenFOAM's simpleFoam, where it is installed
	$(BIN)/python -m flowdiff.validation

clean:  ## remove caches and built files; keeps .venv, data and outputs
	rm -rf _proc _docs nbs/api build *.egg-info .ruff_cache
	find flowdiff nbs \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
