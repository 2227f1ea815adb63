#!/usr/bin/env bash
# Gives an older revision of the API or the billing service its traffic back, and stops
# the others; nothing else changes, and it takes a minute:
#
#   deploy/back.sh RESOURCE_GROUP APP             lists those that there are
#   deploy/back.sh RESOURCE_GROUP APP REVISION    goes back to one
#
# Revisions that were only tried are refused: they do no background work.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

group=${1:?usage: back.sh RESOURCE_GROUP APP [REVISION]}
app=${2:?usage: back.sh RESOURCE_GROUP APP [REVISION]}
here=$(cd "$(dirname "$0")" && pwd)
all=$(az containerapp revision list --resource-group "$group" --name "$app" --all --output json)
whole=$(jq -r '.[] | select([.properties.template.containers[0].env[]? | select(.name == "BACKGROUND" and .value == "off")] == [])
	| "\(.name)  \(.properties.createdTime)  \(if .properties.active then "runs" else "stopped" end)  \(.properties.trafficWeight // 0) %  \(.properties.template.containers[0].image)"' <<<"$all")
if [ -z "${3:-}" ]; then
	printf '%s\n' "$whole"
	exit 0
fi
name=$app--${3#"$app--"}
if ! grep -q "^$name " <<<"$whole"; then
	if jq -e --arg n "$name" 'any(.[]; .name == $n)' <<<"$all" >/dev/null; then
		echo "back: $name was only tried, and does no background work; take the one that ends in -live" >&2
	else
		echo "back: there is no $name; there are:" >&2
		printf '%s\n' "$whole" >&2
	fi
	exit 1
fi
az containerapp revision activate --resource-group "$group" --name "$app" --revision "$name" --output none
"$here/wait-revision.sh" "$group" "$app" "$name"
az containerapp ingress traffic set --resource-group "$group" --name "$app" --revision-weight "$name=100" --output none
"$here/retire.sh" "$group" "$app" "$name"
echo "back: $name has the traffic"
