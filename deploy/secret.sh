#!/usr/bin/env bash
# Puts a secret into the environment's vault, after `. deploy/env.sh`; the first time
# it gives you the right to. The value is never shown and in no command line:
#
#   deploy/secret.sh NAME                asks for it; COMMAND | deploy/secret.sh NAME takes what COMMAND prints
#   deploy/secret.sh NAME --random       makes one where there is none yet, and keeps the one that there is
#
# With --replace a random one takes the place of another. auth-key-pepper is replaced
# with --replace alone: every API key is void then.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

usage="usage: secret.sh NAME [--random] [--replace]"
name=${1:?$usage}
shift
random=false replace=false
for option in "$@"; do
	case $option in
	--random) random=true ;;
	--replace) replace=true ;;
	*) echo "$usage" >&2 && exit 2 ;;
	esac
done
: "${VAULT:?is not known: . deploy/env.sh dev, after the ground was laid}"
known='auth-key-pepper auth-client-secret mollie-api-key aml-endpoint-key place-endpoint-key cutout-endpoint-key removebg-api-key photoroom-api-key'
case " $known " in *" $name "*) ;; *) echo "secret: nothing reads $name; there are: $known" >&2 && exit 2 ;; esac
say() { printf 'secret: %s\n' "$*"; }

names() { az keyvault secret list --vault-name "$VAULT" --query "[].name" --output tsv; }
if ! held=$(names 2>/dev/null); then
	say "giving you the right to the secrets of $VAULT; that takes minutes to work everywhere"
	az role assignment create --role "Key Vault Secrets Officer" --assignee-object-id "$(az ad signed-in-user show --query id --output tsv)" \
		--assignee-principal-type User --scope "$(az keyvault show --name "$VAULT" --query id --output tsv)" --output none
	for ((tries = 1; ; tries++)); do
		sleep "${OPAL_ROLE_WAIT:-20}"
		if [ "$tries" -ge 15 ]; then held=$(names) && break; fi # the last one says what is wrong
		held=$(names 2>/dev/null) && break
	done
fi
if grep -qx -- "$name" <<<"$held"; then
	if [ "$random" = true ] && [ "$replace" = false ]; then
		say "$name is there already, and stays"
		exit 0
	elif [ "$name" = auth-key-pepper ] && [ "$replace" = false ]; then
		say "the pepper is there; with another one every API key is void. If that is what you want: --replace" >&2
		exit 1
	fi
fi

# in a file that you alone can read: others can read a command line
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
from=person
if [ "$random" = true ]; then
	from=random
	openssl rand -base64 48 | tr -d '\n' >"$work/value"
elif [ -t 0 ]; then
	read -rsp "$name: " value
	echo
	printf %s "$value" >"$work/value"
else
	tr -d '\r\n' >"$work/value"
fi
[ -s "$work/value" ] || { say "$name would be empty: nothing was changed" >&2; exit 1; }
az keyvault secret set --vault-name "$VAULT" --name "$name" --file "$work/value" --encoding utf-8 --tags "from=$from" --output none
say "$name is in $VAULT; apps read it within half an hour, or after: restart ROLE"
