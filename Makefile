# make run               the daemon in paper mode on the built-in market, with a live view (Ctrl-C stops it)
# make test              linters, types, layers and all tests
# make bundle            a release for the container, in dist/
# make test-ops          deploys into a container that really boots; needs root, and what .ci/run installs
# make faults RUNS=1     the list of faults, so many times in a row
# make soak MINUTES=30 SEED=1   the demo's daemon under random faults, then the promises
# make soak-live         the same in live mode, against the loopback exchange
# make proofs-nightly    every proof and scenario with both kinds of key and three seeds
# make bench             the figures that the README reports, about four minutes
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help venv run test faults lint proofs-nightly soak soak-live bench generate pictures lock clean venv-ops bundle test-ops
help:
	@sed -n 's/^# make/make/p' Makefile

venv: .venv/.complete

.venv/.complete: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Ansible, for deploying and for its tests; never in the container.
venv-ops: .venv-ops/.complete

.venv-ops/.complete: requirements/ops.txt
	$(PYTHON) -m venv .venv-ops
	.venv-ops/bin/python -m pip install --quiet --require-hashes -r requirements/ops.txt
	touch $@

bundle: venv
	ops/release/bundle.sh

run: venv
	$(BIN)/powertraderd demo

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Tests that start whole daemons have the machine to themselves; the others share it.
ALONE := tests/acceptance tests/proofs

test: lint
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2 $(ALONE:%=--ignore=%) --ignore=tests/faults
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --include='powertraderd/model/*,powertraderd/strategy/*' --fail-under=100
	$(BIN)/coverage report --include='powertraderd/supervision/states.py,powertraderd/supervision/policy.py,powertraderd/supervision/backoff.py,powertraderd/supervision/verdict.py' --fail-under=100
	$(BIN)/coverage report
	$(MAKE) faults
	$(BIN)/python -m pytest $(ALONE)

# A fault mostly waits to be noticed, so three of them at once still have the time that they need.
RUNS ?= 1
faults: venv
	for run in $$(seq $(RUNS)); do $(BIN)/python -m pytest -n 3 --dist loadfile tests/faults || exit 1; done

# Every proof and scenario with both kinds of key and three seeds; a case each is in `make test`.
proofs-nightly: venv
	$(BIN)/python -m pytest -m 'nightly or not nightly' tests/proofs

BENCHMARKS := training heartbeat ptctl_status at_rest

test-ops: venv venv-ops
	PATH="$(CURDIR)/.venv-ops/bin:$$PATH" .venv-ops/bin/ansible-lint --offline ops/ansible
	$(BIN)/python -m pytest tests/ops/container

MINUTES ?= 5
SEED ?= 1
soak: venv
	$(BIN)/python tests/soak/soak.py --minutes $(MINUTES) --seed $(SEED)

soak-live: venv
	$(BIN)/python tests/soak/soak.py --live --minutes $(MINUTES) --seed $(SEED)

bench: venv
	for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done

# Files in the tree that are made of code; tests hold them to be current.
generate: venv
	$(BIN)/python -m powertraderd.adapters.prometheus.reference > docs/metrics.md
	$(BIN)/python -m powertraderd.commands.settings_reference > docs/settings.md
	$(BIN)/python -m powertraderd.commands.event_reference > docs/log-events.md
	$(BIN)/python docs/man/generate.py ptctl > docs/man/ptctl.1
	$(BIN)/python docs/man/generate.py powertraderd > docs/man/powertraderd.1
	$(BIN)/python ops/completion/generate.py
	$(BIN)/python -m ops.grafana.source

# The terminal pictures of README and docs; `make run` in another terminal first.
pictures: venv
	$(BIN)/python docs/pictures/strategy.py
	$(BIN)/python docs/pictures/record.py

# Locks are made again only on purpose; they carry hashes and name no index.
lock: venv
	cd requirements && for name in runtime research dev ops; do \
	  ../$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --no-strip-extras --no-header \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o $$name.txt $$name.in; \
	done

clean:
	rm -rf .venv .venv-ops .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
