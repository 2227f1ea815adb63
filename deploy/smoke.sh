#!/usr/bin/env bash
# Walks the API's flow once, as a client would, and fails where it breaks:
#
#   OPAL_API_KEY=... deploy/smoke.sh BASE_URL [TENANT [PHOTO]]
#
# Without a key it tries an API that asks for none (make dev). Without a photo it
# draws one. Needs bash, curl, jq and python3; prints one line for each step.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

base=${1:?usage: smoke.sh BASE_URL [TENANT [PHOTO]]}
base=${base%/}
tenant=${2:-default}
photo=${3:-}
# A worker that was scaled to zero needs a minute or two to come up.
wait_seconds=${OPAL_SMOKE_WAIT:-600}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The key goes to curl in a file: a command line can be read by others.
umask 077
: >"$work/headers"
if [ -n "${OPAL_API_KEY:-}" ]; then
	printf 'X-API-Key: %s\n' "$OPAL_API_KEY" >"$work/headers"
fi
correlation="smoke-$(date -u +%Y%m%dT%H%M%S)-$$"

say() { printf 'smoke: %s\n' "$*"; }
die() {
	printf 'smoke: FAILED: %s (correlation id %s)\n' "$*" "$correlation" >&2
	exit 1
}

# call WANT METHOD PATH [JSON] leaves the body in $work/body and fails unless the
# status is one of WANT (200 or 403,409).
call() {
	local want=$1 method=$2 path=$3 body=${4:-} status
	local args=(-sS -o "$work/body" -w '%{http_code}' --max-time 60 -X "$method" -H "@$work/headers" -H "X-Correlation-Id: $correlation")
	if [ -n "$body" ]; then
		args+=(-H 'Content-Type: application/json' --data "$body")
	fi
	status=$(curl "${args[@]}" "$base$path") || die "$method $path: no answer"
	case ",$want," in
	*",$status,"*) ;;
	*) die "$method $path: status $status instead of $want: $(head -c 500 "$work/body")" ;;
	esac
}
field() { jq -er "$1" "$work/body" || die "no $1 in: $(head -c 500 "$work/body")"; }

# put WANT URL sends the photo to a signed URL.
put() {
	local want=$1 url=$2 status
	status=$(curl -sS -o "$work/body" -w '%{http_code}' --max-time 120 -X PUT -H 'x-ms-blob-type: BlockBlob' \
		-H 'Content-Type: image/png' --data-binary "@$photo" "$url") || die "upload: no answer"
	case ",$want," in
	*",$status,"*) ;;
	*) die "upload: status $status instead of $want: $(head -c 500 "$work/body")" ;;
	esac
}

# fetch URL FILE gets a result by its signed URL.
fetch() {
	curl -sS --fail --max-time 120 -o "$2" "$1" || die "download: no answer, or not 200"
	[ -s "$2" ] || die "download: empty"
}

if [ -z "$photo" ]; then
	photo=$work/photo.png
	python3 - "$photo" <<'PY'
import struct, sys, zlib

side = 160
rows = b""
for y in range(side):
    rows += b"\0"
    for x in range(side):
        inside = abs(x - side / 2) < side / 6 and abs(y - side / 2) < side / 3
        rows += bytes((150 + (y % 40), 60, 40) if inside else (244, 244, 242))

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

with open(sys.argv[1], "wb") as f:
    f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PY
fi

call 200 GET /readyz
say "ready"
call 404 GET /v1/nowhere
field .code >/dev/null
say "an unknown path is a problem document"

call 200 POST /v1/jobs "$(jq -n --arg t "$tenant" '{tenant_id: $t, items: [{filename: "smoke.png"}]}')"
job=$(field .job_id)
item=$(field '.items[0].item_id')
say "job $job"
ids=$(jq -n --arg t "$tenant" --arg j "$job" --arg i "$item" '{tenant_id: $t, job_id: $j, item_id: $i, filename: "smoke.png", content_type: "image/png"}')

call 200 POST /v1/uploads/sas "$ids"
url=$(field .upload_url)
put 201 "$url"
put 403,409 "$url"
say "uploaded once, and not twice"
call 200 POST /v1/uploads/complete "$ids"
[ "$(field .ok)" = true ] || die "complete: not ok"

status=none
for ((waited = 0; waited < wait_seconds; waited += 2)); do
	call 200 GET "/v1/jobs/$job?tenant_id=$tenant"
	status=$(field .status)
	case $status in completed | partial | failed | cancelled) break ;; esac
	sleep 2
done
[ "$status" = completed ] || die "the job is $status after $waited s: $(jq -c '[.items[] | {status, error_message}]' "$work/body")"
say "completed after $waited s"

call 200 GET "/v1/downloads/$item?tenant_id=$tenant"
fetch "$(field .download_url)" "$work/picture"
call 200 GET "/v1/downloads/jobs/$job/export?tenant_id=$tenant"
fetch "$(field .download_url)" "$work/export.zip"
[ "$(head -c 2 "$work/export.zip")" = PK ] || die "the export is no ZIP"
say "picture of $(wc -c <"$work/picture") bytes, ZIP of $(wc -c <"$work/export.zip") bytes"
say "ok (correlation id $correlation)"
