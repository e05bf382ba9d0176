# The two commands of the README are `make demo` and `make test`; both do all set-up on a fresh machine.
# The rest is for people who work on Xuanping.

SHELL := /bin/bash
export CARGO_TERM_COLOR ?= auto

CONSOLE      := server/console
WEB          := player/web
BROWSER      := tests/browser
INTEROP      := tests/interop
WEB_SRC      := $(shell find $(WEB)/src $(WEB)/index.html $(WEB)/vite.config.ts $(WEB)/package.json -type f 2>/dev/null)
CONSOLE_SRC  := $(shell find $(CONSOLE)/src $(CONSOLE)/index.html $(CONSOLE)/vite.config.ts $(CONSOLE)/package.json -type f 2>/dev/null)

.PHONY: demo test setup console web web-check console-check lint unit stories api bench packages appliance-test faults soak kiosk-bench load-bench pacing fuzz clean-demo help

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make demo         build everything, start the server with the sample county and three players (Ctrl-C stops all)
demo: setup console web
	cargo build --release -p xuanping-server -p xuanping-player -p xuanping-media
	exec target/release/xuanping-server demo --data var/demo --samples content-samples

## make test         everything CI runs: formats, lints, unit, property, stores on two databases, stories, browser
test: setup console-check web-check lint $(BROWSER)/node_modules/.installed $(INTEROP)/.venv/.installed
	cargo build --workspace --bins
	scripts/with-postgres cargo test --workspace --no-fail-fast

## make setup        install the Debian packages that building and testing need
setup:
	@scripts/setup

## make console      build the web console into server/console/dist
console: $(CONSOLE)/dist/index.html

## make web          build the browser's player into player/web/dist
web: $(WEB)/dist/index.html

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json
	cd $(WEB) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB)/dist/index.html: $(WEB)/node_modules/.installed $(WEB_SRC)
	cd $(WEB) && npm run build --silent

# The browser's player against the vectors that the Rust core is held to, and its days played through.
web-check: web
	cd $(WEB) && npm test --silent

$(CONSOLE)/node_modules/.installed: $(CONSOLE)/package-lock.json
	cd $(CONSOLE) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BROWSER)/node_modules/.installed: $(BROWSER)/package-lock.json
	cd $(BROWSER) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The libraries of the stranger's examiner, in a place of their own.
$(INTEROP)/.venv/.installed: $(INTEROP)/requirements.txt
	rm -rf $(INTEROP)/.venv && python3 -m venv $(INTEROP)/.venv
	$(INTEROP)/.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(CONSOLE)/dist/index.html: $(CONSOLE)/node_modules/.installed $(CONSOLE_SRC)
	cd $(CONSOLE) && npm run build --silent

## make api          write the OpenAPI document and the TypeScript types made from it
api: $(CONSOLE)/node_modules/.installed
	cargo run -q -p xuanping-server -- openapi > $(CONSOLE)/openapi.json
	cd $(CONSOLE) && npm run api --silent

# The committed document and types must be those of the code: the difference is shown and fails.
console-check: console
	cargo build -q -p xuanping-server
	target/debug/xuanping-server openapi | diff -u $(CONSOLE)/openapi.json - \
	  || { echo "openapi.json is not what the server says: run 'make api' and commit."; exit 1; }
	cd $(CONSOLE) && npm run api:check --silent && npm test --silent

## make bench        measure loops, planning and the play log beside the plain way of doing it (BENCHMARKS.md); takes some minutes
bench:
	cargo bench -p xuanping-core --bench rotation
	cargo bench -p xuanping-core --bench verify
	cargo bench -p xuanping-core --bench planner -- 10000 100000 1000000
	cargo bench -p xuanping-server --bench plays -- 1900 7
	cargo bench -p xuanping-server --bench rollout -- 2000 20000

## make kiosk-bench  what a wall costs beside Chromium in kiosk mode showing the same (SECONDS_EACH=60)
kiosk-bench: setup console
	cargo build --release -p xuanping-player -p xuanping-media
	cargo build -p xuanping-server -p xuanping-tests --bins
	target/debug/kiosk

## make load-bench   ten thousand players: "anything new?" beside nginx, and from the button to all of them (PLAYERS=10000)
# Debian's nginx is also a service of its own on port 80, where services may be started; what is measured is a child of ours.
load-bench: setup console web
	@scripts/setup nginx
	cargo build --release -p xuanping-server
	cargo build --release -p xuanping-tests --bin load
	target/release/load

## make pacing       how evenly a line scrolls: ten minutes at 1920×1080 (MINUTES=10)
pacing: setup console
	cargo build --release -p xuanping-player -p xuanping-media
	cargo build -p xuanping-server -p xuanping-tests --bins
	target/debug/pacing

## make packages     build Debian packages of server and player into target/packages
packages: setup console web
	cargo build --release -p xuanping-server -p xuanping-player -p xuanping-media
	scripts/packages

## make appliance-test  boot an emulated display PC with the player's package and pull its plug (PLUGS=20 DISPLAYS=3 NIGHTS=7)
appliance-test: setup console
	cargo build --release -p xuanping-player -p xuanping-media
	scripts/packages player
	cargo build -p xuanping-server -p xuanping-tests --bins
	target/debug/appliance

## make faults       half an hour of blows to a player: plugs, bad lines, rotten disks, wrong clocks (KILLS=500)
faults: setup
	@scripts/setup faketime iproute2 nftables
	cargo build --workspace --bins
	cargo test -p xuanping-tests --test faults -- --test-threads=3

## make soak         an hour of usual life, after which nobody's memory has grown and the log is whole (MINUTES=1440: a day)
soak: setup
	cargo build --workspace --bins
	target/debug/soak

## make fuzz         run every decoder against made-up bytes, a minute each (SECONDS=…)
fuzz:
	scripts/fuzz $(or $(SECONDS),60)

## make lint         formats and clippy
lint:
	cargo fmt --all --check
	cargo clippy -q --workspace --all-targets -- -D warnings

## make unit         tests of core, server and player on SQLite only (fast)
unit:
	cargo test -p xuanping-core -p xuanping-server -p xuanping-player

## make stories      end-to-end tests with the real binaries
stories: setup console web $(BROWSER)/node_modules/.installed $(INTEROP)/.venv/.installed
	cargo build --workspace --bins
	scripts/with-postgres cargo test -p xuanping-tests

## make clean-demo   forget the demo's data
clean-demo:
	rm -rf var/demo
