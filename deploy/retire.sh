#!/usr/bin/env bash
# Waits until a container app's revision runs, and stops all its others: running,
# they cost money and connections to the database, and do the background work twice.
#
#   deploy/retire.sh RESOURCE_GROUP APP REVISION
#
# A rollback starts them again: az containerapp revision activate.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

group=${1:?usage: retire.sh RESOURCE_GROUP APP REVISION}
app=${2:?usage: retire.sh RESOURCE_GROUP APP REVISION}
keep=${3:?usage: retire.sh RESOURCE_GROUP APP REVISION}
here=$(cd "$(dirname "$0")" && pwd)

"$here/wait-revision.sh" "$group" "$app" "$keep"
others=$(az containerapp revision list --resource-group "$group" --name "$app" --query "[?properties.active && name!='$app--$keep'].name" --output tsv)
for revision in $others; do
	az containerapp revision deactivate --resource-group "$group" --name "$app" --revision "$revision" --output none
done
