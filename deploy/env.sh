# shellcheck shell=bash
# Makes a shell of bash ready for one environment, as often as you like:
#
#   . deploy/env.sh dev|prod [GROUP [LOCATION]]
#
# Takes away what another environment left, asks Azure for all that the commands of
# README.md name, and changes nothing there. A choice that you exported since the
# last time is kept: OPAL_ALERT_EMAIL, OPAL_IMAGE and so on. README.md, "In a new shell",
# lists the functions that it gives. Needs jq and an az that is logged in.
# shellcheck disable=SC2317 # it returns where it is read, and exits where it is run
[ -n "${BASH_VERSION:-}" ] || { echo "env: this is for bash: start bash, then . deploy/env.sh dev" >&2; return 2 2>/dev/null || exit 2; }

# az ml takes group and workspace from here. Other commands of az misread such
# defaults, or refuse them, so the shell has none.
az() {
	if [ "${1:-}" = ml ]; then
		AZURE_DEFAULTS_GROUP=${GROUP:-} AZURE_DEFAULTS_WORKSPACE=${WORKSPACE:-} command az "$@"
	else
		command az "$@"
	fi
}

# _opal_found NAME VALUE exports what was found, unless the caller chose otherwise
# since. OPAL_FOUND_NAME remembers, also in scripts that this shell starts. A choice
# that the group has taken over is one no longer: the next change there is followed.
_opal_found() {
	local was=OPAL_FOUND_$1
	if [ "${!1:-}" = "${!was:-}" ] || [ "${!1:-}" = "$2" ]; then export "$1=$2" "$was=$2"; fi
}

