#!/usr/bin/env bash
# Brings an environment's jobs, database and apps to an image by hand, as the
# workflow does it, and stops the revisions before it:
#
#   deploy/bring.sh dev|prod RESOURCE_GROUP [IMAGE]
#
# Without IMAGE: OPAL_IMAGE, where you exported one after `. deploy/env.sh`, else
# the image that clients have now, with the parameters of now. With OPAL_API_KEY it
# is first tried beside the running revision, by smoke.sh, and given the traffic
# when that passed. OPAL_MIGRATE=false migrates nothing: for a rollback.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

environment=${1:?usage: bring.sh dev|prod RESOURCE_GROUP [IMAGE]}
group=${2:?usage: bring.sh dev|prod RESOURCE_GROUP [IMAGE]}
here=$(cd "$(dirname "$0")" && pwd)
migrate=${OPAL_MIGRATE:-true} key=${OPAL_API_KEY:-}
# shellcheck source=/dev/null
. "$here/env.sh" "$environment" "$group"
if [ -n "${3:-}" ]; then export OPAL_IMAGE=$3; fi
: "${OPAL_IMAGE:?is not known: build the image first (README.md, 3.)}"
say() { printf 'bring: %s\n' "$*"; }
# deploy APPS NAME deploys the jobs, and the apps where APPS is true.
deploy() {
	# The same names each time: Azure keeps 800 deployments, and forgets the ground's, which env.sh reads, for newer ones.
	OPAL_DEPLOY_APPS=$1 az deployment group create --resource-group "$group" --name "opal-$2" \
		--parameters "$here/apps.$environment.bicepparam" --output none
}
api=opal-web-api-$environment billing=opal-billing-service-$environment live_api='' live_billing=''
if [ "$OPAL_DEPLOY_APPS" = true ]; then live_api=$(live "$api") live_billing=$(live "$billing"); fi

# A right that was just given may need a second try.
deploy false jobs || { sleep $((${OPAL_ROLE_WAIT:-60} * 5)) && deploy false jobs; }
[ "$migrate" = false ] || "$here/run-job.sh" "$group" "opal-migrate-$environment"

if [ -n "$live_api" ] && [ -n "$key" ]; then
	tried=$OPAL_REVISION
	passed() {
		OPAL_STABLE_API=$live_api OPAL_STABLE_BILLING=$live_billing deploy true apps &&
			"$here/wait-revision.sh" "$group" "$api" "$tried" &&
			OPAL_API_KEY=$key "$here/smoke.sh" "https://$api---candidate.${API#https://*.}" "${OPAL_SMOKE_TENANT:-smoke}"
	}
	if ! passed; then
		for app in "$api" "$billing"; do
			there=$(az containerapp revision list --resource-group "$group" --name "$app" --query "[?properties.active && name=='$app--$tried'].name" --output tsv)
			[ -z "$there" ] || az containerapp revision deactivate --resource-group "$group" --name "$app" --revision "$there" --output none
		done
		say "clients have $live_api as before; the workers may run the new image: bring the old one again, or a better one" >&2
		exit 1
	fi
	export OPAL_WORKER_REVISION=$tried OPAL_REVISION=$tried-live
fi
deploy true apps
for role in orchestrator export-worker; do
	"$here/wait-revision.sh" "$group" "opal-$role-$environment" "${OPAL_WORKER_REVISION:-$OPAL_REVISION}"
done
"$here/retire.sh" "$group" "$billing" "$OPAL_REVISION"
"$here/retire.sh" "$group" "$api" "$OPAL_REVISION"
say "jobs, database and apps are at $OPAL_IMAGE, revision $OPAL_REVISION, the API is at ${OPAL_PUBLIC_BASE_URL:-$API}"
