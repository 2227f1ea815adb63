#!/usr/bin/env bash
# Sets up the repository for the workflows, after `. deploy/env.sh`; repeat it after each
# change of the names and choices that env.sh finds:
#
#   deploy/github.sh                 the environment dev: only main deploys to it, with the variables that the workflows read
#   deploy/github.sh GROUP_OF_DEV    prod, with prod-approval beside it, and the right to read dev's images
#
# With OPAL_API_KEY, the smoke test's key, that becomes the secret OPAL_SMOKE_KEY.
# Needs gh, logged in as an admin of the repository.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

: "${OPAL_ENVIRONMENT:?is not set: . deploy/env.sh dev}" "${GROUP:?is not set: . deploy/env.sh dev}"
key=${OPAL_API_KEY:-} off=${OPAL_WITHOUT_ENDPOINT:-}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/env.sh" "$OPAL_ENVIRONMENT" "$GROUP"
say() { printf 'github: %s\n' "$*"; }
if [ -z "$REPOSITORY" ]; then
	say "gh knows no repository here whose admin you are: gh auth login, in a clone of your own repository" >&2
	exit 1
fi
client=$(out githubClientId)
if [ -z "$client" ]; then
	say "the ground has no identity for GitHub yet: ground, then this again" >&2
	exit 1
fi
if [ "$OPAL_ENVIRONMENT" = prod ]; then from=${1:?usage: github.sh GROUP_OF_DEV, whose images prod gets}; fi

# protect NAME [REVIEWERS] makes an environment that only main deploys to, after one of REVIEWERS, a list of JSON, has agreed.
protect() {
	local body there
	body=$(jq -n --argjson who "${2:-[]}" '{deployment_branch_policy: {protected_branches: false, custom_branch_policies: true}}
		+ if $who == [] then {} else {reviewers: $who} end')
	gh api -X PUT "repos/$REPOSITORY/environments/$1" --input - <<<"$body" >/dev/null || return 1
	there=$(gh api "repos/$REPOSITORY/environments/$1/deployment-branch-policies" --jq '.branch_policies[].name') || return 1
	grep -qx main <<<"$there" || gh api -X POST "repos/$REPOSITORY/environments/$1/deployment-branch-policies" -f name=main >/dev/null || return 1
	say "only main deploys to $1"
}
# set_var NAME VALUE sets a variable of the environment; an empty one is left out.
set_var() { [ -z "$2" ] || gh variable set "$1" --env "$OPAL_ENVIRONMENT" --body "$2"; }

protect "$OPAL_ENVIRONMENT" # without reviewers: each job would ask again
if [ "$OPAL_ENVIRONMENT" = prod ]; then
	# Whom people added in Settings stays: a PUT replaces the list.
	who=$(gh api "repos/$REPOSITORY/environments/prod-approval" \
		--jq '[.protection_rules[]? | select(.type == "required_reviewers").reviewers[] | {type, id: .reviewer.id}]' 2>/dev/null) || who=
	if [ "${who:-[]}" = '[]' ]; then who="[{\"type\":\"User\",\"id\":$(gh api user --jq .id)}]"; fi
	if ! protect prod-approval "$who"; then
		say "the repository's plan has no reviewers, so nobody is asked: the right to start promote-prod.yml is the guard"
		protect prod-approval
	fi
	images=$(az acr list --resource-group "$from" --query "[0].id" --output tsv)
	principal=$(az identity show --resource-group "$GROUP" --name opal-github-prod --query principalId --output tsv)
	az role assignment create --role AcrPull --assignee-principal-type ServicePrincipal --assignee-object-id "$principal" \
		--scope "${images:?there is no registry in $from}" --output none
	say "prod may read the images of ${images##*/}"
	set_var OPAL_SELLER_NAME "$OPAL_SELLER_NAME"
	set_var OPAL_SELLER_ADDRESS "$OPAL_SELLER_ADDRESS"
	set_var OPAL_SELLER_COUNTRY "$OPAL_SELLER_COUNTRY"
	set_var OPAL_SELLER_VAT_ID "$OPAL_SELLER_VAT_ID"
fi
set_var OPAL_CUSTOM_DOMAIN "$OPAL_CUSTOM_DOMAIN"
set_var OPAL_CERTIFICATE_ID "$OPAL_CERTIFICATE_ID"
set_var AZURE_CLIENT_ID "$client"
set_var AZURE_TENANT_ID "$TENANT_ID"
set_var AZURE_SUBSCRIPTION_ID "$SUBSCRIPTION"
set_var AZURE_RESOURCE_GROUP "$GROUP"
set_var OPAL_REGISTRY "$REGISTRY"
set_var OPAL_VAULT "$VAULT"
set_var OPAL_STORAGE_ACCOUNT "$STORAGE"
set_var OPAL_ML_WORKSPACE "$WORKSPACE"
set_var OPAL_ENDPOINT "$ENDPOINT"
set_var OPAL_SCORE_INSTANCE_TYPE "$OPAL_SCORE_INSTANCE_TYPE"
set_var OPAL_WITHOUT_ENDPOINT "$off" # not exported, it stays: nothing else remembers it
set_var AML_ENDPOINT_URL "$AML_ENDPOINT_URL"
set_var OPAL_PUBLIC_BASE_URL "$OPAL_PUBLIC_BASE_URL"
set_var OPAL_AUTH_MODE "$OPAL_AUTH_MODE"
set_var OPAL_SMOKE_TENANT "${OPAL_SMOKE_TENANT:-smoke}"
if [ -n "$key" ]; then
	printf %s "$key" | gh secret set OPAL_SMOKE_KEY --env "$OPAL_ENVIRONMENT"
else
	say "OPAL_API_KEY is not set: the secret OPAL_SMOKE_KEY stays as it is"
fi
say "$REPOSITORY is set up for $OPAL_ENVIRONMENT"
