# The two commands are `make run` and `make test`; `make help` lists the rest.
# Everything real is in meson.build; this installs, sets up and calls it.
SHELL := /bin/bash
.DEFAULT_GOAL := build
.PHONY: help run build test lint fuzz faults bench soak clean deps asan clang

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

deps: .deps-installed
.deps-installed: tests/install-deps
	@tests/install-deps
	@touch $@

build: .deps-installed ## compile build/holdfast
	@[ -f build/build.ninja ] || meson setup build >/dev/null
	@ninja -C build

run: .deps-installed ## install, build, start all servers with the demo customer
	@[ -f build/build.ninja ] || meson setup build >/dev/null
	@ninja -C build holdfast
	@exec build/holdfast up --demo

asan: .deps-installed ## compile build-asan with ASan and UBSan
	@[ -f build-asan/build.ninja ] || meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false >/dev/null
	@ninja -C build-asan

clang: .deps-installed ## compile build-clang with clang
	@[ -f build-clang/build.ninja ] || CC=clang meson setup build-clang >/dev/null
	@ninja -C build-clang

test: build asan clang ## everything CI runs; the last line is "N passed, N failed"
	@exec tests/run

clean: ## remove what was built
	rm -rf build build-asan build-clang build-fuzz

bench: build ## CPU and memory per operation against Kamailio, in one run
	@tests/load/bench
	@tests/load/relay
	@exec tests/load/office

soak: build ## a day of an office in five minutes, and nothing has grown
	@exec tests/load/soak

lint: build clang ## format, cppcheck, analysers
	@tests/install-deps clang-format clang-tidy cppcheck
	@exec tests/lint

fuzz: .deps-installed ## each libFuzzer target for SECONDS (default 120)
	@[ -f build-fuzz/build.ninja ] || CC=clang meson setup build-fuzz -Dfuzzers=true >/dev/null
	@ninja -C build-fuzz
	@exec tests/fuzz/run $(or $(SECONDS_EACH),120)

faults: build asan ## the long fault suites
	@exec tests/run tests/suites-long
