#!/usr/bin/env bash
# Starts a Container Apps job, waits for its end, and fails when it failed:
#
#   deploy/run-job.sh RESOURCE_GROUP JOB [ARGUMENT...]
#
# With arguments the run has those instead of the job's own:
#
#   deploy/run-job.sh opal-dev opal-operate-dev queues list
#
# Needs bash, jq and an az that is logged in, with the extension containerapp.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

group=${1:?usage: run-job.sh RESOURCE_GROUP JOB [ARGUMENT...]}
job=${2:?usage: run-job.sh RESOURCE_GROUP JOB [ARGUMENT...]}
shift 2
wait_seconds=${OPAL_JOB_WAIT:-1800}

start=(az containerapp job start --resource-group "$group" --name "$job" --query name --output tsv)
if [ $# -gt 0 ]; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	# JSON is YAML, too. Only the arguments differ from the job's own template.
	az containerapp job show --resource-group "$group" --name "$job" --query properties.template --output json |
		jq --args '.containers[0].args = $ARGS.positional | {containers}' -- "$@" >"$work/run.yaml"
	start+=(--yaml "$work/run.yaml")
fi
run=$("${start[@]}")
echo "run-job: $job started as $run"
lines="its lines: az containerapp job logs show -g $group -n $job --execution $run --container opal; later, when Azure has cleared the run away,
  after . deploy/env.sh: logs 'ContainerAppConsoleLogs | where JobName == \"$job\" | project TimeGenerated, Log | order by TimeGenerated desc | take 100'"

for ((waited = 0; waited < wait_seconds; waited += 5)); do
	status=$(az containerapp job execution show --resource-group "$group" --name "$job" --job-execution-name "$run" \
		--query properties.status --output tsv)
	case $status in
	Succeeded)
		echo "run-job: $run succeeded; $lines"
		exit 0
		;;
	Failed | Stopped | Degraded)
		echo "run-job: $run is $status; $lines" >&2
		exit 1
		;;
	esac
	sleep 5
done
echo "run-job: $run has not ended after $wait_seconds s" >&2
exit 1
