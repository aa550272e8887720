# All that is needed is Go and make; tests with the race detector need a C
# compiler too. "make help" lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# What "make demo" gives to kindred demo, as in: make demo DEMO_FLAGS="--replicas 3"
DEMO_FLAGS ?=
# What is given to every go test, as in: make test-unit GO_TEST_FLAGS="-run Trace -v"
GO_TEST_FLAGS ?=

# The first seed of make sim, and how many are run.
SEED ?= 1
RUNS ?= 5000

# What make bench measures, all of it by default, and what its program is given.
BENCH ?=
BENCH_FLAGS ?=

# How long make fuzz looks for inputs, for each target.
FUZZTIME ?= 30s

# Packages whose tests need no API server: they run in memory, many on virtual
# time. The others start the control plane.
UNIT := ./pkg/... ./cmd/... ./config/... ./docs/... ./test/faultproxy/... ./test/deploy/... ./test/node/...
# Pure functions, and a simulation of them that is one goroutine: the race detector makes
# these ten times slower and has nothing to find. make sim runs the simulation's tests.
PURE := ./pkg/lease ./pkg/assign ./pkg/elect
RACED = $$(go list $(UNIT) | grep -vE '/pkg/(lease|assign|elect|sim)$$')
E2E := ./test/cluster/... ./test/e2e/... ./test/fence/... ./test/broken/...

# Modules other than this one: those for its users are checked as it is.
ADAPTERS := pkg/adapter/controllerruntime docs/examples/controller-runtime pkg/adapter/knative docs/examples/knative
# The modules that vet and staticcheck look at, and those whose go.mod is to be tidy.
CHECKED := . config/image test/page test/monitoring test/bench $(ADAPTERS)
NESTED := test/controlplane test/tools $(filter-out .,$(CHECKED))

# What make image calls the image, and what its label says.
IMAGE ?= localhost/kindred/sample-operator:dev
VERSION ?= dev

# The race detector needs cgo, and that a C compiler.
RACE := $(shell command -v "$$(go env CC)" >/dev/null 2>&1 && echo -race)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: binaries controlplane ## Build kindred, kubectl-kindred, sample-operator and the control plane into bin/

.PHONY: binaries
binaries:
	@mkdir -p bin
	go build -o bin/ ./cmd/...
	@ln -f bin/kindred bin/kubectl-kindred
	@ln -f bin/kindred bin/kubectl_complete-kindred

# The program knows by itself whether it is up to date, and shows how far it is.
.PHONY: controlplane
controlplane:
	@go run ./test/cluster/build >/dev/null

.PHONY: demo
demo: build ## Watch five replicas share five kinds on a real API server (DEMO_FLAGS="--replicas 3")
	@bin/kindred demo $(DEMO_FLAGS)

.PHONY: image
image: ## Write the image of the sample operator, bin/sample-operator.tar, without Docker (IMAGE=NAME:TAG)
	@mkdir -p bin
	@go -C config/image run . --package ./cmd/sample-operator --name $(IMAGE) --version $(VERSION) \
	  --out $(CURDIR)/bin/sample-operator.tar --sbom $(CURDIR)/bin/sample-operator.cdx.json

.PHONY: image-test
image-test: ## Build the image twice, and compare
	go -C config/image test -count=1 -timeout 20m $(GO_TEST_FLAGS) .

# What the built-in cluster starts with.
.PHONY: cluster-images
cluster-images: image
	@go -C config/image run . --package ./test/node/pause --name localhost/kindred/pause:dev --out $(CURDIR)/bin/pause.tar

.PHONY: cluster
cluster: cluster-images ## Run a Kubernetes with one node on this machine until Ctrl-C (Linux, root)
	@go build -o bin/cluster ./test/node/run
	@exec bin/cluster bin/sample-operator.tar bin/pause.tar

.PHONY: cluster-clean
cluster-clean: ## Remove what a make cluster or make e2e has left that was killed
	@go run ./test/node/run --clean

# The two images go into the built-in cluster. Your own has to have the first.
.PHONY: e2e
e2e: cluster-images ## Test config/ on a Kubernetes with Pods: of its own (Linux, root), or KINDRED_E2E_KUBECONFIG
	go test -tags deploy -count=1 -timeout 30m $(GO_TEST_FLAGS) ./test/deploy

.PHONY: test
test: lint test-unit monitoring sim test-e2e ## Lint, unit tests, simulation, and the tests on a real API server

.PHONY: test-unit
test-unit: ## Run the tests that need no API server, with the race detector
	$(if $(RACE),,@echo "no C compiler: the tests run WITHOUT the race detector" >&2)
	go test -timeout 8m $(GO_TEST_FLAGS) $(PURE)
	go test $(RACE) -timeout 8m $(GO_TEST_FLAGS) $(RACED)
	go -C pkg/adapter/controllerruntime test $(RACE) -timeout 8m $(GO_TEST_FLAGS) .
	go -C pkg/adapter/knative test $(RACE) -timeout 8m $(GO_TEST_FLAGS) .
	go -C test/bench test -timeout 8m $(GO_TEST_FLAGS) ./...

