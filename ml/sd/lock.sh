#!/bin/sh
# Writes requirements.lock, by which the Dockerfile installs: every package of
# requirements.txt and what those want, with its hashes, for Python 3.12 on Linux
# and amd64. torch and its CUDA packages come with the base image and are left out.
#
#   pip install uv && sh ml/sd/lock.sh
set -eu
cd "$(dirname "$0")"
without=$(mktemp)
trap 'rm -f "$without"' EXIT
echo "torch ; python_version < '0'" >"$without"
{
	echo "# Written by lock.sh from requirements.txt: run it after each change there."
	uv pip compile requirements.txt --quiet --override "$without" --python-version 3.12 --python-platform x86_64-manylinux_2_28 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate "$@"
} >requirements.lock.new
mv requirements.lock.new requirements.lock
