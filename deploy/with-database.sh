#!/usr/bin/env bash
# Runs a command as the database's administrator, after `. deploy/env.sh`: psql and
# pg_restore find server, user and token in their environment. The firewall is open
# to this address meanwhile, and closed again however the command ends:
#
#   deploy/with-database.sh psql -d postgres -v ON_ERROR_STOP=1 -v env=$OPAL_ENVIRONMENT -f deploy/users.sql
#
# MY_ADDRESS is your address as Azure sees it, where https://api.ipify.org can't be asked.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
case ${1:-} in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit 0 ;; esac

[ $# -gt 0 ] || { echo "usage: with-database.sh COMMAND [ARGUMENT...]" >&2; exit 2; }
: "${GROUP:?is not set: . deploy/env.sh dev}" "${DATABASE:?is not set: . deploy/env.sh dev}" "${OPAL_DB_ADMIN_NAME:?is not set: . deploy/env.sh dev}"
server=${DATABASE%%.*}
if [ "$(az postgres flexible-server show --resource-group "$GROUP" --name "$server" --query network.publicNetworkAccess --output tsv)" = Disabled ]; then
	echo "with-database: $server has no public address: README.md, \"A shell inside the network\"" >&2
	exit 1
fi
mine=${MY_ADDRESS:-$(curl -sf --max-time 20 https://api.ipify.org)} || { echo "with-database: export MY_ADDRESS, or use the portal's Cloud Shell" >&2; exit 1; }
# A name of its own: two people may be at it.
rule=hand-$(date +%s)
closed() { az postgres flexible-server firewall-rule delete --resource-group "$GROUP" --server-name "$server" --name "$rule" --yes; }
trap closed EXIT
az postgres flexible-server firewall-rule create --resource-group "$GROUP" --server-name "$server" --name "$rule" \
	--start-ip-address "$mine" --end-ip-address "$mine" --output none
PGPASSWORD=$(az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv)
export PGPASSWORD PGHOST=$DATABASE PGUSER=$OPAL_DB_ADMIN_NAME PGSSLMODE=verify-full PGSSLROOTCERT=system
"$@"
