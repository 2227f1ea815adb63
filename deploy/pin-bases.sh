#!/usr/bin/env bash
# Writes into the Dockerfile which image each base's tag names now, so that a build
# tomorrow takes the same: ARG GO_IMAGE=golang:1.26.8-bookworm@sha256:...
#
#   deploy/pin-bases.sh            asks the registries and writes the digests; run it again for newer ones
#   deploy/pin-bases.sh --check    changes nothing; fails where a base has no digest, or the tag names another image now
#
# pin-bases.yml runs it every week and opens a pull request. Needs curl and jq, and
# no login: the bases are public. OPAL_PIN_FILES names other Dockerfiles.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
check=
case ${1:-} in
-h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;;
"") ;;
--check) check=yes ;;
*)
	echo "usage: pin-bases.sh [--check]" >&2
	exit 2
	;;
esac
here=$(cd "$(dirname "$0")" && pwd)
read -ra files <<<"${OPAL_PIN_FILES:-$here/Dockerfile}"
accept='application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json'
fail() {
	echo "pin-bases: $*" >&2
	exit 1
}

# ask URL [TOKEN] prints the head of an image's manifest: its status and headers.
ask() {
	local headers=(-H "Accept: $accept")
	[ -z "${2:-}" ] || headers+=(-H "Authorization: Bearer $2")
	curl -sS --max-time 60 --retry 2 --head "${headers[@]}" "$1" | tr -d '\r'
}
# header NAME prints a header of the head on standard input.
header() { awk -v name="$1:" 'tolower($1) == name { $1 = ""; sub(/^ /, ""); v = $0 } END { print v }'; }

# digest_of NAME:TAG prints the digest of the image for all platforms.
digest_of() {
	local name=${1%:*} tag=${1##*:} registry scheme=https answer challenge realm service token digest
	case ${name%%/*} in
	*.* | *:* | localhost) registry=${name%%/*} name=${name#*/} ;;
	*)
		registry="registry-1.docker.io"
		[[ $name == */* ]] || name=library/$name
		;;
	esac
	case $registry in
	localhost:* | 127.*) scheme=http ;; # as docker does
	esac
	answer=$(ask "$scheme://$registry/v2/$name/manifests/$tag") || fail "$registry can't be reached"
	if [[ ${answer%%$'\n'*} == *" 401"* ]]; then
		challenge=$(header www-authenticate <<<"$answer")
		realm=$(sed -n 's/.*realm="\([^"]*\)".*/\1/p' <<<"$challenge")
		service=$(sed -n 's/.*service="\([^"]*\)".*/\1/p' <<<"$challenge")
		[[ $realm == https://* || $scheme == http && $realm == http://* ]] || fail "$registry asks for a login at '$realm'"
		token=$(curl -sS --fail --max-time 60 --retry 2 --get --data-urlencode "service=$service" --data-urlencode "scope=repository:$name:pull" "$realm" |
			jq -er '.token // .access_token') || fail "$registry gives no token for $name"
		answer=$(ask "$scheme://$registry/v2/$name/manifests/$tag" "$token") || fail "$registry can't be reached"
	fi
	[[ ${answer%%$'\n'*} == *" 200"* ]] || fail "$1: the registry answers '${answer%%$'\n'*}'"
	digest=$(header docker-content-digest <<<"$answer")
	[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || fail "$1: the registry names no digest"
	echo "$digest"
}

# All are asked for before the first file is written.
bad=0 edits=() targets=()
for file in "${files[@]}"; do
	[ -f "$file" ] || fail "there is no $file"
	while read -r arg image; do
		plain=${image%%@*}
		[[ $plain == *:* ]] || fail "$file: $arg names no version"
		digest=$(digest_of "$plain")
		if [ "$image" = "$plain@$digest" ]; then
			continue
		fi
		bad=1
		echo "$file: $arg is $image, the registry has $plain@$digest"
		targets+=("$file")
		edits+=("s|^ARG $arg=.*|ARG $arg=$plain@$digest|")
	done < <(sed -n 's/^ARG \([A-Z_]*_IMAGE\)=\([^ ]*\).*/\1 \2/p' "$file")
done
if [ -n "$check" ]; then
	exit "$bad"
fi
for i in "${!edits[@]}"; do
	sed "${edits[$i]}" "${targets[$i]}" >"${targets[$i]}.new"
	cat "${targets[$i]}.new" >"${targets[$i]}"
	rm "${targets[$i]}.new"
done
