#!/bin/sh
# Builds the console into dist/, which console.go embeds.
#
#   build.sh packages DIR   get the npm packages into DIR (made, git-ignored)
#   build.sh bundle DIR     bundle src/ with the packages in DIR into dist/
#   build.sh all DIR        both; without npm the binary has a page that says what to do
#
# The packages are pinned by package-lock.json. esbuild comes with Go's own tools.
# GO names another go command. Speaks on stderr only.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
what=${1:?usage: build.sh packages|bundle|all DIR}
mkdir -p "${2:?usage: build.sh $what DIR}"
dir=$(cd "$2" && pwd)
dist=$here/dist

say() { echo "console: $*" >&2; }

# clear_dist removes what an earlier bundle left: all but the page for a build without npm.
clear_dist() { find "$dist" -type f ! -name missing.html -exec rm -f {} +; }

packages() {
	stamp="$dir $(cat "$here/package-lock.json" | cksum)"
	if [ -d "$dir/node_modules" ] && [ "$(cat "$dir/packages.stamp" 2>/dev/null)" = "$stamp" ]; then
		return
	fi
	say "getting the packages from npm (3 MB; some seconds, longer on a slow line)"
	rm -rf "$dir/node_modules"
	cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$dir/"
	(cd "$dir" && npm ci --omit=dev --loglevel=error) >&2
	echo "$stamp" >"$dir/packages.stamp"
}

# The sources' own checksum says whether there is something to do: go build sees
# an unchanged dist/ as unchanged.
bundle() {
	stamp=$(cd "$here" && { find src -type f | LC_ALL=C sort | xargs cat; cat build.sh words.go package-lock.json ../../go.sum; } | cksum)
	if [ -f "$dist/index.html" ] && [ "$(cat "$dir/bundle.stamp" 2>/dev/null)" = "$stamp" ]; then
		return
	fi
	clear_dist
	say "bundling the pages; the first time Go builds esbuild for it, which takes a minute or two"
	(cd "$here" && ${GO:-go} run words.go src "$dir/node_modules/texts") >&2
	(cd "$here" && NODE_PATH="$dir/node_modules" ${GO:-go} tool esbuild src/main.tsx src/console.css --bundle --splitting --format=esm --minify --target=es2022 \
		--jsx=automatic --jsx-import-source=preact --charset=utf8 --legal-comments=none --log-level=warning \
		--entry-names='[name]-[hash]' --chunk-names='[name]-[hash]' --outdir="$dist") >&2
	cp "$here/src/mark.svg" "$dist/mark.svg"
	cp "$here/src/index.html" "$dist/index.html"
	echo "$stamp" >"$dir/bundle.stamp"
}

case $what in
packages) packages ;;
bundle) bundle ;;
all)
	if ! command -v npm >/dev/null 2>&1; then
		say "there is no npm, so the console is left out; install Node.js with npm, then run make again"
		clear_dist
		exit 0
	fi
	packages
	bundle
	;;
*)
	say "usage: build.sh packages|bundle|all DIR"
	exit 2
	;;
esac
