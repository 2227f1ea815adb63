# Everything is built with Go, a C compiler and make. What else is missing is
# installed by the targets that need it. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := /bin/sh

GO ?= go
FUZZTIME ?= 20s
APITIME ?= 5m
# Packages, tests and benchmarks can be narrowed: make test PACKAGES=./modules/job/...
PACKAGES ?= ./...
RUN ?= .
BENCH ?= .
FLEETS ?= 6

# Where Go code is.
FOLDERS := app config deploy ml modules

LIBVIPS := .build/libvips
# The library that runs cut-out models; there after `make model` or `make test`.
ONNXRUNTIME := .build/onnxruntime
# Recipes that build Go code begin with this: libvips' flags, see `make env`.
WITH_LIBVIPS = . $(LIBVIPS)/env.sh

# golangci-lint is built from the Go module proxy, with the project's own Go.
GOLANGCI_VERSION := v2.15.0
GOLANGCI := .build/bin/golangci-lint-$(GOLANGCI_VERSION)

GOVULNCHECK := v1.9.0

# bin/opal looks for its library beside itself.
ifeq ($(shell uname -s),Darwin)
OWN_LIBRARIES := @loader_path/lib
else
OWN_LIBRARIES := $$ORIGIN/lib
endif

# The release is a tag; between releases the binary says devel. Both are empty in
# a source archive without git.
RELEASE := $(shell git describe --tags --exact-match 2>/dev/null)
COMMIT := $(shell git describe --always --abbrev=40 --exclude '*' --dirty 2>/dev/null)
STAMP := -X github.com/opal-photo/opal/app.release=$(RELEASE) -X github.com/opal-photo/opal/app.commit=$(COMMIT)

.PHONY: help dev demo build check test lint vuln fuzz bench race simulate chaos golden man env libvips console screenshots onnxruntime model quality proof check-rules test-dependencies test-ml matte test-matte clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

# make dev LISTEN=127.0.0.1:9090 for another port.
dev: build ## get what is missing, build, and run OPAL on this machine at http://127.0.0.1:8080
	@exec bin/opal dev $(if $(LISTEN),--listen $(LISTEN))

