# Quanyi. Needs Python 3.11 or later with venv, make and git; everything else is installed into this folder.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
UV := .tools/uv/bin/uv
export PYTHONPATH := functions:layers/shared:.
export UV_CONFIG_FILE := $(CURDIR)/.tools/uv.toml

# The environments: one for our code and its tests, one each for tools whose pins fight with ours.
DEV := .venv/.installed
MINISTACK := .tools/ministack/.installed
SAM := .tools/sam/.installed
CHECKOV := .tools/checkov/.installed
NODE := node_modules/.installed
AUDIT := .tools/audit/.installed
WEB := web/node_modules/.installed

# Bytecode is compiled by the Python that template.yaml's functions run on, where there is one.
TARGET_PYTHON = $(shell for python in python3.13 "$$HOME"/.pyenv/versions/3.13.*/bin/python3.13; do \
	"$$python" -c '' 2>/dev/null && echo "$$python" && break; done)

# Checks keep bytecode, and not beside our sources: there it would get into builds that run meanwhile.
CACHED := env PYTHONDONTWRITEBYTECODE= PYTHONPYCACHEPREFIX="$(CURDIR)/.local/bytecode"
CHECK = $(GIVE_WAY) $(CACHED)

SOURCES := $(wildcard functions layers tools tests bench)
WORKFLOWS := $(wildcard functions/*/*.asl.json)
API_TYPES := web/shared/api/schema.d.ts
PAGES := web/dist/.built
PAGES_SOURCES := $(shell find web \( -name node_modules -o -name dist \) -prune -o -type f ! -name schema.d.ts ! -name '*.test.ts' -print)
# npm's scripts find their tools below web/, and the environment's own node.
IN_WEB := cd web && PATH="$(CURDIR)/$(BIN):$$PATH"

##@ Use it

.PHONY: help
help: ## List what there is to make
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(DEV) $(MINISTACK) $(SAM) ## The whole shop on this machine, until Ctrl-C; PORT=4566
	@$(MAKE) --no-print-directory web || echo "WITHOUT new pages: they could not be built"
	@exec $(BIN)/python -m tools.local.run $(if $(PORT),--port $(PORT))

.PHONY: reset
reset: ## Forget what the local shop holds
	@$(PYTHON) -m tools.local.reset

.PHONY: invoke
invoke: $(DEV) $(MINISTACK) $(SAM) ## Run a built function under Lambda's own runtime: FN=checkout EVENT=place-order
	@$(BIN)/python -m tools.local.invoke "$(FN)" "$(EVENT)"

.PHONY: operator-key
operator-key: $(DEV) ## Issue an operator key: on the running local shop, or STACK= a deployed one
	@$(BIN)/python -m tools.operator_key $(if $(STACK),--stack "$(STACK)")

.PHONY: facts-rebuild
facts-rebuild: $(DEV) ## Derive all facts and their sums again: DO=check or DO=write; the local shop, or STACK= a deployed one
	@$(BIN)/python -m tools.facts_rebuild --$(or $(DO),check) $(if $(STACK),--stack "$(STACK)")

.PHONY: nightly
nightly: $(DEV) ## Compute the reports now, as the night does; DAY=2026-11-22; the local shop, or STACK= a deployed one
	@$(BIN)/python -m tools.nightly $(if $(DAY),--day "$(DAY)") $(if $(STACK),--stack "$(STACK)")

.PHONY: screens
screens: $(DEV) $(WEB) ## Take the pictures of docs/screens anew, of the running local shop
	@$(BIN)/python -m tools.screens

.PHONY: digest-sample
digest-sample: $(DEV) ## Draw the daily digest of an invented shop into .local/digest, to look at it
	@$(BIN)/python -m tools.digest_sample .local/digest

##@ Check it

# All at once: the stack's tests wait for most of their time, and what runs beside them gives way to them. Each part's
# output is shown whole when it is over, pytest's last.
.PHONY: test
test: ## Everything that must hold before a change lands
	@$(MAKE) --no-print-directory --jobs=4 --keep-going --output-sync=target GIVE_WAY="nice -n 10" stack unit types test-web lint

.PHONY: lint
lint: lint-python lint-template lint-workflows lint-web ## Style, template, workflows and pages

.PHONY: lint-python
lint-python: $(DEV)
	$(CHECK) $(BIN)/ruff check
	$(CHECK) $(BIN)/ruff format --check

# `sam validate --lint` would be the same cfn-lint (a house rule sees to it) on the same file, for one of our regions.
.PHONY: lint-template
lint-template: $(DEV) $(CHECKOV)
	$(CHECK) $(BIN)/cfn-lint template.yaml web/template.yaml
	$(CHECK) $(BIN)/python -m tools.translate template.yaml .local/translated.json
	$(CHECK) $(BIN)/cfn-lint --ignore-checks W --template .local/translated.json
	$(CHECK) .tools/checkov/bin/checkov --config-file .checkov.yaml

.PHONY: lint-workflows
lint-workflows: $(DEV) $(NODE)
	@mkdir -p .local/workflows
	@for workflow in $(WORKFLOWS); do \
		filled=.local/workflows/$$(echo $${workflow#functions/} | tr / -); \
		sed -E 's/\$$\{Partition\}/aws/g; s/\$$\{[A-Za-z]+\}/arn:aws:lambda:us-east-1:123456789012:function:f/g' $$workflow > $$filled; \
		$(BIN)/node node_modules/.bin/asl-validator --json-path $$filled; \
	done

.PHONY: lint-web
lint-web: $(WEB) $(API_TYPES)
	$(IN_WEB) $(GIVE_WAY) npm run -s lint

.PHONY: types
types: $(DEV) types-web ## Types, strictly
	$(CHECK) $(BIN)/basedpyright

.PHONY: types-web
types-web: $(WEB) $(API_TYPES)
	$(IN_WEB) $(GIVE_WAY) npm run -s types

.PHONY: test-web
test-web: $(PAGES) ## The pages' own rules, and how much each page loads
	$(IN_WEB) $(GIVE_WAY) npm run -s test
	$(IN_WEB) npm run -s sizes

.PHONY: unit
unit: $(DEV) ## Rules, adapters and house rules: no network, seconds
	$(CHECK) $(BIN)/pytest -n auto --dist worksteal $(wildcard tests/unit tests/aws tests/providers tests/suppliers tests/web tests/house)

.PHONY: stack
stack: stack-shop stack-pages ## The deployed template, on a local AWS of its own, and the pages in a browser

.PHONY: stack-shop
stack-shop: $(DEV) $(MINISTACK) $(SAM)
	$(CACHED) $(BIN)/pytest tests/stack --ignore-glob='*/test_web_*.py'

# With the search for secrets once more, in what these tests left behind.
.PHONY: stack-pages
stack-pages: $(DEV) $(MINISTACK) $(SAM) $(PAGES)
	$(CACHED) $(BIN)/pytest $(wildcard tests/stack/test_web_*.py) tests/stack/test_secrets.py

.PHONY: audit
audit: $(DEV) $(AUDIT) $(WEB) ## Known vulnerabilities of what is pinned, where the registries tell
	@$(BIN)/python -m tools.audit

.PHONY: prove
prove: $(DEV) ## 10,000 generated sequences of payments and after-sales, and crashes at every call of long runs; 20 minutes
	PROVE=10000 $(BIN)/pytest -m slow tests/aws/test_stock_crash.py tests/aws/test_vouchers_admin.py tests/aws/test_buying_crash.py
	PROVE=10000 $(BIN)/pytest --timeout 3600 tests/aws/test_proof.py

.PHONY: test-sam-local
test-sam-local: $(DEV) $(SAM) ## `sam local` in containers; where there is no Docker, root on Debian
	$(BIN)/pytest tests/sam_local

.PHONY: bench
bench: $(DEV) $(MINISTACK) $(SAM) $(PAGES) ## Measure it
	$(BIN)/python -m bench

##@ Ship it

.PHONY: web
web: $(PAGES) ## Build the pages into web/dist

.PHONY: web-deploy
web-deploy: $(DEV) $(PAGES) ## Bring the pages to a deployed stack: STACK=, CHANNEL= that they sell in; KEY=, TITLE=, TITLE_EN=, HELP=
	@$(BIN)/python -m tools.web_deploy --stack "$(STACK)" $(if $(CHANNEL),--channel "$(CHANNEL)") $(if $(KEY),--key "$(KEY)") \
		$(if $(TITLE),--title "$(TITLE)") $(if $(TITLE_EN),--title-en "$(TITLE_EN)") $(if $(HELP),--help-at "$(HELP)")

.PHONY: build
build: $(DEV) $(SAM) ## Build for Lambda
	BUILD_FOR=lambda PYTHON="$(CURDIR)/.tools/uv/bin/python" TARGET_PYTHON="$(TARGET_PYTHON)" $(BIN)/python -m tools.sam build
	@[ -n "$(TARGET_PYTHON)" ] || echo "No Python 3.13 here, so nothing was compiled: functions start about 0.8 s slower."

.PHONY: deploy
deploy: build ## Deploy to an AWS account, asking what it needs to know
	$(BIN)/python -m tools.sam deploy --guided

.PHONY: openapi
openapi: $(DEV) ## Write docs/openapi.json from the handlers
	$(BIN)/python -m tools.openapi

##@ Keep it

.PHONY: format
format: $(DEV) ## Format and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The layer leaves out what the Lambda runtime brings along with boto3.
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
RUNTIME := botocore python-dateutil six urllib3
# What the shared layer has already is left out of the payments layer.
IN_SHARED := cffi cryptography pycparser typing-extensions

.PHONY: lock
lock: $(UV) ## Pin what requirements/*.in, the layer and the rooms ask for
	$(COMPILE) --upgrade $(RUNTIME:%=--no-emit-package %) layers/shared/requirements.in --output-file layers/shared/requirements.txt
	$(COMPILE) --upgrade --constraint layers/shared/requirements.txt $(IN_SHARED:%=--no-emit-package %) \
		$(RUNTIME:%=--no-emit-package %) layers/payments/requirements.in --output-file layers/payments/requirements.txt
	$(COMPILE) --upgrade $(RUNTIME:%=--no-emit-package %) layers/charts/requirements.in --output-file layers/charts/requirements.txt
	for layer in rules analytics; do \
		$(COMPILE) --upgrade layers/$$layer/requirements.in --output-file layers/$$layer/requirements.txt; done
	for room in functions/*/requirements.in; do $(COMPILE) --upgrade "$$room" --output-file "$${room%.in}.txt"; done
	for env in uv ministack sam checkov audit dev lambda-image; do \
		$(COMPILE) --upgrade requirements/$$env.in --output-file requirements/$$env.txt; done

.PHONY: setup
setup: $(DEV) $(MINISTACK) $(SAM) $(CHECKOV) $(NODE) $(WEB) ## Install all environments now

.PHONY: clean
clean: reset ## Remove everything that make made
	@if [ -f .tools/engine/engine.pid ]; then kill "$$(cat .tools/engine/engine.pid)" 2>/dev/null || true; fi
	@if [ -d .tools/engine/storage/overlay ]; then umount .tools/engine/storage/overlay 2>/dev/null || true; fi
	rm -rf .venv .tools node_modules web/node_modules web/dist $(API_TYPES) .aws-sam .local .hypothesis .pytest_cache .ruff_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------------------------------ environments

$(UV): requirements/uv.txt
	$(PYTHON) -m venv .tools/uv
	.tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements/uv.txt
	.tools/uv/bin/python tools/uv_settings.py .tools/uv.toml
	@touch $@

define install
	$(UV) pip sync --quiet $(COMPILED) --python $(1)/bin/python $(2)
	@touch $@
endef

# MiniStack is told to write no bytecode, for the sake of what it unpacks; its own would be made anew at each start.
$(MINISTACK): COMPILED := --compile-bytecode

$(DEV): requirements/dev.txt | $(UV)
	@test -x .venv/bin/python || $(UV) venv --quiet --python "$(PYTHON)" .venv
	$(call install,.venv,$<)

.tools/%/.installed: requirements/%.txt | $(UV)
	@test -x .tools/$*/bin/python || $(UV) venv --quiet --python "$(PYTHON)" .tools/$*
	$(call install,.tools/$*,$<)

$(NODE): package-lock.json | $(DEV)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --silent --no-audit --no-fund
	@touch $@

$(WEB): web/package-lock.json | $(DEV)
	$(IN_WEB) npm ci --silent --no-audit --no-fund
	@touch $@

$(API_TYPES): docs/openapi.json $(WEB)
	$(IN_WEB) npm run -s api
	@touch $@

# Hidden, so that it is not deployed.
$(PAGES): $(PAGES_SOURCES) $(API_TYPES)
	$(IN_WEB) npm run -s build -- --logLevel warn
	@touch $@
