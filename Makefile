# make run     the demonstration, from nothing to a bridged call        make setup   environments and packages
# make test    everything that can be checked here                     make engine  the SIP engine (cached)
# make check   style, types, import table                               make lock    pin the dependencies anew
# make bench   the measurements of docs/performance.md                  make clean   remove what these made
# make fuzz-sip   spoilt SIP for 10 minutes on the engine with AddressSanitizer (FUZZ_SECONDS, FUZZ_SEED, FUZZ_ARGS)
# make media-edges   5,000 calls that end as a sound does, on the engine with AddressSanitizer (make engine-asan)
# make soak    4 hours of calls in 10 minutes: memory, rows, timers and threads stay flat (SOAK_SECONDS, SOAK_SEED, SOAK_ARGS)
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

STEP := infra/dev/step.sh
BIN := .venv/bin
ENVIRONMENTS := .venv/.installed .venv-emulator/.installed .venv-sam/.installed
SOURCES := $(wildcard chalicelib signaling callapi functions benchmarks tests)

.PHONY: help setup packages engine engine-asan check test fuzz-sip media-edges soak run bench image lock clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

# --- set-up: idempotent, and quiet when there is nothing to do ---

setup: packages $(ENVIRONMENTS)

packages:
	@if [ -n "$$(infra/dev/packages.sh --list)" ]; then \
	    infra/dev/packages.sh --permit; \
	    $(STEP) "Debian packages" infra/dev/packages.sh --install; fi

.venv/.installed: requirements/dev.txt pyproject.toml | packages
	@$(STEP) "Python packages" infra/dev/venv.sh .venv requirements/dev.txt
	@$(STEP) "callapi, editable" $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	    --no-build-isolation --config-settings editable_mode=compat --editable .
	@touch $@

.venv-emulator/.installed: requirements/emulator.txt | packages
	@$(STEP) "AWS emulator" infra/dev/venv.sh .venv-emulator requirements/emulator.txt
	@touch $@

.venv-sam/.installed: requirements/sam.txt | packages
	@$(STEP) "SAM command line" infra/dev/venv.sh .venv-sam requirements/sam.txt
	@touch $@

# Built once per machine and cached outside the checkout, see the script.
engine: setup
	@if ! signaling/engine/native/build-engine.sh $(BIN)/python --if-cached; then \
	    $(STEP) "SIP engine (a few minutes, once per machine)" signaling/engine/native/build-engine.sh $(BIN)/python; fi

# The same with AddressSanitizer, beside it: for the programs that look for a crash.
engine-asan: setup
	@if ! signaling/engine/native/build-engine.sh $(BIN)/python --asan --if-cached; then \
	    $(STEP) "SIP engine with AddressSanitizer (a few minutes, once per machine)" \
	        signaling/engine/native/build-engine.sh $(BIN)/python --asan; fi

# --- checks, tests, measurements ---

check: setup
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy $(SOURCES)
	@PYTHONPATH=. $(BIN)/lint-imports

# Tests wait more than they compute: three at a time on each core. PYTEST_ARGS="-n 0 …" runs one after another.
test: setup engine check
	@$(BIN)/python -m pytest -n $$((3 * $$(nproc))) $(PYTEST_ARGS)

# Seeded: it prints the seed first, and on failure again with where the evidence lies.
fuzz-sip: engine engine-asan
	@$(BIN)/python -m tests.fuzz --asan --seconds $(or $(FUZZ_SECONDS),600) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED)) $(FUZZ_ARGS)

# Thousands of calls that hang up as a sound ends. EDGES_ARGS="--calls 200 --seed 1".
media-edges: engine engine-asan
	@$(BIN)/python -m tests.signaling.edges --asan $(EDGES_ARGS)

# Seeded; prints the samples that it took, and PASS or FAIL.
soak: engine
	@$(BIN)/python -m tests.soak --seconds $(or $(SOAK_SECONDS),600) $(if $(SOAK_SEED),--seed $(SOAK_SEED)) $(SOAK_ARGS)

run: setup engine
	@$(BIN)/callapi demo

bench: setup engine
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

# The image of the signaling task; OFFLINE_BASE=1 where no base image can be pulled.
image:
	@infra/signaling/build-image.sh $(IMAGE_ARGS)

# --- maintenance ---

lock: setup
	@for name in lambda signaling dev emulator sam; do \
	    $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	        --no-emit-index-url $(LOCK_ARGS) "requirements/$$name.in" -o "requirements/$$name.txt"; done

clean:
	rm -rf .venv .venv-emulator .venv-sam .aws-sam build dist *.egg-info \
	    .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# The build-<LogicalId> targets that `sam build` calls.
-include infra/sam.mk
