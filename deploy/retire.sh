#!/usr/bin/env bash
# Waits until a container app's revision runs and has all the traffic, and stops the
# others: running, they cost money and connections to the database, and do the
# background work twice.
#
#   deploy/retire.sh RESOURCE_GROUP APP REVISION
#
# A rollback starts them again: back.sh.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

group=${1:?usage: retire.sh RESOURCE_GROUP APP REVISION}
app=${2:?usage: retire.sh RESOURCE_GROUP APP REVISION}
keep=${3:?usage: retire.sh RESOURCE_GROUP APP REVISION}
keep=${keep#"$app--"}
here=$(cd "$(dirname "$0")" && pwd)

"$here/wait-revision.sh" "$group" "$app" "$keep"
weight=0
for ((tries = 0; tries < 12; tries++)); do # a minute for traffic that was just given
	weight=$(az containerapp revision show --resource-group "$group" --name "$app" --revision "$app--$keep" --query "properties.trafficWeight || \`0\`" --output tsv)
	[ "$weight" != 100 ] || break
	sleep 5
done
if [ "$weight" != 100 ]; then
	echo "retire: $app--$keep has $weight % of the traffic: stopping the others would leave clients without an answer. Nothing was stopped" >&2
	exit 1
fi
others=$(az containerapp revision list --resource-group "$group" --name "$app" --query "[?properties.active && name!='$app--$keep'].name" --output tsv)
for revision in $others; do
	az containerapp revision deactivate --resource-group "$group" --name "$app" --revision "$revision" --output none
done
