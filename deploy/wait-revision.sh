#!/usr/bin/env bash
# Waits until a container app's revision runs, and fails when it does not:
#
#   deploy/wait-revision.sh RESOURCE_GROUP APP REVISION
#
# A worker that is scaled to zero counts as running.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

group=${1:?usage: wait-revision.sh RESOURCE_GROUP APP REVISION}
app=${2:?usage: wait-revision.sh RESOURCE_GROUP APP REVISION}
revision=${3:?usage: wait-revision.sh RESOURCE_GROUP APP REVISION}
revision=$app--${revision#"$app--"}
wait_seconds=${OPAL_REVISION_WAIT:-600}

state=unknown
for ((waited = 0; waited < wait_seconds; waited += 10)); do
	state=$(az containerapp revision show --resource-group "$group" --name "$app" --revision "$revision" \
		--query properties.runningState --output tsv)
	case $state in
	Running | RunningAtMaxScale | ScaledToZero) exit 0 ;;
	Failed | Stopped) break ;;
	esac
	sleep 10
done
echo "wait-revision: $revision is $state; see: az containerapp logs show -g $group -n $app --type system" >&2
exit 1
