#!/usr/bin/env bash
# The runbook's first deployment in one go, as azd's hooks call it. Each step looks
# whether it was done and may be repeated:
#
#   deploy/first.sh before dev GROUP LOCATION    the group of people who administer the database
#   deploy/first.sh after dev GROUP LOCATION     README.md, 2. to 6. B and 8., once the ground is laid
#   deploy/first.sh published dev GROUP LOCATION the migration and the apps, once azd deploy has pushed an image
#   deploy/first.sh deployed dev GROUP LOCATION  stops the API's revisions before azd's own
#
# Needs what README.md's "Before you begin" asks for. For prod it stops where the
# database wants a shell inside its network, and says so.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

when=${1:?usage: first.sh before|after|published|deployed ENVIRONMENT GROUP LOCATION}
environment=${2:?usage: first.sh before|after|published|deployed ENVIRONMENT GROUP LOCATION}
group=${3:?usage: first.sh before|after|published|deployed ENVIRONMENT GROUP LOCATION}
location=${4:?usage: first.sh before|after|published|deployed ENVIRONMENT GROUP LOCATION}
here=$(cd "$(dirname "$0")" && pwd)

say() { printf 'first: %s\n' "$*"; }
# keep NAME VALUE also tells azd, where it is azd that calls.
keep() {
	export "$1=$2"
	if [ -n "${AZURE_ENV_NAME:-}" ] && command -v azd >/dev/null; then azd env set "$1" "$2" >/dev/null; fi
}

# azd's variables are this environment's. Its subscription must be az's, too: azd lays the ground, az does the rest.
if [ -n "${AZURE_ENV_NAME:-}" ]; then export OPAL_ENVIRONMENT=$AZURE_ENV_NAME; fi
subscription=$(az account show --query id --output tsv)
if [ "${AZURE_SUBSCRIPTION_ID:-$subscription}" != "$subscription" ]; then
	say "azd is at the subscription $AZURE_SUBSCRIPTION_ID, az at $subscription: az account set -s $AZURE_SUBSCRIPTION_ID" >&2
	exit 1
fi

case $when in
before | after) ;;
published)
	pushed=${SERVICE_OPAL_IMAGE_NAME:?is not set: azd deploy sets it when it has pushed the image}
	from=${pushed%%.*} name=${pushed#*/}
	digest=$(az acr manifest show-metadata --registry "$from" --name "$name" --query digest --output tsv)
	"$here/bring.sh" "$environment" "$group" "$from.azurecr.io/${name%:*}@$digest"
	exit 0
	;;
deployed)
	# azd's own revision of the API has the traffic now; retire.sh looks.
	latest=$(az containerapp show --resource-group "$group" --name "opal-web-api-$environment" --query properties.latestRevisionName --output tsv)
	"$here/retire.sh" "$group" "opal-web-api-$environment" "${latest#*--}"
	exit 0
	;;
*)
	say "usage: first.sh before|after|published|deployed ENVIRONMENT GROUP LOCATION"
	exit 2
	;;
esac

if [ "$(az group exists --name "$group")" != true ]; then
	az group create --name "$group" --location "$location" --output none
	say "made the group $group"
fi
# shellcheck source=/dev/null
. "$here/env.sh" "$environment" "$group" "$location"
me=$(az ad signed-in-user show --query id --output tsv)
if [ -z "$OPAL_DB_ADMIN_ID" ]; then
	OPAL_DB_ADMIN_NAME=opal-dba-$environment
	OPAL_DB_ADMIN_ID=$(az ad group create --display-name "$OPAL_DB_ADMIN_NAME" --mail-nickname "$OPAL_DB_ADMIN_NAME" --query id --output tsv)
	az ad group member add --group "$OPAL_DB_ADMIN_NAME" --member-id "$me"
	say "made the group $OPAL_DB_ADMIN_NAME, with you in it"
fi
keep OPAL_DB_ADMIN_NAME "$OPAL_DB_ADMIN_NAME"
keep OPAL_DB_ADMIN_ID "$OPAL_DB_ADMIN_ID"
keep OPAL_RUNBOOK_URL "$OPAL_RUNBOOK_URL"
keep OPAL_BUDGET_START "$OPAL_BUDGET_START"
keep OPAL_POSTGRES_GB "$OPAL_POSTGRES_GB"
[ "$when" = after ] || exit 0

# The ground again: it is there already, where azd laid it, and costs minutes.
ground
say "the ground is laid: registry $REGISTRY, vault $VAULT"

# 2. The pepper, made once.
"$here/secret.sh" auth-key-pepper --random
has_secret() { az keyvault secret list --vault-name "$VAULT" --query "[].name" --output tsv | grep -qx "$1"; }
if [ "$environment" = prod ] && ! has_secret mollie-api-key; then
	say "put Mollie's key into the vault: deploy/secret.sh mollie-api-key, then run this again"
	exit 1
fi

