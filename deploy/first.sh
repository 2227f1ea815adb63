#!/usr/bin/env bash
# The runbook's first deployment in one go, as azd's hooks call it. Each step looks
# whether it was done and may be repeated:
#
#   deploy/first.sh before dev GROUP LOCATION    the group of people who administer the database
#   deploy/first.sh after dev GROUP LOCATION     README.md, 2. to 6. B and 8., once the ground is laid
#   deploy/first.sh published dev GROUP LOCATION the migration and the apps, once azd deploy has pushed an image
#
# Needs what README.md's "Before you begin" asks for. For prod it stops where the
# database wants a shell inside its network, and says so.
set -euo pipefail

when=${1:?usage: first.sh before|after|published ENVIRONMENT GROUP LOCATION}
environment=${2:?usage: first.sh before|after|published ENVIRONMENT GROUP LOCATION}
group=${3:?usage: first.sh before|after|published ENVIRONMENT GROUP LOCATION}
location=${4:?usage: first.sh before|after|published ENVIRONMENT GROUP LOCATION}
here=$(cd "$(dirname "$0")" && pwd)
ground=$here/ground.$environment.bicepparam
apps=$here/apps.$environment.bicepparam
wait_seconds=${OPAL_ROLE_WAIT:-60}

say() { printf 'first: %s\n' "$*"; }
# keep NAME VALUE also tells azd, where it is azd that calls.
keep() {
	export "$1=$2"
	if [ -n "${AZURE_ENV_NAME:-}" ] && command -v azd >/dev/null; then azd env set "$1" "$2" >/dev/null; fi
}

# bring_all NAME brings jobs, database and apps to OPAL_IMAGE. A right may need a second try.
bring() {
	OPAL_DEPLOY_APPS=$1 az deployment group create --resource-group "$group" --name "apps-$2" --parameters "$apps" --output none
}
bring_all() {
	bring false "$1" || { sleep $((wait_seconds * 5)) && bring false "$1"; }
	"$here/run-job.sh" "$group" "opal-migrate-$environment"
	bring true "$1"
	"$here/wait-revision.sh" "$group" "opal-web-api-$environment" "${OPAL_REVISION:-initial}"
}

case $when in
before | after) ;;
published)
	pushed=${SERVICE_OPAL_IMAGE_NAME:?is not set: azd deploy sets it when it has pushed the image}
	registry=${pushed%%.*} name=${pushed#*/}
	digest=$(az acr manifest show-metadata --registry "$registry" --name "$name" --query digest --output tsv)
	keep OPAL_IMAGE "$registry.azurecr.io/${name%:*}@$digest"
	keep OPAL_REVISION "azd-$(date +%s)"
	bring_all "$OPAL_REVISION"
	say "jobs, database and apps are at $OPAL_IMAGE"
	exit 0
	;;
*)
	say "usage: first.sh before|after|published ENVIRONMENT GROUP LOCATION"
	exit 2
	;;
esac

if [ "$(az group exists --name "$group")" != true ]; then
	az group create --name "$group" --location "$location" --output none
	say "made the group $group"
fi
people=opal-dba-$environment
me=$(az ad signed-in-user show --query id --output tsv)
id=$(az ad group list --filter "displayName eq '$people'" --query "[0].id" --output tsv)
if [ -z "$id" ]; then
	id=$(az ad group create --display-name "$people" --mail-nickname "$people" --query id --output tsv)
	az ad group member add --group "$people" --member-id "$me"
	say "made the group $people, with you in it"
fi
keep OPAL_DB_ADMIN_NAME "$people"
keep OPAL_DB_ADMIN_ID "$id"
[ "$when" = after ] || exit 0

# The ground again: it is there already, where azd laid it, and costs minutes.
lay() { az deployment group create --resource-group "$group" --name ground --parameters "$ground" --output none; }
lay
out() { az deployment group show --resource-group "$group" --name ground --query "properties.outputs.$1.value" --output tsv; }
registry=$(out registryName) vault=$(out vaultName) storage=$(out storageName)
workspace=$(out workspaceName) database=$(out postgresHost) api=$(out apiUrl)
say "the ground is laid: registry $registry, vault $vault"

# 2. The pepper, made once.
az role assignment create --role "Key Vault Secrets Officer" --assignee-object-id "$me" --assignee-principal-type User \
	--scope "$(az keyvault show --name "$vault" --query id --output tsv)" --output none
sleep "$wait_seconds" # a right takes a while
has_secret() { az keyvault secret list --vault-name "$vault" --query "[].name" --output tsv | grep -qx "$1"; }
if ! has_secret auth-key-pepper; then
	az keyvault secret set --vault-name "$vault" --name auth-key-pepper --value "$(openssl rand -base64 48)" --output none
	say "made the pepper"