demo: build ## send the sample photo through a running `make dev` and fetch what comes of it
	@bin/opal demo $(if $(LISTEN),--api http://$(LISTEN))

# A library that a running opal has mapped must not be written to: `make demo`
# builds beside `make dev`.
build: libvips console ## bin/opal, and the library it needs in bin/lib
	@rm -rf .build/lib && mkdir -p .build/lib && cp -RP $(LIBVIPS)/lib/. .build/lib/
	@[ ! -d $(ONNXRUNTIME)/lib ] || cp -RP $(ONNXRUNTIME)/lib/. .build/lib/
	@diff -r .build/lib bin/lib >/dev/null 2>&1 || { rm -rf bin/lib && mkdir -p bin/lib && cp -RP .build/lib/. bin/lib/; }
	@[ -x bin/opal ] || echo "building bin/opal; the first time takes some minutes" >&2
	@$(WITH_LIBVIPS) && $(GO) build -ldflags='-r $(OWN_LIBRARIES) $(STAMP)' -o bin/opal .

man: build ## the pages of man(1) of every command, into .build/man
	@rm -rf .build/man && bin/opal man .build/man/man1 && echo "man -M $(CURDIR)/.build/man opal-jobs-create"

model: onnxruntime build ## fetch a trained cut-out model, after asking you to accept its licence (ACCEPT_LICENCE=1 answers)
	@bin/opal models get isnet $(if $(filter 1 yes true,$(ACCEPT_LICENCE)),--accept-licence)

# The quick look before a commit. Tests that start servers, a browser or Python
# are not among the short ones.
check: libvips console $(GOLANGCI) ## vet, lint of what changed, short tests from the cache: under a minute when warm
	@$(WITH_LIBVIPS) && GO='$(GO)' GOLANGCI=$(GOLANGCI) sh .ci/check

# QUALITY holds the measuring program's flags: --seeds, --engines, --photos, --judgements (lines of NAME, engine and P, M or U, with tabs), --out.
quality: onnxruntime libvips ## measure the cut-outs: generated photos, QUALITY_DIR=photos with NAME_a.png, QUALITY="--photos DIR --judgements FILE"
	@$(WITH_LIBVIPS) && $(GO) run ./modules/cutout/qualitytest --runtime "$$(ls $(ONNXRUNTIME)/lib/libonnxruntime.*)" $(if $(QUALITY_DIR),--alpha '$(QUALITY_DIR)') $(QUALITY)

# PROOF_FILES and RULES_PICTURES say how many, PROOF_SEED and RULES_SEED which.
proof: libvips ## hold the limits of proof against 2,000 files with a changed product and as many honest ones
	@$(WITH_LIBVIPS) && OPAL_PROOF_FILES=$(or $(PROOF_FILES),2000) OPAL_PROOF_SEED=$(or $(PROOF_SEED),1) \
		$(GO) test -count=1 -timeout 12h -v -run TestProofFindsChangedProducts ./modules/export

check-rules: libvips ## hold the channels' rules against 500 drawn pictures with planted violations
	@$(WITH_LIBVIPS) && OPAL_RULES_PICTURES=$(or $(RULES_PICTURES),500) OPAL_RULES_SEED=$(or $(RULES_SEED),1) \
		$(GO) test -count=1 -timeout 12h -v -run TestSeededViolations ./modules/check

# A test that can't run fails here instead of being skipped, and a skipped one
# fails the run. Packages that pass print one line, others all they said.
test: libvips console test-dependencies onnxruntime $(GOLANGCI) ## install what the tests need, then run all tests with the race detector, and lint beside them
	@$(WITH_LIBVIPS) && GO='$(GO)' RUN='$(RUN)' PACKAGES='$(PACKAGES)' sh .ci/test

lint: libvips $(GOLANGCI) ## golangci-lint (with go vet, staticcheck, gofmt), actionlint, shell syntax
	@for f in .ci/run .ci/apt-get .ci/test .ci/check .ci/changed .ci/test-dependencies .ci/race modules/imaging/libvips.sh modules/console/build.sh modules/pipeline/onnx/onnxruntime.sh; do \
		bash -n $$f || exit 1; \
	done
	@$(WITH_LIBVIPS) && $(GOLANGCI) run $(PACKAGES)
	@$(WITH_LIBVIPS) && said=$$($(GO) test -run 'Workflow|Actionlint|Shell' ./deploy) || { echo "$$said"; exit 1; }

vuln: libvips ## known vulnerabilities in what the binary calls (asks the Go vulnerability database)
	@$(WITH_LIBVIPS) && $(GO) run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK) ./...

fuzz: libvips test-dependencies ## each fuzz target for 20 s (FUZZTIME=1m for longer), and the API by its document for 5 min (APITIME=30m)
	@$(WITH_LIBVIPS) && grep -rn --include='*_test.go' '^func Fuzz' $(FOLDERS) 2>/dev/null | \
	sed 's|^\(.*\)/[^/]*\.go:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\).*|\1 \2|' | while read -r dir name; do \
		echo "== $$dir $$name"; \
		$(GO) test "./$$dir" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) || exit 1; \
	done
	@echo "== ./app the API by its document, for $(APITIME)"
	@$(WITH_LIBVIPS) && OPAL_REQUIRE_ALL=1 OPAL_SCHEMATHESIS=$(APITIME) $(GO) test ./app -run 'TestClientScripts/by_the_document' -count=1 -v -timeout 60m

test-ml: ## ml/sd's model call with real diffusers and tiny random weights, on the CPU (installs torch, 6 GB, once; ten minutes; not in CI)
	@[ -f .build/torch/.installed ] || { echo "installing torch and diffusers into .build/torch: 6 GB" >&2; \
	python3 -m venv .build/torch && .build/torch/bin/pip install -q --disable-pip-version-check torch -r ml/sd/requirements.txt pytest httpx && touch .build/torch/.installed; }
	@cd ml/sd && HF_HUB_OFFLINE=1 ../../.build/torch/bin/python -B -m pytest -q -p no:cacheprovider tests_ml

# MATTE holds the flags of `python3 -m opal_matte`: --minutes, --views, --resume, --begin.
matte: ## train OPAL's own cut-out network from nothing into .build/matte: Blender, torch, hours (MATTE="--minutes 180")
	@command -v blender >/dev/null && /usr/bin/python3 -c 'import cv2, torch, PIL' && [ -d /usr/share/sweethome3d ] || \
	sh .ci/apt-get npm blender sweethome3d-furniture python3-torch python3-opencv python3-pil python3-numpy
	@cd ml/matte && PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -m opal_matte all --work '$(CURDIR)/.build/matte' $(MATTE)