# 3. The image, by the registry itself, named by its content.
# Its tag is never one of the workflow's, which would sign what was built here.
content=(main.go go.mod go.sum app config modules deploy/Dockerfile .dockerignore)
if ! (cd "$here/.." && git rev-parse --quiet --verify HEAD >/dev/null); then
	say "the image is named by its commit, and there is none here: git init, git add, git commit, then run this again" >&2
	exit 1
fi
changed=$(cd "$here/.." && git status --porcelain -- "${content[@]}")
if [ -n "$changed" ]; then
	say "the image is named by its commit, and these are not committed: commit them, or put them aside (git stash), then run this again:" >&2
	printf '%s\n' "$changed" >&2
	exit 1
fi
tag=first-$(cd "$here/.." && git ls-tree -r HEAD -- "${content[@]}" | git hash-object --stdin | cut -c1-24)
digest_of() {
	az acr repository list --name "$REGISTRY" --output tsv | grep -qx "$1" || return 0
	az acr manifest list-metadata --registry "$REGISTRY" --name "$1" --query "[?tags && contains(tags, '$2')].digest | [0]" --output tsv
}
digest=$(digest_of opal "$tag")
if [ -n "$digest" ]; then
	OPAL_IMAGE=$REGISTRY.azurecr.io/opal@$digest
else
	say "building the image; this takes a quarter of an hour"
	OPAL_IMAGE=$("$here/build.sh" "$REGISTRY" "opal:$tag" "$here/Dockerfile" "$here/.." "REVISION=$(cd "$here/.." && git rev-parse HEAD)")
fi
export OPAL_IMAGE
keep AZURE_CONTAINER_REGISTRY_ENDPOINT "$REGISTRY.azurecr.io" # where azd deploy pushes to
say "image $OPAL_IMAGE"

# 4. The scoring endpoint with the stub engine. Without one the orchestrator wants a key all the same; a later run gives it the endpoint's.
if [ "${OPAL_WITHOUT_ENDPOINT:-}" = true ]; then
	"$here/secret.sh" aml-endpoint-key --random
	say "no scoring endpoint yet: items wait; unset OPAL_WITHOUT_ENDPOINT and run this again when there are cores for it"
else
	if ! az ml online-endpoint list --query "[].name" --output tsv | grep -qx "$ENDPOINT"; then
		az ml online-endpoint create --name "$ENDPOINT" --file "$here/../ml/endpoint.yml" --set "tags.environment=$environment" --output none
		say "made the endpoint $ENDPOINT"
	fi
	az role assignment create --role AcrPull --assignee-principal-type ServicePrincipal \
		--assignee-object-id "$(az ml online-endpoint show --name "$ENDPOINT" --query identity.principal_id --output tsv)" \
		--scope "$(az acr show --name "$REGISTRY" --query id --output tsv)" --output none
	if ! az ml online-deployment list --endpoint-name "$ENDPOINT" --query "[].name" --output tsv | grep -qx blue; then
		score=$("$here/build.sh" "$REGISTRY" "opal-score:$tag" "$here/../ml/Dockerfile" "$here/../ml" "OPAL_IMAGE=$OPAL_IMAGE")
		az ml online-deployment create --file "$here/../ml/deployment-stub.yml" --endpoint-name "$ENDPOINT" --all-traffic --output none \
			--set "environment.image=$score" \
			"instance_type=$OPAL_SCORE_INSTANCE_TYPE" "environment_variables.ENV_NAME=$environment" \
			"environment_variables.SCORE_ALLOWED_HOSTS=$STORAGE.blob.core.windows.net"
		say "deployed the stub engine"
	fi
	if ! has_secret aml-endpoint-key ||
		[ "$(az keyvault secret show --vault-name "$VAULT" --name aml-endpoint-key --query tags.from --output tsv)" = random ]; then
		az ml online-endpoint get-credentials --name "$ENDPOINT" --query primaryKey --output tsv | "$here/secret.sh" aml-endpoint-key
	fi
fi

# 5. Rights on the secrets, GitHub's identity, and the database's users.
ground
keep OPAL_SECRETS "$OPAL_SECRETS"
keep OPAL_GITHUB_SUBJECT "$OPAL_GITHUB_SUBJECT"
keep OPAL_WATCH_ENDPOINT "$OPAL_WATCH_ENDPOINT"
if [ "$environment" = prod ]; then
	say "the database has no public address: run users.sql inside the network (README.md, 'A shell inside the network'), then:"
	say "deploy/bring.sh prod $group $OPAL_IMAGE, and 8."
	exit 1
fi
"$here/with-database.sh" psql -d postgres -v ON_ERROR_STOP=1 -v "env=$environment" -f "$here/users.sql"
say "made the database's users"

# 5., 6. The jobs, the migration, the apps.
"$here/bring.sh" "$environment" "$group" "$OPAL_IMAGE"

# 8. The watch.
ground
keep OPAL_WATCH_APPS "$OPAL_WATCH_APPS"
say "the API is at $API; next: README.md, 7., a tenant and its key"
