#!/usr/bin/env bash
# Looks at everything that a first deployment stumbles over, before anything is
# made, and says what to do about each:
#
#   deploy/preflight.sh dev|prod LOCATION [--register]
#
# It only reads. With --register it registers the resource providers that are not.
# OPAL_SCORE_INSTANCE_TYPE names another size for the scoring endpoint, and
# OPAL_WITHOUT_ENDPOINT=true wants none yet. Needs
# bash, jq and an az that is logged in.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
export AZURE_DEFAULTS_GROUP='' # a default is misread, or refused, by commands of the subscription
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

environment=${1:?usage: preflight.sh dev|prod LOCATION [--register]}
location=${2:?usage: preflight.sh dev|prod LOCATION [--register]}
register=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
parameters=$here/ground.$environment.bicepparam
[ -f "$parameters" ] || { echo "preflight: there is no $parameters" >&2; exit 2; }

wrong=0
good() { printf 'ok     %s\n' "$*"; }
note() { printf 'note   %s\n' "$*"; }
bad() {
	printf 'WRONG  %s\n' "$1"
	printf '       do: %s\n' "$2"
	wrong=$((wrong + 1))
}
# least HAVE WANT: whether a version is at least another.
least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }
# value NAME: of a line "  name: 'value'" or "param name = 'value'" of the parameters.
value() { sed -nE "s/^ *(param )?$1( =|:) *'?([^']*)'? *$/\\3/p" "$parameters" | head -n 1; }

# Tools. Older az name the server of a firewall rule otherwise.
for tool in az jq; do
	command -v "$tool" >/dev/null || bad "$tool is missing" "install it"
done
[ "$wrong" = 0 ] || { echo "preflight: nothing else can be looked at without them"; exit 1; }
for tool in psql curl openssl python3 git; do
	command -v "$tool" >/dev/null || bad "$tool is missing" "install it"
done
command -v gh >/dev/null || note "no gh here: it sets up the workflow, nothing else wants it"
command -v pg_dump >/dev/null || note "no pg_dump here: an upgrade from v0.2.1 wants it"
version=$(az version --output json | jq -r '."azure-cli"')
if least "$version" 2.87.0; then good "az $version"; else bad "az is $version, 2.87.0 or newer is needed" "az upgrade"; fi
extensions=$(az extension list --query "[].name" --output tsv)
for extension in ml containerapp; do
	if grep -qx "$extension" <<<"$extensions"; then
		good "az extension $extension"
	else
		bad "az has no extension $extension" "az extension add -n $extension"
	fi
done
grep -qx log-analytics <<<"$extensions" || note "az has no extension log-analytics, which reads the logs: az extension add -n log-analytics"
client=$(psql --version 2>/dev/null | grep -oE '[0-9]+' | head -n 1) || client=
if [ -z "$client" ]; then
	: # said above
elif [ "$client" -ge 16 ]; then good "psql $client"; else bad "psql is $client; sslrootcert=system needs 16" "install a newer postgresql-client"; fi
command -v docker >/dev/null || note "no docker here: the registry must build the images (README.md, 3.)"

# Who is asking, and what he may.
if ! account=$(az account show --output json 2>/dev/null); then
	bad "az is not logged in" "az login"
	echo "preflight: $wrong things to do"
	exit 1
fi
subscription=$(jq -r .id <<<"$account")
good "subscription $(jq -r .name <<<"$account")"
if [ "${AZURE_SUBSCRIPTION_ID:-$subscription}" != "$subscription" ]; then
	bad "azd is at the subscription $AZURE_SUBSCRIPTION_ID" "az account set -s $AZURE_SUBSCRIPTION_ID: az does what azd does not"
fi
me=$(az ad signed-in-user show --query id --output tsv)
# Rights on the group alone do, too, where there is one.
scope=/subscriptions/$subscription group=${GROUP:-${AZURE_RESOURCE_GROUP:-opal-$environment}}
[ "$(az group exists --name "$group")" != true ] || scope=$scope/resourceGroups/$group
roles=$(az role assignment list --assignee "$me" --scope "$scope" --include-inherited --include-groups \
	--query "[].roleDefinitionName" --output tsv)
may() { grep -qx "$1" <<<"$roles"; }
if may Owner || { may Contributor && may "User Access Administrator"; }; then
	good "you may make resources and give rights"
elif may Contributor && may "Role Based Access Control Administrator"; then
	if [ "$(value lockData)" = true ]; then
		bad "you may give rights, but not set the locks that lockData = true wants" \
			"have somebody give you User Access Administrator, or Owner, on the subscription or the group $group"
	else
		good "you may make resources and give rights"
	fi
else
	bad "you are neither Owner, nor Contributor and Role Based Access Control Administrator, of the subscription or of the group $group" \
		"have somebody give you both, on the subscription, or make the group $group and give them to you there"
fi

# Providers. PolicyInsights and Cdn are asked for by the first scoring endpoint,
# which says only "SubscriptionNotRegistered [N/A]".
providers=(Microsoft.App Microsoft.Cdn Microsoft.Consumption Microsoft.ContainerInstance Microsoft.ContainerRegistry
	Microsoft.DBforPostgreSQL Microsoft.Insights Microsoft.KeyVault Microsoft.MachineLearningServices Microsoft.ManagedIdentity
	Microsoft.Network Microsoft.OperationalInsights Microsoft.PolicyInsights Microsoft.ServiceBus Microsoft.Storage)
