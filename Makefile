# What a contributor runs; `make` lists it. Go is enough unless a line says more.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# The image that is built and deployed.
IMG ?= scim-operator.io/scim-operator:dev
KUBECTL ?= kubectl
CONTAINER_TOOL ?= docker
# More flags for `go test` in test, test-race, bench and e2e, such as TESTFLAGS='-run TestX -v'.
TESTFLAGS ?=

# One set of flags for programs and tests, so that each package is compiled once.
export CGO_ENABLED ?= 0
export GOFLAGS := $(GOFLAGS) -trimpath

PACKAGES = $$(go list ./... | grep -v '/test/e2e')
TOOL_controller-gen := sigs.k8s.io/controller-tools/cmd/controller-gen
TOOL_kustomize := sigs.k8s.io/kustomize/kustomize/v5
TOOL_crd-ref-docs := github.com/elastic/crd-ref-docs

##@ General

.PHONY: help
help: ## List these targets
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

##@ Generated files

.PHONY: generate
generate: bin/controller-gen ## Write the deep copy functions of the API types
	bin/controller-gen object:headerFile=hack/boilerplate.go.txt paths=./api/...

.PHONY: manifests
manifests: bin/controller-gen ## Write the CRDs and the operator's role from the markers in the code
	bin/controller-gen crd paths=./api/... output:crd:dir=config/crd/bases
	bin/controller-gen rbac:roleName=manager-role paths=./controllers/... output:rbac:dir=config/rbac/manager

.PHONY: docs
docs: bin/crd-ref-docs ## Write docs/api.md, the reference of the API
	@mkdir -p docs
	bin/crd-ref-docs --log-level=WARN --source-path=api --config=hack/crd-ref-docs.yaml --renderer=markdown --output-path=docs/api.md

.PHONY: verify
verify: ## Fail when a generated file is not what its source says, or code is not formatted
	hack/verify.sh

##@ Checks

.PHONY: fmt
fmt: ## Format the Go code
	gofmt -s -w $$(git ls-files -co --exclude-standard '*.go')

.PHONY: vet
vet: ## Run go vet
	go vet ./...

.PHONY: lint
lint: bin/golangci-lint ## Run golangci-lint
	bin/golangci-lint run --allow-parallel-runners ./...

.PHONY: test
test: ## Run the unit tests and those on a real API server (its programs are found, downloaded or built first)
	assets=$$(go run ./hack/envtest); packages=$(PACKAGES); \
	KUBEBUILDER_ASSETS=$$assets go test -timeout 20m $$packages $(TESTFLAGS)

.PHONY: test-race
test-race: ## The same with the race detector (needs a C compiler)
	assets=$$(go run ./hack/envtest); packages=$(PACKAGES); \
	KUBEBUILDER_ASSETS=$$assets CGO_ENABLED=1 go test -race -timeout 40m $$packages $(TESTFLAGS)

.PHONY: e2e
e2e: ## Run the end-to-end tests on the cluster of KUBECONFIG, whose nodes have the image IMG
	IMG=$(IMG) KUBECTL=$(KUBECTL) go test -count=1 -timeout 45m ./test/e2e/... $(TESTFLAGS)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (10s)
	hack/fuzz.sh

.PHONY: crash
crash: ## Kill the server (STORE=postgres: and PostgreSQL) under write load CRASH_ROUNDS (200) times, and look whether anything is lost
	STORE=$(or $(STORE),sqlite) CRASH_ROUNDS=$(or $(CRASH_ROUNDS),200) go test -count=1 -timeout 2h -run TestKill -v $(TESTFLAGS) ./test/crash

.PHONY: faults
faults: ## Kill server and application and cut the network under FAULT_OPERATIONS (10000) changes, and compare both in the end
	FAULT_OPERATIONS=$(or $(FAULT_OPERATIONS),10000) go test -count=1 -timeout 2h -run TestFaults -v $(TESTFLAGS) ./test/faults

.PHONY: rolling
rolling: ## Restart and kill replicas on one PostgreSQL under load, ROLLING_SECONDS (20) before and after
	ROLLING_SECONDS=$(or $(ROLLING_SECONDS),20) go test -count=1 -timeout 30m -v $(TESTFLAGS) ./test/rolling

.PHONY: bench
bench: ## Measure the server beside a bare HTTP server, with BENCH_USERS (1000,100000) users and STORE (sqlite, postgres); BENCHFLAGS=-help lists flags
	go run ./test/bench -store=$(or $(STORE),sqlite) $(BENCHFLAGS)

.PHONY: bench-tenants
bench-tenants: ## Measure the server with 5000 tenants: start, memory, idle processor time, time until one more is served
	go run ./test/bench/tenants $(BENCHFLAGS)

.PHONY: bench-go
bench-go: ## Run the Go benchmarks; benchstat compares two outputs: go tool -modfile=hack/tools/go.mod benchstat OLD NEW
	packages=$(PACKAGES); go test -run '^$$' -bench . -benchmem $$packages $(TESTFLAGS)

##@ Build and install

.PHONY: run
run: ## Run everything on this machine until Ctrl-C: API server, operator, SCIM server and a tenant
	go build -o bin/run ./hack/run
	bin/run

.PHONY: build
build: ## Build the programs, static, into bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/ ./cmd/...

.PHONY: exampleapp
exampleapp: ## Build the example application of the end-to-end tests into bin/inventory
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o bin/ ./test/exampleapp/inventory

.PHONY: size
size: build ## Print the sizes of the programs, as they are and compressed as in a registry
	@for f in bin/operator bin/scimserver bin/kubectl-scim; do \
	  awk -v f=$$f -v a=$$(wc -c < $$f) -v b=$$(gzip -9 -c $$f | wc -c) 'BEGIN {printf "%-16s %5.1f MiB, compressed %4.1f MiB\n", f, a/2^20, b/2^20}'; \
	done

.PHONY: image
image: ## Build the container image IMG (needs Docker)
	$(CONTAINER_TOOL) build --build-arg VERSION=$(VERSION) -t $(IMG) .

.PHONY: install
install: bin/kustomize ## Install the CRDs into the cluster (needs kubectl)
	bin/kustomize build config/crd | $(KUBECTL) apply --server-side -f -

.PHONY: uninstall
uninstall: bin/kustomize ## Remove the CRDs from the cluster, and with them every SCIM object (needs kubectl)
	bin/kustomize build config/crd | $(KUBECTL) delete --ignore-not-found -f -

.PHONY: deploy
deploy: dist ## Install CRDs and operator with the image IMG into the cluster (needs kubectl)
	$(KUBECTL) apply --server-side -f dist/install.yaml

.PHONY: undeploy
undeploy: dist ## Remove CRDs and operator from the cluster, and with them every SCIM object (needs kubectl)
	$(KUBECTL) delete --ignore-not-found -f dist/install.yaml

.PHONY: dist
dist: bin/kustomize ## Write dist/install.yaml: CRDs and operator with the image IMG
	hack/dist.sh $(IMG) dist/install.yaml

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin dist

bin/controller-gen bin/kustomize bin/crd-ref-docs: bin/%: hack/tools/go.mod hack/tools/go.sum
	go build -C hack/tools -o $(CURDIR)/$@ $(TOOL_$*)
	@touch $@

bin/golangci-lint: hack/tools/lint/go.mod hack/tools/lint/go.sum
	go build -C hack/tools/lint -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@
