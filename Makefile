# Everything runs in a virtual environment of its own: .venv, or VENV=elsewhere.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-model lint bench clean

# The demo runs the first DEMO scenarios of mini-mic; all 24 take about five minutes on two cores.
DEMO ?= 8
DEMO_RUN := $(BIN)/spm-tui --headless --benchmark mini-mic \
	--method few-shot-comparative,oracle,random --out spm-results/demo

demo: $(READY)  ## few-shot comparative regression with a real model, within five minutes
	@echo "Few-shot comparative regression with SmolLM2-135M on the first $(DEMO) of the 24"
	@echo "scenarios of mini-mic, beside an oracle and a random choice."
	@$(DEMO_RUN) --limit $(DEMO)
	@echo
	@echo "The whole benchmark:     $(DEMO_RUN)"
	@echo "The app on the result:   $(BIN)/spm-tui"

test: $(READY)  ## all but the slow tests, on all cores
	$(BIN)/python -m pytest -m "not model" --numprocesses auto

test-model: $(READY)  ## the tests with the real model and a real terminal; some minutes
	$(BIN)/python -m pytest -m model

lint: $(READY)  ## style, types, import contracts
	$(BIN)/ruff format --check spm_tui store tests
	$(BIN)/ruff check spm_tui store tests
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)  ## speed, as ratios and medians
	$(BIN)/python -m tests.bench

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV)
