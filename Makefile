# Every verb of the house. The first one that needs it sets up .venv by itself.
.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-fast check crash format results bench bench-full bench-growth bench-profile screenshots

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest -n auto --dist loadgroup

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## install into .venv; TORCH=cpu takes PyTorch's small CPU build

$(READY): pyproject.toml constraints.txt scripts/setup.sh
	@sh scripts/setup.sh $(VENV) $(TORCH)
	@touch $@

demo: $(READY)  ## teach the starter model a task and watch its reward rise
	$(BIN)/burnish demo

serve: $(READY)  ## start the server
	$(BIN)/burnish serve

test: $(READY)  ## every test
	$(PYTEST)

test-fast: $(READY)  ## the core suite, under a minute
	$(PYTEST) -m "not slow and not gpu"

check: $(READY)  ## format, lint, types, house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/house

crash: $(READY)  ## kill a job's processes 200 times and compare every bit
	$(BIN)/python -m tests.crash.harness

format: $(READY)  ## rewrite the code in the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

screenshots: $(READY)  ## take the pictures of docs/images from a real run; needs Chromium
	$(BIN)/python scripts/screenshots.py

results: $(READY)  ## measure again what README claims
	$(BIN)/python -m benchmarks.results

bench: .venv-trl/.ready  ## seconds per step against TRL, in minutes
	.venv-trl/bin/python -m benchmarks.speed.bench quick

bench-full: .venv-trl/.ready .venv-vllm/.ready  ## every table of benchmarks/README.md; hours, goes on where it stopped
	.venv-trl/bin/python -m benchmarks.speed.bench full

bench-growth: .venv-trl/.ready  ## plots of a step's time as work grows
	.venv-trl/bin/python -m benchmarks.speed.bench growth

bench-profile: .venv-trl/.ready  ## where a step's time goes
	.venv-trl/bin/python -m benchmarks.speed.bench profile

# The peers have virtual environments of their own.
.venv-trl/.ready: pyproject.toml constraints.txt scripts/setup.sh
	@sh scripts/setup.sh .venv-trl $(TORCH)
	.venv-trl/bin/python -m pip install -q -c constraints.txt trl==1.16.0 datasets peft -e '.[bench]'
	@touch $@

.venv-vllm/.ready: constraints.txt scripts/setup-vllm.sh
	@sh scripts/setup-vllm.sh .venv-vllm
	@touch $@