# _opal_table FILTER JSON prints what a filter of jq makes of it, objects of name and value, as
# lines NAME=VALUE. One jq serves all names: it takes longer to start than to answer.
_opal_table() { jq -r "$1"' | .value |= (if type == "array" then join(" ") else . // "" | tostring end) | .name + "=" + (.value | split("\n") | join("\u001f"))' <<<"$2"; }
# _opal_value TABLE NAME prints the value of that name, or nothing.
_opal_value() {
	local line apart=$'\037' newline=$'\n'
	while IFS= read -r line; do
		if [ "${line%%=*}" = "$2" ]; then
			line=${line#*=}
			printf '%s\n' "${line//$apart/$newline}"
			return
		fi
	done <<<"$1"
}

_opal_env() {
	local environment=${1:-} group=${2:-} location=${3:-} here account exists name was cleared=''
	local state='{}' api='{}' worker='{}' apps='' jobs='' image='' url='' endpoints='' has_ground=''
	local last='' found='' api_has='' worker_has='' subscription=''
	local settings='.properties.template.containers[0]'
	here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd) || return 1
	# A disk that takes capitals for small letters, as a Mac's, has ground.DEV.bicepparam, too.
	if [[ ! $environment =~ ^[[:lower:][:digit:]]+$ ]] || [ ! -f "$here/ground.$environment.bicepparam" ]; then
		echo "env: usage: . deploy/env.sh dev|prod [GROUP [LOCATION]]; there is no $here/ground.$environment.bicepparam" >&2
		return 2
	fi
	if [ "${OPAL_ENVIRONMENT:-}" != "$environment" ]; then
		# Told are the choices of people alone.
		for name in ${!OPAL_@} ${!AML_@}; do
			was=OPAL_FOUND_$name
			case $name in
			OPAL_FOUND_* | OPAL_ENVIRONMENT | OPAL_*WAIT | OPAL_DEPLOY_* | OPAL_WATCH_* | OPAL_STABLE_* | OPAL_*REVISION | OPAL_SECRETS | OPAL_POSTGRES_GB | OPAL_BUDGET_START) ;;
			*) [ "${!name:-}" = "${!was:-}" ] || cleared="$cleared $name" ;;
			esac
		done
		for name in ${!OPAL_@} ${!AML_@} GROUP LOCATION REGISTRY VAULT STORAGE WORKSPACE DATABASE API ENDPOINT LOGS; do
			case $name in OPAL_*WAIT) ;; *) unset "$name" ;; esac
		done
		[ -z "$cleared" ] || echo "env: cleared$cleared; choices for $environment are exported after this"
	fi
	unset OPAL_STABLE_API OPAL_STABLE_BILLING OPAL_WORKER_REVISION AZURE_DEFAULTS_GROUP AZURE_DEFAULTS_WORKSPACE
	export OPAL_ENVIRONMENT=$environment OPAL_DEPLOY_FOLDER=$here
	GROUP=${group:-${GROUP:-opal-$environment}}

	account=$(az account show --query "[id, tenantId, name]" --output tsv) || { echo "env: az is not logged in: az login" >&2; return 1; }
	{ read -r SUBSCRIPTION && read -r TENANT_ID && read -r subscription; } <<<"$account" || { echo "env: az does not say which subscription" >&2; return 1; }
	REPOSITORY=
	if command -v gh >/dev/null; then # one that you may set up; a clone of another's would give his workflows rights here
		REPOSITORY=$(gh repo view --json nameWithOwner,viewerPermission --jq 'select(.viewerPermission == "ADMIN").nameWithOwner' 2>/dev/null) || REPOSITORY=
	fi

	# Everything below asks for lists first: no answer is an error then, and never "not there yet".
	exists=$(az group exists --name "$GROUP") || return 1
	if [ "$exists" = true ]; then
		# Its name as Azure spells it: the resources' names end in a hash of it, and Azure finds it in any case.
		name=$(az group show --name "$GROUP" --query "[name, location]" --output tsv) || return 1
		{ read -r GROUP && read -r location; } <<<"$name" || return 1
		name=$(az deployment group list --resource-group "$GROUP" --query "[?name=='ground'].name" --output tsv) || return 1
		has_ground=$name
		if [ "$name" = ground ]; then
			state=$(az deployment group show --resource-group "$GROUP" --name ground --query "properties.{parameters: parameters, outputs: outputs}" --output json) || return 1
		fi
		apps=$(az containerapp list --resource-group "$GROUP" --query "[].name" --output tsv) || return 1
		jobs=$(az containerapp job list --resource-group "$GROUP" --query "[].name" --output tsv) || return 1
	fi
	LOCATION=${location:-${LOCATION:-westeurope}}
	# shellcheck disable=SC2016 # jq's own variable
	state=$(_opal_table 'to_entries[] | .key as $of | .value // {} | to_entries[] | {name: ($of + " " + .key), value: .value.value}' "$state") || return 1
	last=$(sed -n 's/^parameters //p' <<<"$state") found=$(sed -n 's/^outputs //p' <<<"$state")
	REGISTRY=$(_opal_value "$found" registryName) VAULT=$(_opal_value "$found" vaultName) STORAGE=$(_opal_value "$found" storageName)
	WORKSPACE=$(_opal_value "$found" workspaceName) DATABASE=$(_opal_value "$found" postgresHost) API=$(_opal_value "$found" apiUrl)
	LOGS=$(_opal_value "$last" logsName)
	LOGS=${LOGS:-opal-log-$environment}

	# The apps, unless they are still v0.2.1's.
	if grep -qx "opal-web-api-$environment" <<<"$apps"; then
		api=$(az containerapp show --resource-group "$GROUP" --name "opal-web-api-$environment" --output json) || return 1
		api_has=$(_opal_table "($settings.env[]?, {name: \":args\", value: ($settings.args // [])}, {name: \":image\", value: $settings.image},
			(.properties.configuration.ingress.customDomains[0]? // {} | {name: \":domain\", value: .name}, {name: \":certificate\", value: .certificateId}))" "$api") || return 1
		case " $(_opal_value "$api_has" :args) " in *' serve-api '*) ;; *) api='{}' api_has='' ;; esac
	fi
	if [ "$api" != '{}' ] && [ -z "$has_ground" ]; then
		cat >&2 <<-END
			env: the apps run, but Azure no longer keeps the deployment named ground of $GROUP, so what people chose can't be read.
			env: lay it once by hand, with your choices: export OPAL_DB_ADMIN_NAME=... OPAL_DB_ADMIN_ID=... OPAL_ALERT_EMAIL=... OPAL_BUDGET_START=YYYY-MM-01
			env: (the budget's own: az consumption budget list -g $GROUP), then
			env: az deployment group create -g $GROUP --name ground -p $here/ground.$environment.bicepparam, and read this again
		END
		return 1
	fi
	if [ "$api" != '{}' ] && grep -qx "opal-orchestrator-$environment" <<<"$apps"; then
		worker=$(az containerapp show --resource-group "$GROUP" --name "opal-orchestrator-$environment" --output json) || return 1
		worker_has=$(_opal_table "$settings.env[]?" "$worker") || return 1
	fi

	# The image that clients have; before the apps, the jobs' or the one that step 3 made.
	if [ "$api" != '{}' ]; then
		image=$(az containerapp revision list --resource-group "$GROUP" --name "opal-web-api-$environment" \
			--query "[?properties.active && properties.trafficWeight==\`100\`].properties.template.containers[0].image | [0]" --output tsv) || return 1
		[ -n "$image" ] || image=$(_opal_value "$api_has" :image)
	elif grep -qx "opal-migrate-$environment" <<<"$jobs"; then
		image=$(az containerapp job show --resource-group "$GROUP" --name "opal-migrate-$environment" \
			--query "properties.template.containers[0].image" --output tsv) || return 1
	elif [ -n "$REGISTRY" ]; then
		name=$(az acr repository list --name "$REGISTRY" --output tsv) || return 1
		if grep -qx opal <<<"$name"; then
			image=$(az acr manifest list-metadata --registry "$REGISTRY" --name opal --orderby time_desc \
				--query "[?tags && tags[?starts_with(@, 'first')]].digest | [0]" --output tsv) || return 1
			[ -z "$image" ] || image=$REGISTRY.azurecr.io/opal@$image
		fi
	fi
	# azd leaves a tag at the API; v0.2.1's images have other names.
	if [[ $image =~ ^([a-z0-9]+)\.azurecr\.io/(opal(/opal-[a-z0-9]+)?:[A-Za-z0-9._-]+)$ ]]; then
		name=${BASH_REMATCH[1]} url=${BASH_REMATCH[2]}
		image=$(az acr manifest show-metadata --registry "$name" --name "$url" --query digest --output tsv) || image=
		[ -z "$image" ] || image=$name.azurecr.io/${url%:*}@$image
	fi
	[[ $image =~ ^[a-z0-9]+\.azurecr\.io/[a-z0-9/-]+@sha256:[0-9a-f]+$ ]] || image=
	_opal_found OPAL_IMAGE "$image"

	# Who administers the database, and what else people chose when they last laid the ground.
	_opal_found OPAL_DB_ADMIN_NAME "$(_opal_value "$last" databaseAdminName)"
	_opal_found OPAL_DB_ADMIN_ID "$(_opal_value "$last" databaseAdminObjectId)"
	if [ -z "${OPAL_DB_ADMIN_NAME:-}" ]; then
		name=$(az ad group list --filter "displayName eq 'opal-dba-$environment'" --query "[0].id" --output tsv) || name=
		[ -z "$name" ] || _opal_found OPAL_DB_ADMIN_NAME "opal-dba-$environment"
		_opal_found OPAL_DB_ADMIN_ID "$name"
	fi
	_opal_found OPAL_ALERT_EMAIL "$(_opal_value "$last" alertEmail)"
	_opal_found OPAL_ALERT_WEBHOOK "$(_opal_value "$last" alertWebhook)"
	_opal_found OPAL_TRACES "$(_opal_value "$last" traces)"
	url=$(_opal_value "$last" runbookUrl)
	[ -z "$REPOSITORY" ] || url=https://github.com/$REPOSITORY/blob/main/deploy/README.md#alerts
	_opal_found OPAL_RUNBOOK_URL "$url"
	url=$(_opal_value "$last" githubSubject)
	if [ -z "$url" ] && [ -n "$REPOSITORY" ]; then # its form depends on the repository's age; what a refusal prints is no subject
		url=$(gh api "repos/$REPOSITORY/actions/oidc/customization/sub" --jq '.sub_claim_prefix // empty' 2>/dev/null) || url=
		url=${url:-repo:$REPOSITORY}:environment:$environment
	fi
	_opal_found OPAL_GITHUB_SUBJECT "$url"

	# The secrets of the vault, each of which the ground gives its readers.
	url=$(_opal_value "$last" vaultSecrets)
	if [ -n "$VAULT" ]; then
		if name=$(az keyvault secret list --vault-name "$VAULT" --query "[].name" --output tsv 2>/dev/null); then
			url=$(xargs <<<"$name")
		else
			echo "env: you may not list the secrets of $VAULT yet (2.): taken are those of the last ground: ${url:-none}"
		fi
	fi
	export OPAL_SECRETS=$url

	# The scoring endpoint, its size, and the URL that the orchestrator has. Until a
	# ground watches it, it is the only one that the workspace has.
	name=$(_opal_value "$last" watchEndpoint)
	if [ -n "$WORKSPACE" ]; then
		endpoints=$(az ml online-endpoint list --query "[?!starts_with(name, 'opal-cutout-')].name" --output tsv) || return 1
		if [ -z "$name" ] && [ "$(grep -c . <<<"$endpoints")" = 1 ]; then name=$endpoints; fi
	fi
	_opal_found OPAL_ENDPOINT "${name:-opal-sd-placement-$environment}"
	export ENDPOINT=$OPAL_ENDPOINT OPAL_WATCH_ENDPOINT=''
	url='' name=''
	if grep -qx -- "$ENDPOINT" <<<"$endpoints"; then
		OPAL_WATCH_ENDPOINT=$ENDPOINT
		url=$(az ml online-endpoint show --name "$ENDPOINT" --query scoring_uri --output tsv) || return 1
		name=$(az ml online-deployment list --endpoint-name "$ENDPOINT" --query "[?name=='blue'].instance_type | [0]" --output tsv) || return 1
	fi
	_opal_found OPAL_SCORE_INSTANCE_TYPE "${name:-Standard_DS2_v2}"
	name=$(_opal_value "$worker_has" AML_ENDPOINT_URL)
	case $name in '' | https://not-yet.*) ;; *) url=$name ;; esac
	_opal_found AML_ENDPOINT_URL "${url:-https://not-yet.invalid/score}"

	# What the API was last deployed with.
	url=$(_opal_value "$api_has" PUBLIC_BASE_URL)
	[ "$url" != "$API" ] || url=
	_opal_found OPAL_PUBLIC_BASE_URL "$url"
	_opal_found OPAL_CUSTOM_DOMAIN "$(_opal_value "$api_has" :domain)"
	_opal_found OPAL_CERTIFICATE_ID "$(_opal_value "$api_has" :certificate)"
	url=$(_opal_value "$api_has" AUTH_MODE)
	_opal_found OPAL_AUTH_MODE "${url:-api-key}"
	if grep -q OPAL_SELLER_NAME "$here/apps.$environment.bicepparam"; then
		_opal_found OPAL_SELLER_NAME "$(_opal_value "$api_has" BILLING_SELLER_NAME)"
		_opal_found OPAL_SELLER_ADDRESS "$(_opal_value "$api_has" BILLING_SELLER_ADDRESS)"
		url=$(_opal_value "$api_has" BILLING_SELLER_COUNTRY)
		_opal_found OPAL_SELLER_COUNTRY "${url:-NL}"
		_opal_found OPAL_SELLER_VAT_ID "$(_opal_value "$api_has" BILLING_SELLER_VAT_ID)"
	fi

	# The first month of the budget, which can't be changed, and the size to which the
	# database has grown, which can't be taken back.
	OPAL_BUDGET_START='' OPAL_POSTGRES_GB=0
	if [ "$exists" = true ]; then
		name=$(az consumption budget list --resource-group "$GROUP" --query "[?name=='opal-budget-$environment'].timePeriod.startDate | [0]" --output tsv 2>/dev/null) ||
			name=$(_opal_value "$last" budgetStart)
		OPAL_BUDGET_START=${name:0:10}
	fi
	[[ $OPAL_BUDGET_START =~ ^20[0-9]{2}-[01][0-9]-01$ ]] || OPAL_BUDGET_START=$(date +%Y-%m-01)
	if [ -n "$DATABASE" ]; then
		OPAL_POSTGRES_GB=$(az postgres flexible-server list --resource-group "$GROUP" \
			--query "[?name=='${DATABASE%%.*}'] | [0] | storage.storageSizeGb || storage.storageSizeGB" --output tsv) || return 1
		[[ $OPAL_POSTGRES_GB =~ ^[0-9]+$ ]] || OPAL_POSTGRES_GB=0
	fi
	export OPAL_BUDGET_START OPAL_POSTGRES_GB

	# A name that no revision has. Of the apps that are there, the alerts are, too.
	OPAL_REVISION=h$(date +%s)
	OPAL_DEPLOY_APPS=false OPAL_WATCH_APPS=false
	if [ "$api" != '{}' ]; then OPAL_DEPLOY_APPS=true OPAL_WATCH_APPS=true; fi
	export OPAL_REVISION OPAL_DEPLOY_APPS OPAL_WATCH_APPS
	export GROUP LOCATION SUBSCRIPTION TENANT_ID REPOSITORY REGISTRY VAULT STORAGE WORKSPACE DATABASE API LOGS

	echo "env: $environment is the group $GROUP in $LOCATION, subscription $subscription"
	echo "env: registry ${REGISTRY:-none yet}, API ${API:-none yet}, image ${OPAL_IMAGE:-none yet}"
	[ "$exists" = true ] || echo "env: there is no group $GROUP yet; another one: . deploy/env.sh $environment GROUP"
	[ -n "$REPOSITORY" ] || [ -n "${OPAL_GITHUB_SUBJECT:-}" ] ||
		echo "env: no GitHub repository whose admin you are, so no identity for the workflow: gh auth login, in a clone of your own"
	if [ -n "$last" ] && [ -z "$found" ]; then
		echo "env: the last deployment of the ground failed: repeat it (1.), the names are known after it"
	fi
	for name in OPAL_DB_ADMIN_ID OPAL_ALERT_EMAIL OPAL_SELLER_NAME OPAL_SELLER_ADDRESS; do
		if [ -z "${!name:-}" ] && grep -q "'$name'" "$here/ground.$environment.bicepparam" "$here/apps.$environment.bicepparam"; then
			echo "env: $name is not known yet: export it"
		fi
	done
}

