# make help lists the targets.
.DEFAULT_GOAL := help

LIBVIPS := .build/libvips
# Each recipe that builds Go code begins with this: libvips' flags.
WITH_LIBVIPS = . $(LIBVIPS)/env.sh

.PHONY: help env libvips build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

libvips:
	@sh modules/imaging/libvips.sh $(LIBVIPS)

env: libvips ## print the export lines a shell needs for go build and go test: eval "$(make -s env)"
	@cat $(LIBVIPS)/env.sh

build: libvips ## bin/opal, and the library it needs in bin/lib
	@mkdir -p bin/lib
	@cp -RP $(LIBVIPS)/lib/. bin/lib/
	@$(WITH_LIBVIPS) && go build -o bin/opal .