test-matte: ## the tests of ml/matte, with small networks (installs Debian's torch and OpenCV; a minute; not in CI)
	@/usr/bin/python3 -c 'import cv2, torch, PIL, pytest' || sh .ci/apt-get python3-torch python3-opencv python3-pil python3-numpy python3-pytest
	@cd ml/matte && /usr/bin/python3 -B -m pytest -q -p no:cacheprovider tests

bench: libvips ## the benchmarks, one package after another (BENCH=Decode for some)
	@$(WITH_LIBVIPS) && $(GO) test -p 1 -run '^$$' -bench '$(BENCH)' -benchmem -timeout 60m \
	$$(grep -rl --include='*_test.go' '^func Benchmark' $(FOLDERS) | xargs -n1 dirname | sort -u | sed 's|^|./|') | grep -v '^\(goos\|goarch\|cpu\|PASS\|ok\)'

# RACE holds the flags: --only 'jpeg|png' (the other rows keep their lines), --short, --rounds 5, --photos 8. RACE_MODEL is
# ISNet's ONNX file, for rembg and OPAL. The README is written after each row.
race: onnxruntime build test-dependencies ## OPAL beside sharp, OpenCV, rembg and others on the same work: ratios, written into the README (25 minutes on an idle machine; RACE="--only cutout" for some rows, RACE=--short for fewer photos; RACE_MODEL=isnet.onnx)
	@$(WITH_LIBVIPS) && GO='$(GO)' sh .ci/race && .build/race --readme README.md $(RACE)

# MEASURE=1 measures this machine first, which takes many minutes: single photos, what the roles
# ask of Postgres, the store and the queues, and backlogs, against which the simulation is held.
simulate: $(if $(MEASURE),libvips console test-dependencies) ## OPAL at 10 thousand, 100 thousand and a million pictures a day on Azure: limits and costs, written into deploy/SCALE.md (MEASURE=1 measures anew)
	@[ -z "$(MEASURE)" ] || { $(WITH_LIBVIPS) && OPAL_REQUIRE_ALL=1 $(GO) test ./app -run '^$$' -bench 'BenchmarkScale' -benchtime 1x -timeout 120m -scale='$(CURDIR)/deploy/simulate/measured.json'; }
	@GOFLAGS= CGO_ENABLED=0 $(GO) run ./deploy/simulate --page deploy/SCALE.md

chaos: libvips console test-dependencies ## kill OPAL at every point and at random, break each part, and count what was lost (an hour; six fleets beside each other)
	@$(WITH_LIBVIPS) && OPAL_REQUIRE_ALL=1 $(GO) test ./app/chaos -run 'TestChaos' -count=1 -parallel $(FLEETS) -timeout 240m -v -chaos

golden: libvips ## write the golden files anew, pictures and the OpenAPI document; look at them before you commit
	@$(WITH_LIBVIPS) && dirs=$$(grep -rl --include='*_test.go' 'flag.Bool("update"' $(FOLDERS) | xargs -n1 dirname | sort -u | sed 's|^|./|') && \
	if [ -n "$$dirs" ]; then $(GO) test $$dirs -update; else echo "there are no golden files"; fi

env: libvips ## print what a shell needs for go build and go test: eval "$(make -s env)"
	@cat $(LIBVIPS)/env.sh

libvips:
	@sh modules/imaging/libvips.sh $(LIBVIPS)

console: libvips ## the browser console into modules/console/dist, which the binary embeds (needs npm)
	@$(WITH_LIBVIPS) && GO='$(GO)' sh modules/console/build.sh all .build/console

screenshots: libvips console test-dependencies ## pictures of every page of the console at 390, 820 and 1440 px into .build/screenshots, to be looked at
	@rm -rf .build/screenshots && mkdir -p .build/screenshots
	@$(WITH_LIBVIPS) && OPAL_REQUIRE_ALL=1 $(GO) test ./app -run InTheBrowser -count=1 -timeout 60m -artifacts -outputdir "$(CURDIR)/.build/screenshots"

onnxruntime:
	@sh modules/pipeline/onnx/onnxruntime.sh $(ONNXRUNTIME)

test-dependencies:
	@sh .ci/test-dependencies

$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION), once; it takes some minutes" >&2
	@mkdir -p .build/bin
	@GOFLAGS= GOBIN="$$PWD/.build/bin" $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv .build/bin/golangci-lint $@

clean: ## remove what was built and installed into this folder
	@rm -rf bin .build
