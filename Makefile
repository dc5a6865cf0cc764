# HelloWorld Desk. `make help` lists what there is.

GO      ?= go
LINT    := $(GO) tool -modfile=.ci/lint/go.mod golangci-lint
DESK    := bin/desk
PKG     ?= ./...
# Extra arguments of the programs: make run ARGS="--listen 127.0.0.1:9000"
ARGS    ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

.PHONY: run
run: ## start the desk with sandbox shops and the console; no account is needed
	$(GO) run ./cmd/desk demo $(ARGS)

.PHONY: build
build: ## build bin/desk
	$(GO) build -trimpath -ldflags '-s -w' -o $(DESK) ./cmd/desk

.PHONY: setup
setup: ## install what the tests use beside Go (PostgreSQL, Redis, Chromium, fonts, Node, Apertium), where that is possible
	@sh .ci/setup

.PHONY: test
test: setup ## all tests, in samples
	$(GO) test -timeout 20m $(PKG)

.PHONY: race
race: ## all tests under the race detector
	$(GO) test -race $(PKG)

.PHONY: lint
lint: ## gofmt, go vet, golangci-lint
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(LINT) run ./...

.PHONY: bench
bench: ## benchmarks, for benchstat; baseline in deploy/bench.txt (IMPORT_SIZES=10000,1000000)
	$(GO) test -run '^$$' -timeout 2h -bench . -benchtime $(or $(BENCHTIME),3s) -count $(or $(COUNT),1) ./cmd/desk ./bot/... ./i18n/... ./glossary/... ./connectors/...

.PHONY: crash
crash: ## kill desks at random moments over running journeys and count: one on SQLite, three on PostgreSQL (KILLS=500)
	DESK_CRASH_KILLS=$(or $(KILLS),500) $(GO) test ./cmd/desk -run '^TestCrash$$' -count 1 -v -timeout 80m

.PHONY: schedules
schedules: ## refunds under random schedules in virtual time, a line of counts per platform (SCHEDULES=10000, SEED=1)
	@out=$$(mktemp); DESK_SCHEDULES=$(or $(SCHEDULES),10000) DESK_SCHEDULE_SEED=$(or $(SEED),1) $(GO) test ./bot -run '^TestSchedules$$' -count 1 -v -timeout 180m >$$out 2>&1; \
	status=$$?; grep -E ' schedules, |--- FAIL|^(ok|FAIL|panic)|^ +wrong: ' $$out; rm -f $$out; exit $$status

.PHONY: soak
soak: ## full counts of everything that the tests sample
	DESK_SOAK=1 DESK_CRASH_KILLS=1000 $(GO) test ./... -count 1 -timeout 180m

.PHONY: generate
generate: ## write the generated files
	$(GO) run ./cmd/desk generate

.PHONY: verify
verify: ## fail if generated files are not what the code makes, or go.mod is not tidy
	$(GO) run ./cmd/desk generate --check
	$(GO) mod tidy -diff
