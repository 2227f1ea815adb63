#!/bin/sh
# Lays ONNX Runtime's libraries with CUDA, and NVIDIA's that they load, into DIR/lib, under the
# names that OPAL's image looks for. The Dockerfile runs it for DEVICE=cuda. Fetches 2 GB from PyPI, by hash.
#
#   cuda.sh DIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lib=${1:?usage: cuda.sh DIR}/lib
packages=$(mktemp -d)
trap 'rm -rf "$packages"' EXIT

python3 -m pip install --quiet --no-cache-dir --disable-pip-version-check --no-compile --no-deps --only-binary :all: --require-hashes \
	--target "$packages" --requirement "$here/requirements-cuda.txt"
mkdir -p "$lib"
runtime=$packages/onnxruntime
mv "$runtime"/capi/libonnxruntime.so.1.* "$lib/libonnxruntime.so.1"
mv "$runtime/capi/libonnxruntime_providers_shared.so" "$runtime/capi/libonnxruntime_providers_cuda.so" "$lib/"
mv "$runtime/LICENSE" "$lib/LICENSE-onnxruntime"
mv "$packages"/nvidia/*/lib/*.so.* "$lib/"
rm -f "$lib"/libnvblas.so.* "$lib"/libcufftw.so.* "$lib"/*.alt.so.* # of other programs
for terms in "$packages"/nvidia_*.dist-info/licenses/* "$packages"/nvidia_*.dist-info/License.txt; do
	[ ! -f "$terms" ] || cat "$terms"
done >"$lib/LICENSES-nvidia"

# libcuda is the driver's: the machine with the card brings it.
missing=$(LD_LIBRARY_PATH=$lib ldd "$lib/libonnxruntime_providers_cuda.so" | grep 'not found' | grep -v 'libcuda\.so' || true)
if [ -n "$missing" ]; then
	echo "cuda.sh: requirements-cuda.txt lacks what holds: $missing" >&2
	exit 1
fi
