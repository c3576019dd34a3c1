# Sourced by deploy/test: a throwaway PostgreSQL cluster that lives as long as the script.

# as_database_user COMMAND ...: PostgreSQL refuses to run as root.
as_database_user() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    "$@"
  fi
}

# start_cluster: starts one and sets `cluster_conninfo`. Nothing in it is worth keeping, so it never waits for the disk.
start_cluster() {
  local programs password port attempt
  programs=$(newest_postgresql) || fail "no PostgreSQL server 15 or newer in /usr/lib/postgresql" "apt-get install postgresql"
  cluster=$(mktemp -d /tmp/cloudbill-pg-XXXXXX)
  chmod 711 "$cluster"
  mkdir "$cluster/data" "$cluster/run"
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s\n' "$password" >"$cluster/password"
  if [ "$(id -u)" = 0 ]; then chown -R postgres:postgres "$cluster/data" "$cluster/run" "$cluster/password"; fi
  (cd / && as_database_user "$programs/initdb" -D "$cluster/data" -U postgres -A scram-sha-256 --pwfile="$cluster/password" \
    -E UTF8 --locale=C.UTF-8 --no-sync) >"$cluster/initdb.log" 2>&1 || fail "initdb failed: $(tail -n 3 "$cluster/initdb.log")"
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cat >>"$cluster/data/postgresql.conf" <<SETTINGS
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$cluster/run'
max_connections = 200
fsync = off
synchronous_commit = off
full_page_writes = off
SETTINGS
  cluster_conninfo="host=$cluster/run port=$port user=postgres password=$password dbname=postgres"
  # SIGINT is PostgreSQL's fast shutdown: should this script be killed, the kernel stops the cluster.
  if [ "$(id -u)" = 0 ]; then
    (cd / && exec setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig INT \
      "$programs/postgres" -D "$cluster/data") >"$cluster/log" 2>&1 </dev/null &
  else
    (cd / && exec setpriv --pdeathsig INT "$programs/postgres" -D "$cluster/data") >"$cluster/log" 2>&1 </dev/null &
  fi
  cluster_process=$!
  for attempt in $(seq 100); do
    if "$programs/pg_isready" -q -h "$cluster/run" -p "$port"; then return 0; fi
    kill -0 "$cluster_process" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$cluster/log" >&2
  fail "the test cluster did not start (after $attempt tries)"
}

stop_cluster() {
  if [ -n "${cluster_process:-}" ]; then
    kill -INT "$cluster_process" 2>/dev/null || true
    wait "$cluster_process" 2>/dev/null || true
    cluster_process=
  fi
  if [ -n "${cluster:-}" ]; then rm -rf "$cluster"; fi
}
