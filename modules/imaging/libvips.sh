#!/bin/sh
# Gets libvips, the C library behind this package, and writes what a build needs.
#
#   libvips.sh DIR     DIR (made, git-ignored) holds afterwards
#                        env.sh    export lines for a shell: . DIR/env.sh
#                        version   libvips' version, one line
#                        lib/      the library to ship beside bin/opal; empty for a system libvips
#
# npm's prebuilt library comes first: pinned by package-lock.json, 10 MB, no
# other packages needed. Without npm, or on a platform npm has none for, the
# system's libvips does: Debian's libvips-dev or brew's vips.
# OPAL_LIBVIPS=npm or OPAL_LIBVIPS=system picks one. Speaks on stderr only.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:?usage: libvips.sh DIR}"
dir=$(cd "$1" && pwd)
choice=${OPAL_LIBVIPS:-auto}

say() { echo "libvips: $*" >&2; }
die() { say "$*"; exit 1; }

# What the result depends on. The same stamp means there is nothing to do.
stamp="$dir $choice $(cat "$here/package-lock.json" "$here/libvips.sh" | cksum)"
if [ -f "$dir/env.sh" ] && [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi

# npm_platform prints the name npm's packages use for this machine, or fails.
npm_platform() {
	case "$(uname -s) $(uname -m)" in
	"Linux x86_64") echo linux-x64 ;;
	"Linux aarch64") echo linux-arm64 ;;
	"Darwin arm64") echo darwin-arm64 ;;
	"Darwin x86_64") echo darwin-x64 ;;
	*) return 1 ;;
	esac
	# The prebuilt libraries are for glibc. musl's loader is named for itself.
	if ls /lib/ld-musl-* >/dev/null 2>&1; then return 1; fi
}

write_env() { # VERSION CFLAGS LDFLAGS RPATH-OR-EMPTY
	echo "$1" >"$dir/version"
	{
		echo "# Written by modules/imaging/libvips.sh: libvips $1."
		echo "export CGO_ENABLED=1"
		# Go's build cache doesn't see a changed library. The version in the flags makes it.
		echo "export CGO_CFLAGS='-g -O2 -DOPAL_LIBVIPS=$1 $2'"
		echo "export CGO_LDFLAGS='-g -O2 $3'"
		if [ -n "$4" ]; then
			# Test binaries run from anywhere, so they look where the library lies now.
			# It is added to the flags set by hand, in the environment or with go env -w.
			echo 'case "$(go env GOFLAGS)" in *-ldflags=*) ;; *)'
			echo "	export GOFLAGS=\"\$(go env GOFLAGS) -ldflags=-r=$4\" ;;"
			echo "esac"
		fi
	} >"$dir/env.sh.new"
	mv "$dir/env.sh.new" "$dir/env.sh"
	echo "$stamp" >"$dir/stamp"
}

from_npm() {
	platform=$(npm_platform) || return 1
	command -v npm >/dev/null || return 1
	case $dir in *[!A-Za-z0-9/._+@-]*) die "the path $dir has characters that compiler flags can't hold; clone into a plainer one" ;; esac
	say "getting the prebuilt library from npm (10 MB; some seconds, longer on a slow line)"
	rm -rf "$dir/npm" "$dir/lib"
	mkdir -p "$dir/npm" "$dir/lib"
	cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$dir/npm/"
	(cd "$dir/npm" && npm ci --loglevel=error) >&2 || return 1
	packages=$dir/npm/node_modules/@img
	built=$packages/sharp-libvips-$platform
	library=$(ls "$built"/lib/libvips-cpp.* 2>/dev/null | head -n 1)
	[ -n "$library" ] || return 1
	cp "$library" "$dir/lib/"
	# -lvips-cpp wants the name without a version.
	case $library in
	*.dylib) ln -sf "$(basename "$library")" "$dir/lib/libvips-cpp.dylib" ;;
	*) ln -sf "$(basename "$library")" "$dir/lib/libvips-cpp.so" ;;
	esac
	# The licences ask that their names and versions travel with the library.
	cp "$built/README.md" "$dir/lib/LICENSES-libvips.md"
	cp "$built/versions.json" "$dir/lib/VERSIONS-libvips.json"
	cp "$here/NOTICE-libvips.md" "$dir/lib/"
	version=$(sed -n 's/.*"vips": "\([^"]*\)".*/\1/p' "$built/versions.json")
	include=$packages/sharp-libvips-dev/include
	write_env "$version" \
		"-I$include -I$include/glib-2.0 -I$built/lib/glib-2.0/include" \
		"-L$dir/lib -lvips-cpp" "$dir/lib"
	say "libvips $version is in $dir"
}

from_system() {
	if ! pkg-config --exists vips 2>/dev/null; then
		if command -v brew >/dev/null; then
			say "getting it from Homebrew: brew install vips pkgconf"
			brew install vips pkgconf >&2
		elif command -v apt-get >/dev/null; then
			command -v npm >/dev/null ||
				say "npm is missing. With it (apt-get install npm, or Node.js from elsewhere) libvips is one package of 10 MB;" \
					"going on without: Debian's libvips-dev, about 240 packages and 440 MB"
			sh "$here/../../.ci/apt-get" libvips-dev pkg-config || exit 1
		else
			die "install npm, or libvips 8.14 or newer with its headers and pkg-config; then try again"
		fi
	fi
	pkg-config --exists 'vips >= 8.14' || die "libvips $(pkg-config --modversion vips) is too old: 8.14 or newer is needed"
	rm -rf "$dir/npm" "$dir/lib"
	mkdir -p "$dir/lib"
	write_env "$(pkg-config --modversion vips)" "$(pkg-config --cflags vips)" "$(pkg-config --libs vips)" ""
	say "using the system's libvips $(cat "$dir/version")"
}

case $choice in
npm) from_npm || die "npm has no libvips for $(uname -s) $(uname -m), or npm itself is missing" ;;
system) from_system ;;
auto) from_npm || from_system ;;
*) die "OPAL_LIBVIPS is '$choice'; it may be npm, system or unset" ;;
esac
