#!/bin/sh
# Gets ONNX Runtime's library, which runs the models that operators bring.
#
#   onnxruntime.sh DIR     DIR (made, git-ignored) holds afterwards
#                            lib/      the library, with its licence, to ship beside bin/opal
#
# It comes from npm's onnxruntime-node (MIT), pinned by package-lock.json, without
# the package's scripts, which would fetch libraries for graphics cards. npm
# downloads 113 MB, of which 25 to 46 are kept. OPAL builds and runs without it.
# Speaks on stderr only.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:?usage: onnxruntime.sh DIR}"
dir=$(cd "$1" && pwd)

say() { echo "onnxruntime: $*" >&2; }
die() { say "$*"; exit 1; }

stamp="$dir $(cat "$here/package-lock.json" "$here/onnxruntime.sh" | cksum)"
if [ "$(cat "$dir/stamp" 2>/dev/null)" = "$stamp" ]; then
	exit 0
fi

case "$(uname -s) $(uname -m)" in
"Linux x86_64") platform=linux/x64 library=libonnxruntime.so.1 ;;
"Linux aarch64") platform=linux/arm64 library=libonnxruntime.so.1 ;;
"Darwin arm64") platform=darwin/arm64 library=libonnxruntime.1.dylib ;;
*) die "the package has no library for $(uname -s) $(uname -m); set CUTOUT_RUNTIME to one of your own" ;;
esac
command -v npm >/dev/null || die "npm is missing: install nodejs and npm, then try again"

say "getting the library from npm (113 MB, once)"
rm -rf "$dir/npm" "$dir/lib" "$dir/stamp"
mkdir -p "$dir/npm" "$dir/lib"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$dir/npm/"
(cd "$dir/npm" && npm ci --ignore-scripts --loglevel=error) >&2 || die "npm could not get onnxruntime-node"
package=$dir/npm/node_modules/onnxruntime-node
version=$(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' "$package/package.json" | head -n 1)
cp "$package/bin/napi-v6/$platform/$library" "$dir/lib/"
if [ -f "$package/LICENSE" ]; then
	cp "$package/LICENSE" "$dir/lib/LICENSE-onnxruntime"
else
	echo "ONNX Runtime $version, Copyright (c) Microsoft Corporation, under the MIT licence: https://github.com/microsoft/onnxruntime/blob/main/LICENSE" >"$dir/lib/LICENSE-onnxruntime"
fi
rm -rf "$dir/npm"
echo "$stamp" >"$dir/stamp"
say "ONNX Runtime $version is in $dir"
