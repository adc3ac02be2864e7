# Copyright (c) 2026, faxnet.deploy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup shell lab-up lab-down demo test test-labs test-full unit coverage gates lint molecule bench docs changelog lock clean

INVENTORY ?= inventories/two_offices
# What `make demo` shows: an inventory under inventories/. INVENTORY=... is taken where no SCENARIO is named.
SCENARIO ?=
# Arguments for pytest: make test ARGS="-k routers"
ARGS ?=

# Everything below runs with the project's own tools and collections, and leaves the home folder alone.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.build/collections
export ANSIBLE_HOME := $(CURDIR)/.build/ansible
export PYTHONDONTWRITEBYTECODE := 1

# Two workers, and with them two labs at a time; the tests of one lab stay on one worker, in order (tests/conftest.py). A
# third one on two cores gains nothing: they are busy to 95 %. A lab waits where the machine has no room for one more
# (tools/lab/limits.py).
WORKERS ?= 2
# The tests' labs go away whatever happened, quietly: the last line belongs to pytest. A lab that `make lab-up` or
# `make demo` made stays.
PYTEST = $(AS_ROOT) env FAXNET_LAB_PATIENCE=900 .venv/bin/python -m pytest
TEST_LABS := bench fax in_use lockout managers network_transaction unguarded kerio-role communigate_role \
	$(addprefix molecule_,$(notdir $(patsubst %/,%,$(dir $(wildcard molecule/*/molecule.yml)))))
LOG := .build/log/test-lab-down.log
TIDY = trap 'for lab in $(TEST_LABS); do .venv/bin/python -m tools.lab down --name $$lab; done >$(LOG) 2>&1 || cat $(LOG) >&2; \
	$(GIVE_BACK)' EXIT

# Containers and network namespaces need root. Who is not root is asked for it once, and gets every file back that was
# written meanwhile, wherever in the checkout: whatever runs AS_ROOT stands behind $(BACK) or $(TIDY).
ifneq ($(shell id -u),0)
AS_ROOT := sudo env PATH="$(PATH)" ANSIBLE_COLLECTIONS_PATH="$(ANSIBLE_COLLECTIONS_PATH)" ANSIBLE_HOME="$(ANSIBLE_HOME)" \
	PYTHONDONTWRITEBYTECODE=1
GIVE_BACK = sudo find . -xdev -user root -exec chown --no-dereference "$$(id -u):$$(id -g)" {} +
else
GIVE_BACK = :
endif
BACK = trap '$(GIVE_BACK)' EXIT

help:  ## what can be done (this list)
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## system packages (apt), .venv from the lock, collections: nothing if all is there
	@tools/setup.sh

shell: setup  ## a shell with the project's venv and collections path
	@exec $${SHELL:-bash}

lab-up: setup  ## containers for the inventory: two offices, two NAT routers, a WAN (INVENTORY=...)
	@.venv/bin/python -m tools.lab up --inventory $(INVENTORY)

lab-down: setup  ## remove every container, network and file that this checkout's labs made (the machine's: ARGS=--all)
	@.venv/bin/python -m tools.lab down $(or $(ARGS),--checkout)

demo: setup  ## the whole path: lab, playbooks/site.yml, verdict, report (SCENARIO=two_offices|faxpress|kerio|...)
	@.venv/bin/python -m tools.demo $(if $(SCENARIO),--scenario "$(SCENARIO)",--inventory "$(INVENTORY)")

# The circles of tests: every test belongs to `test` or to `test-labs`, or is slow (tests/gates/test_circles.py).
test:  ## every kind of test once, each product's main scenario, all gates: before a change is handed in
	@tools/setup.sh bench browser windows
	@$(TIDY); $(PYTEST) -n $(WORKERS) --dist loadgroup -m "not slow and not labs" $(ARGS)

test-labs:  ## the other scenarios and tests with a lab: what a build server runs besides
	@tools/setup.sh windows
	@$(TIDY); $(PYTEST) -n $(WORKERS) --dist loadgroup -m "labs and not slow" $(ARGS)

test-full:  ## both of them, and what is slow by nature
	@tools/setup.sh bench browser windows
	@$(TIDY); $(PYTEST) -n $(WORKERS) --dist loadgroup $(ARGS)

unit: setup  ## the quick ones only: engine, faces, properties, golden files
	@$(BACK); $(PYTEST) -n 2 --dist loadgroup -m "not slow and not lab" --ignore tests/gates $(ARGS)

coverage: setup  ## what the quick tests reach of plugins/, line by line; parts: ARGS=tests/unit/planning
	@.venv/bin/coverage erase
	@$(BACK); $(AS_ROOT) .venv/bin/coverage run -m pytest -q -n 2 -m "not slow and not lab" --ignore tests/gates --ignore tests/bench $(ARGS)
	@.venv/bin/coverage combine --quiet
	@.venv/bin/coverage report

gates: setup  ## every gate (sanity, linters, types, licences, importer), one test each
	@$(BACK); $(PYTEST) -n 2 tests/gates $(ARGS)

lint: setup  ## the quick gates: ruff, mypy, yamllint, ansible-lint
	@$(BACK); $(PYTEST) tests/gates -k "ruff or mypy or yamllint or ansible_lint" $(ARGS)

molecule: setup  ## the molecule scenarios
	@$(TIDY); $(PYTEST) tests/lab -k molecule $(ARGS)

bench:  ## measure what everything costs, beside peers; docs/bench.md (parts: ARGS='--only connecting', QUICK=1)
	@tools/setup.sh bench
	@$(BACK); $(AS_ROOT) .venv/bin/python -m tests.bench $(ARGS)

docs: setup  ## rewrite what is made under docs/ (acceptance map, reference pages and drawings, the README's picture)
	@.venv/bin/python -m tools.docs $(ARGS)
	@.venv/bin/antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self .

changelog: setup  ## check the changelog fragments
	@.venv/bin/antsibull-changelog lint

lock: setup  ## pin requirements/*.in again (ARGS=--upgrade for newer versions)
	@tools/lock.sh $(ARGS)

clean:  ## remove every lab, the venvs and everything that was built
	@[ ! -x .venv/bin/python ] || .venv/bin/python -m tools.lab down --checkout
	@rm -rf .build .venv .venv-* *.tar.gz
