#!/usr/bin/env bash
# Installs a PostgreSQL server, and lets none run: install-postgres.sh. What is there already stays as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

if have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; then exit 0; fi
# Only the server's programs are wanted: tests and benchmarks make clusters of their own in temporary folders.
apt_install postgresql-common
conf=/etc/postgresql-common/createcluster.d/no-main-cluster.conf
trap 'as_root rm -f "$conf"' EXIT
as_root sh -c "mkdir -p $(dirname "$conf") && echo create_main_cluster = off > $conf"
apt_install postgresql