fi
if [ "$environment" = prod ] && ! has_secret mollie-api-key; then
	say "put Mollie's key into the vault (README.md, 2.), then run this again"
	exit 1
fi

# 3. The image, by the registry itself, named by its content.
tag=c-$(cd "$here/.." && git ls-tree -r HEAD -- main.go go.mod go.sum app config modules deploy/Dockerfile .dockerignore | sha256sum | cut -c1-24)
digest_of() {
	az acr repository list --name "$registry" --output tsv | grep -qx "$1" || return 0
	az acr manifest list-metadata --registry "$registry" --name "$1" --query "[?tags && contains(tags, '$2')].digest | [0]" --output tsv
}
digest=$(digest_of opal "$tag")
if [ -z "$digest" ]; then
	say "building the image; this takes a quarter of an hour"
	az acr build --registry "$registry" --image "opal:$tag" --build-arg "REVISION=$(cd "$here/.." && git rev-parse HEAD)" \
		--file "$here/Dockerfile" "$here/.." --only-show-errors
	digest=$(digest_of opal "$tag")
fi
keep OPAL_IMAGE "$registry.azurecr.io/opal@$digest"
keep AZURE_CONTAINER_REGISTRY_ENDPOINT "$registry.azurecr.io" # where azd deploy pushes to
say "image $OPAL_IMAGE"

# 4. The scoring endpoint with the stub engine.
endpoint=${OPAL_ENDPOINT:-opal-sd-placement-$environment}
az configure --defaults "group=$group" "workspace=$workspace"
if ! az ml online-endpoint list --query "[].name" --output tsv | grep -qx "$endpoint"; then
	az ml online-endpoint create --name "$endpoint" --file "$here/../ml/endpoint.yml" --output none
	say "made the endpoint $endpoint"
fi
az role assignment create --role AcrPull --assignee-principal-type ServicePrincipal \
	--assignee-object-id "$(az ml online-endpoint show --name "$endpoint" --query identity.principal_id --output tsv)" \
	--scope "$(az acr show --name "$registry" --query id --output tsv)" --output none
if ! az ml online-deployment list --endpoint-name "$endpoint" --query "[].name" --output tsv | grep -qx blue; then
	az acr build --registry "$registry" --image "opal-score:$tag" --build-arg "OPAL_IMAGE=$OPAL_IMAGE" \
		--file "$here/../ml/Dockerfile" "$here/../ml" --only-show-errors
	az ml online-deployment create --file "$here/../ml/deployment-stub.yml" --endpoint-name "$endpoint" --all-traffic --output none \
		--set "environment.image=$registry.azurecr.io/opal-score@$(digest_of opal-score "$tag")" \
		"instance_type=${OPAL_SCORE_INSTANCE_TYPE:-Standard_DS2_v2}" "environment_variables.ENV_NAME=$environment" \
		"environment_variables.SCORE_ALLOWED_HOSTS=$storage.blob.core.windows.net"
	say "deployed the stub engine"
fi
keep AML_ENDPOINT_URL "$(az ml online-endpoint show --name "$endpoint" --query scoring_uri --output tsv)"
if ! has_secret aml-endpoint-key; then
	az keyvault secret set --vault-name "$vault" --name aml-endpoint-key --output none \
		--value "$(az ml online-endpoint get-credentials --name "$endpoint" --query primaryKey --output tsv)"
fi

# 5. Rights on the secrets, and the database's users.
keep OPAL_SECRETS "$(az keyvault secret list --vault-name "$vault" --query "[].name" --output tsv | xargs)"
keep OPAL_WATCH_ENDPOINT "$endpoint"
lay
if [ "$environment" = prod ]; then
	say "the database has no public address: run users.sql inside the network (README.md, 'A shell inside the network'), then go on there with 5."
	exit 1
fi
server=${database%%.*}
mine=$(curl -sf https://api.ipify.org)
az postgres flexible-server firewall-rule create --resource-group "$group" --server-name "$server" --name first \
	--start-ip-address "$mine" --end-ip-address "$mine" --output none
closed() { az postgres flexible-server firewall-rule delete --resource-group "$group" --server-name "$server" --name first --yes; }
trap closed EXIT
PGPASSWORD=$(az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv) \
	psql "host=$database dbname=postgres user=$people sslmode=verify-full sslrootcert=system" \
	-v ON_ERROR_STOP=1 -v "env=$environment" -f "$here/users.sql"
closed
trap - EXIT
say "made the database's users"

# 5., 6. The jobs, the migration, the apps.
bring_all "$tag"

# 8. The watch.
keep OPAL_WATCH_APPS true
lay
say "the API is at $api; next: README.md, 7., a tenant and its key"
