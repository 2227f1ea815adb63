#!/usr/bin/env bash
# Gives the API a domain of one's own, with a certificate that Azure renews, after
# `. deploy/env.sh prod`. It may be repeated, and goes on where it was:
#
#   deploy/domain.sh api.example.com
#
# Without the two DNS records Azure refuses the domain; they are printed first.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

domain=${1:?usage: domain.sh DOMAIN}
: "${OPAL_ENVIRONMENT:?is not set: . deploy/env.sh prod}" "${GROUP:?is not set: . deploy/env.sh prod}"
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/env.sh" "$OPAL_ENVIRONMENT" "$GROUP"
say() { printf 'domain: %s\n' "$*"; }
app=opal-web-api-$OPAL_ENVIRONMENT
if ! grep -q "OPAL_CUSTOM_DOMAIN" "$here/apps.$OPAL_ENVIRONMENT.bicepparam"; then
	say "apps.$OPAL_ENVIRONMENT.bicepparam has no domain: take the params customDomain and certificateId over from apps.prod.bicepparam" >&2
	exit 1
fi
host=$(az containerapp env list --resource-group "$GROUP" --query "[?properties.defaultDomain && ends_with('$API', properties.defaultDomain)].name | [0]" --output tsv)
proof=$(az containerapp show --resource-group "$GROUP" --name "$app" --query properties.customDomainVerificationId --output tsv)
say "DNS: $domain CNAME ${API#https://}"
say "DNS: asuid.$domain TXT $proof"

# Named at every deployment from now on: env.sh finds it, github.sh tells the workflow.
certificate() {
	az containerapp env certificate list --resource-group "$GROUP" --name "${host:?has no environment of its own}" --managed-certificates-only \
		--query "[?properties.subjectName=='$domain'].$1 | [0]" --output tsv
}
id=$(certificate id)
if [ -z "$id" ]; then
	if [ "$OPAL_CUSTOM_DOMAIN" != "$domain" ]; then
		OPAL_CUSTOM_DOMAIN=$domain OPAL_CERTIFICATE_ID='' "$here/bring.sh" "$OPAL_ENVIRONMENT" "$GROUP"
	fi
	az containerapp env certificate create --resource-group "$GROUP" --name "$host" --hostname "$domain" --validation-method CNAME --output none
fi
# It is made after the command has ended.
state=none
for ((waited = 0; waited < ${OPAL_CERTIFICATE_WAIT:-1800}; waited += 15)); do
	state=$(certificate properties.provisioningState)
	case $state in Succeeded | Failed | Canceled) break ;; esac
	sleep 15
done
if [ "$state" != Succeeded ]; then
	say "the certificate is ${state:-not there}: look at the two records and at the domain's CAA record (digicert.com must be allowed), delete it" >&2
	say "(az containerapp env certificate delete -g $GROUP -n $host --certificate $(certificate name) --yes), and run this again" >&2
	exit 1
fi
OPAL_CERTIFICATE_ID=$(certificate id)
export OPAL_CERTIFICATE_ID OPAL_CUSTOM_DOMAIN=$domain OPAL_PUBLIC_BASE_URL=https://$domain
"$here/bring.sh" "$OPAL_ENVIRONMENT" "$GROUP"
ground # the console's uploads, the watch
say "the API is at https://$domain; for the workflow: deploy/github.sh"
