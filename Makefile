# SPDX-License-Identifier: Apache-2.0
# Two commands a newcomer needs: `make run` and `make test`. The rest is for developers.
SHELL := /bin/bash
JOBS ?= $(shell nproc)

.PHONY: run build test setup soak bench coverage format clean

run: build
	@tools/run.sh

build: setup
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) -- --quiet

setup:
	@tools/setup.sh

test:
	@tools/test.sh

soak:
	@tools/soak.sh

bench:
	@tools/bench.sh $(BENCH)

coverage: setup
	@tools/coverage.sh

format:
	@git ls-files 'src/*.cc' 'src/*.h' 'test/*.cc' 'test/*.h' | xargs clang-format-14 -i

clean:
	rm -rf build