states=$(az provider list --query "[].{name: namespace, state: registrationState}" --output json)
for provider in "${providers[@]}"; do
	state=$(jq -r --arg p "$provider" '[.[] | select((.name | ascii_downcase) == ($p | ascii_downcase)) | .state][0] // "unknown"' <<<"$states")
	if [ "$state" = Registered ]; then
		continue
	elif [ "$register" = --register ]; then
		if az provider register --namespace "$provider" --wait; then
			good "registered $provider"
		else
			bad "you may not register $provider" "have an owner of the subscription run: az provider register -n $provider --wait (rights on the group are not enough)"
		fi
	else
		bad "the provider $provider is $state" "az provider register -n $provider --wait, or run this with --register"
	fi
done

# The database: not every region sells every size, and not to every subscription.
sku=$(sed -n "/^param postgresSku/,/^}/s/^ *name: '\(.*\)'/\1/p" "$parameters")
mode=$(value highAvailability)
offers=$(az postgres flexible-server list-skus --location "$location" --output json)
found=$(jq --arg s "$sku" '[.. | objects | select((.name? // "" | ascii_downcase) == ($s | ascii_downcase))]' <<<"$offers")
reason=$(jq -r '[.. | objects | .reason? // empty | strings][0] // ""' <<<"$offers")
if [ "$(jq length <<<"$found")" = 0 ]; then
	bad "Postgres $sku can't be had in $location for this subscription${reason:+ ($reason)}" \
		"take another region (swedencentral has serverless GPUs, too), or another size in $parameters, or ask for it: https://aka.ms/postgres-request-quota-increase"
elif [ "$mode" != Disabled ] && ! jq -e --arg m "$mode" '[.. | .supportedHaMode? // empty | if type == "array" then .[] else . end | tostring] | any(contains($m))' <<<"$found" >/dev/null; then
	bad "Postgres $sku has no $mode in $location" "set highAvailability to 'SameZone' or 'Disabled' in $parameters; it can be changed later"
else
	good "Postgres $sku, high availability $mode"
fi

# Cores of the scoring endpoint's size. Azure ML keeps a fifth for upgrades.
size=${OPAL_SCORE_INSTANCE_TYPE:-Standard_DS2_v2}
reserve=12
case $size in
Standard_DS2_v2) family=standardDSv2Family cores=2 ;;
Standard_DS3_v2) family=standardDSv2Family cores=4 ;;
Standard_F4s_v2) family=standardFSv2Family cores=4 ;;
Standard_D2as_v5) family=standardDASv5Family cores=2 ;;
Standard_D4as_v5) family=standardDASv5Family cores=4 ;;
Standard_NC4as_T4_v3) family="Standard NCASv3_T4 Family" cores=4 ;;
Standard_NV36ads_A10_v5) family=StandardNVADSA10v5Family cores=36 ;;
Standard_NC24ads_A100_v4) family=StandardNCADSA100v4Family cores=24 reserve=10 ;;
Standard_NC40ads_H100_v5) family=StandardNCadsH100v5Family cores=40 ;;
*) family='' cores=0 ;;
esac
if [ -z "$family" ]; then
	note "the quota of $size is not known here: az ml compute list-usage -l $location"
else
	needed=$((((reserve + 9) / 10) * cores))
	usage=$(az rest --method get --url "https://management.azure.com/subscriptions/$subscription/providers/Microsoft.MachineLearningServices/locations/$location/usages?api-version=2025-06-01" --output json)
	free=$(jq -r --arg f "$family" '[.value[] | select((.name.value | ascii_downcase | gsub("[ _]"; "")) == ($f | ascii_downcase | gsub("[ _]"; ""))) | .limit - .currentValue] | max // 0' <<<"$usage")
	if [ "${OPAL_WITHOUT_ENDPOINT:-}" = true ]; then
		note "no scoring endpoint yet: $free cores of $family are free in Azure ML, $size needs $needed"
	elif [ "$free" -ge "$needed" ]; then
		good "$free cores for $size, $needed needed"
	else
		bad "$free cores of $family are free in Azure ML, $size needs $needed" \
			"ask for them: portal, Quotas, Machine learning, $location; or name another size: export OPAL_SCORE_INSTANCE_TYPE=Standard_D2as_v5; or go on without: export OPAL_WITHOUT_ENDPOINT=true"
	fi
fi

# Names. A vault that was deleted keeps its name for 90 days.
deleted=$(az keyvault list-deleted --resource-type vault --query "[?starts_with(name, 'opal-kv-$environment-') || starts_with(name, 'opal-mk-$environment-')].name" --output tsv)
if [ -n "$deleted" ]; then
	bad "deleted vaults keep their names: $(tr '\n' ' ' <<<"$deleted")" \
		"in the same group the deployment would meet one: az keyvault recover -n NAME, or another param suffix in both parameter files"
fi
if [ -n "${OPAL_SUFFIX:-}" ]; then
	storage=opalst$environment$OPAL_SUFFIX registry=opalacr$environment$OPAL_SUFFIX
	if [ "$(az storage account check-name --name "$storage" --query nameAvailable --output tsv)" != true ]; then
		bad "the name $storage is taken" "another suffix, in both parameter files"
	fi
	if [ "$(az acr check-name --name "$registry" --query nameAvailable --output tsv)" != true ]; then
		bad "the name $registry is taken" "another suffix, in both parameter files"
	fi
else
	note "names end in a hash of the resource group; to check ones of your own: OPAL_SUFFIX=..."
fi

if [ "$wrong" != 0 ]; then
	echo "preflight: $wrong things to do"
	exit 1
fi
echo "preflight: ready for README.md, 1."