# out NAME prints an output of the ground.
out() { az deployment group show --resource-group "$GROUP" --name ground --query "properties.outputs.$1.value" --output tsv; }
# ground reads the present state, lays the ground by it, and reads what came of it.
ground() {
	_opal_env "$OPAL_ENVIRONMENT" "$GROUP" && az deployment group create --resource-group "$GROUP" --name ground \
		--parameters "$OPAL_DEPLOY_FOLDER/ground.$OPAL_ENVIRONMENT.bicepparam" --output none && _opal_env "$OPAL_ENVIRONMENT" "$GROUP"
}
# bring [IMAGE] brings jobs, database and apps to an image, and reads the state again.
bring() { "$OPAL_DEPLOY_FOLDER/bring.sh" "$OPAL_ENVIRONMENT" "$GROUP" "$@" && _opal_env "$OPAL_ENVIRONMENT" "$GROUP"; }
# live APP prints the revision that has the traffic.
live() {
	az containerapp revision list --resource-group "$GROUP" --name "$1" --query "[?properties.active && properties.trafficWeight==\`100\`].name | [0]" --output tsv
}
# latest APP prints the newest revision; a worker has no other that runs.
latest() { az containerapp show --resource-group "$GROUP" --name "$1" --query properties.latestRevisionName --output tsv; }
# restart ROLE... restarts what runs of web-api, orchestrator and so on: they read their secrets anew.
restart() {
	local role revision all
	for role in "$@"; do
		all=$(az containerapp revision list --resource-group "$GROUP" --name "opal-$role-$OPAL_ENVIRONMENT" --query "[?properties.active].name" --output tsv) || return 1
		for revision in $all; do
			az containerapp revision restart --resource-group "$GROUP" --name "opal-$role-$OPAL_ENVIRONMENT" --revision "$revision" --output none || return 1
		done
	done
}
# serving prints the endpoint's deployment that has most of its traffic.
serving() { az ml online-endpoint show --name "$ENDPOINT" --query traffic --output json | jq -r 'to_entries | max_by(.value).key // ""'; }
# operate COMMAND... runs an operator's command inside the network; its lines are logged.
operate() { "$OPAL_DEPLOY_FOLDER/run-job.sh" "$GROUP" "opal-operate-$OPAL_ENVIRONMENT" "$@"; }
# opal COMMAND... runs a command within the API, and answers in this terminal alone.
opal() {
	local word
	for word in "$@"; do
		case $word in *[[:space:]\"\']*) echo "opal: Azure cuts a command at its spaces: write '$word' without spaces and quotes" >&2 && return 2 ;; esac
	done
	az containerapp exec --resource-group "$GROUP" --name "opal-web-api-$OPAL_ENVIRONMENT" --command "/opt/opal/opal $*"
}
# logs QUERY asks the log workspace, in KQL.
logs() {
	az monitor log-analytics query --output table --analytics-query "$1" \
		--workspace "$(az monitor log-analytics workspace show --resource-group "$GROUP" --workspace-name "$LOGS" --query customerId --output tsv)"
}
# lines ID prints all roles' lines of one request, job or item.
lines() {
	case $1 in *[!A-Za-z0-9._-]*) echo "lines: '$1' is no id" >&2 && return 2 ;; esac
	logs "ContainerAppConsoleLogs | extend l = parse_json(Log) | where l.correlation_id == '$1' or l.job_id == '$1' or l.item_id == '$1'
		| order by TimeGenerated asc | project TimeGenerated, service = l.service, level = l.level, message = l.message, code = l.code, item = l.item_id"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	echo "env: read it into your shell: . deploy/env.sh dev|prod [GROUP [LOCATION]]" >&2
	exit 2
else
	_opal_env "$@"
fi
