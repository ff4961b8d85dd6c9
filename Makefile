# `make help` lists what can be done here. The long steps are scripts in scripts/, which say what they install.

SHELL := /bin/bash
export PATH := $(if $(CARGO_HOME),$(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
# What `make run` starts: make run ARGS="master --store memory"
ARGS ?= standalone
# What `make simulate` tells: make simulate SEEDS=100000 FROM=10000
SEEDS ?= 10000
# Which micro-benchmarks: make bench-core ONLY=place
ONLY ?=
FROM ?= 0

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help build run dev demo demo-stop test test-doc test-image test-coverage bench-core profile \
        simulate torture lint fmt figures bench bench-report image clean compiler lint-tools test-tools

help: ## List these commands
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: build ## See podling run a container: installs a Docker Engine if needed, builds, starts, runs, tells what to try next
	@scripts/with-docker.sh scripts/demo.sh

demo-stop: ## Stop what `make demo` started, and remove its containers and data
	@scripts/with-docker.sh scripts/demo-stop.sh

# Static, as in the image: one file that runs on any Linux, and 3 MB less of memory; at a fixed place, which is another
# megabyte; its allocator refuses huge pages before it takes the first (docs/decisions/0009). The target is named because
# RUSTFLAGS would else be used for build scripts and macros as well, which cannot be static.
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
build: compiler ## Build the release executable: bin/podling
	@RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" CFLAGS="$(CFLAGS) -DMI_DEFAULT_ALLOW_THP=0" \
		cargo build --locked --release --target $(HOST)
	@cmp -s $(TARGET)/$(HOST)/release/podling bin/podling || install -D $(TARGET)/$(HOST)/release/podling bin/podling

run: compiler ## Run podling from the sources: master and worker in one, or ARGS="…"
	cargo run --locked -- $(ARGS)

dev: compiler ## Run podling standalone from the sources, built and started again at every change
	@scripts/install-cargo-tool.sh bacon 3.26.0
	bacon run

test: test-tools test-doc test-image ## Run all tests, on a real Docker Engine and PostgreSQL; installs both if needed
	scripts/with-docker.sh scripts/test.sh

test-doc: compiler # The examples in the documentation.
	cargo test --locked --doc

test-image: # The image is built, and a task run from it.
	scripts/with-docker.sh scripts/image-test.sh

test-coverage: test-tools ## Run the tests and write target/coverage/html/index.html; fails below 85 % of lines, 95 % in core
	scripts/with-docker.sh scripts/coverage.sh

torture: test-tools ## Kill master (500 times) and worker (200 times) under load; prints what was lost or doubled
	PODLING_TORTURE=1 scripts/with-docker.sh scripts/tests-as-root.sh cargo nextest run --locked --profile torture \
	    --test faults --test master_crash --test store_crash -E 'test(killed)'

bench-core: compiler ## Measure the core alone: decisions, placements and allocations; ONLY=place for some
	cargo bench --locked --profile simulation --bench core -- $(ONLY)

profile: compiler ## Count the instructions of a placement and of a submission, and tell where they go (valgrind)
	scripts/profile.sh

simulate: compiler ## Tell SEEDS=10000 histories of a simulated cluster, each another one, FROM=0 on
	scripts/simulate.sh $(SEEDS) $(FROM)

lint: compiler lint-tools ## Check form, lints, documentation, dependencies and scripts
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items
	cargo deny --locked check bans licenses sources
	scripts/no-c-libraries.sh
	shellcheck -x .ci/run scripts/*.sh

fmt: ## Bring the code into form
	cargo fmt --all

figures: build image ## Measure podling on this machine: one JSON object (20 minutes; a Docker Engine, nothing else running)
	@scripts/with-docker.sh scripts/figures.sh

bench: build ## Measure a cluster of thousands of simulated nodes: BENCH_ONLY=submit,list for some (an hour; nothing else running)
	@scripts/with-docker.sh scripts/bench.sh

bench-report: compiler ## Make docs/BENCHMARKS.md of what `make bench` measured
	cargo bench --locked --profile simulation --bench scenarios -- report

image: ## Build the container image podling:latest, also where no registry can be reached
	@scripts/with-docker.sh scripts/image.sh podling:latest

clean: ## Remove what was built (not the demo's data: make demo-stop)
	cargo clean
	rm -rf bin

compiler:
	@scripts/install-compiler.sh

lint-tools:
	@scripts/install-cargo-tool.sh cargo-deny 0.20.2
	@source scripts/prelude.sh && { have shellcheck || apt_install shellcheck; }

test-tools:
	@scripts/install-test-tools.sh