# -count=1, because Go does not see that files outside of a module have changed.
# Installs nothing: promtool comes with Prometheus, in Debian the package prometheus.
.PHONY: monitoring
monitoring: ## Check the alert rules and the dashboard, with promtool too where there is one
	go -C test/monitoring test -count=1 $(GO_TEST_FLAGS) ./...
	@if command -v promtool >/dev/null; then \
	  cd config/monitoring && promtool check rules kindred.rules.yaml && promtool test rules rules_test.yaml; \
	else \
	  echo "no promtool: when alerts fire was NOT tested" >&2; \
	fi

.PHONY: sim
sim: ## Run the seeded simulation (SEED=1 RUNS=5000; RUNS=1 replays a seed with its whole trace)
	go test ./pkg/sim -count=1 -timeout 60m -v -sim.seed $(SEED) -sim.runs $(RUNS) $(if $(filter 1,$(RUNS)),-run '^TestSimulation$$' -sim.trace)

# go test fuzzes one target at a time. What it finds it writes to testdata/fuzz,
# and every go test runs that from then on.
.PHONY: fuzz
fuzz: ## Look for inputs that break what reads from outside (FUZZTIME=30s for each target)
	@count=0; \
	for package in $$(go list $(UNIT)); do \
	  targets=$$(go test -list '^Fuzz' $$package); \
	  for target in $$(grep '^Fuzz' <<<"$$targets"); do \
	    echo "$$target in $$package"; count=$$((count + 1)); \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done; \
	if [[ $$count -eq 0 ]]; then echo "no target found" >&2; exit 1; fi; \
	echo "$$count targets, and nothing was found"

# Two packages at a time: they mostly wait.
.PHONY: test-e2e
test-e2e: build ## Run the tests on a real API server
	go test -p 2 -count=1 -timeout 20m $(GO_TEST_FLAGS) $(E2E)
	go -C pkg/adapter/controllerruntime test -count=1 -timeout 20m $(GO_TEST_FLAGS) ./e2e
	go -C pkg/adapter/knative test -count=1 -timeout 20m $(GO_TEST_FLAGS) ./e2e

# Says what to install when there is no Chromium. KINDRED_PICTURES names a directory for
# what the page looks like.
.PHONY: test-page
test-page: build ## Test the page that shows who owns what, in a headless Chromium
	go -C test/page test -count=1 -timeout 10m $(GO_TEST_FLAGS) ./...

# The program starts itself anew for each replica, so it is built, not run by go.
.PHONY: bench
bench: controlplane ## Measure Kindred beside its alternatives, half an hour (BENCH=idle,crash for some of it)
	@mkdir -p bin
	go -C test/bench build -o ../../bin/bench .
	@cd test/bench && $(CURDIR)/bin/bench -only "$(BENCH)" $(BENCH_FLAGS)

.PHONY: bench-short
bench-short: ## Show that the benchmark runs, in a minute; nothing is kept
	@$(MAKE) bench BENCH_FLAGS=-short

# Installs nothing: says what to install when spin or a C compiler is missing.
.PHONY: model
model: ## Check the model of the protocol in docs/model, and that its mutations are refuted
	@docs/model/run.sh

.PHONY: lint
lint: fmt-check tidy-check vet staticcheck ## Check formatting, go.mod files, go vet and staticcheck

.PHONY: fmt-check
fmt-check:
	@files=$$(gofmt -l cmd config docs pkg test); \
	if [[ -n $$files ]]; then echo "not formatted, run make fmt:" >&2; echo "$$files" >&2; exit 1; fi

.PHONY: fmt
fmt: ## Format the Go files
	gofmt -w cmd config docs pkg test

.PHONY: tidy-check
tidy-check:
	@for module in . $(NESTED); do \
	  go -C $$module mod tidy -diff || { echo "$$module/go.mod is not tidy: run make tidy" >&2; exit 1; }; \
	done

.PHONY: tidy
tidy: ## Tidy the go.mod files
	@for module in . $(NESTED); do go -C $$module mod tidy; done

# The control plane's own files are few and their dependencies are Kubernetes:
# vet would look at all of it. Compiling them, which the tests do, has to do.
.PHONY: vet
vet:
	@for module in $(CHECKED); do echo "go vet in $$module"; go -C $$module vet ./...; done
	go vet -tags deploy ./test/deploy

.PHONY: staticcheck
staticcheck: bin/staticcheck
	@for module in $(CHECKED); do echo "staticcheck in $$module"; (cd $$module && $(CURDIR)/bin/staticcheck ./...); done
	bin/staticcheck -tags deploy ./test/deploy

# The version is in test/tools/go.mod.
bin/staticcheck: test/tools/go.mod test/tools/go.sum
	@mkdir -p bin
	go -C test/tools build -o ../../bin/staticcheck honnef.co/go/tools/cmd/staticcheck

.PHONY: clean
clean: ## Remove what was built (the next control plane takes minutes only if Go's build cache is gone too)
	rm -rf bin
