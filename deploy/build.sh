#!/usr/bin/env bash
# Builds an image into the registry and prints its name by digest, as deployments
# want it; what the build says goes to standard error:
#
#   export OPAL_IMAGE=$(deploy/build.sh $REGISTRY opal:first deploy/Dockerfile . REVISION=$(git rev-parse HEAD))
#
# The registry builds it from the working tree, without what .dockerignore names. Where
# it may not (free credit has no ACR Tasks: TasksOperationsNotAllowed), this
# machine's docker does; on an Apple laptop that emulates amd64, which takes an hour.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

usage="usage: build.sh REGISTRY NAME:TAG DOCKERFILE CONTEXT [BUILD_ARG=VALUE...]"
registry=${1:?$usage}
name=${2:?$usage}
file=${3:?$usage}
context=${4:?$usage}
shift 4
by_registry=(--only-show-errors) by_docker=(--push --platform linux/amd64 --provenance mode=max --sbom true)
for argument in "$@"; do
	case $argument in
	BASE=*@sha256:* | OPAL_IMAGE=*@sha256:*) ;;
	BASE=* | OPAL_IMAGE=*) # a tag may be another image tomorrow
		echo "build: $argument is no image by digest: NAME@sha256:..." >&2
		exit 2
		;;
	esac
	by_registry+=(--build-arg "$argument") by_docker+=(--build-arg "$argument")
done
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# a pipe, for which the shell waits: what the build said is looked at next
if ! az acr build --registry "$registry" --image "$name" --file "$file" "${by_registry[@]}" "$context" 3>&2 2>&1 >&3 3>&- | tee "$said" >&2; then
	if grep -qiE 'toomanyrequests|429 Too Many' "$said"; then # the registry asks Docker Hub without a login, beside many others
		echo "build: Docker Hub refuses more pulls for now. Wait an hour, or take a base over with a login of yours and name it:" >&2
		sed -n "s|^ARG \([A-Z_]*_IMAGE\)=\([a-z]*\):\([^@ ]*\).*|  az acr import -n $registry --source docker.io/library/\2:\3 -t \2:\3 -u USER -p TOKEN; then build.sh ... \1=$registry.azurecr.io/\2:\3|p" "$file" >&2
	fi
	grep -q TasksOperationsNotAllowed "$said" || exit 1
	echo "build: the registry does not build; docker does it here" >&2
	az acr login --name "$registry" >&2
	docker buildx build "${by_docker[@]}" --file "$file" --tag "$registry.azurecr.io/$name" "$context" >&2
fi
digest=$(az acr manifest show-metadata --registry "$registry" --name "$name" --query digest --output tsv)
echo "$registry.azurecr.io/${name%:*}@${digest:?the registry names no digest}"
