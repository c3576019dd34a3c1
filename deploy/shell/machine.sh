# Sourced by the commands in deploy/: what the machine must have, installed where we may and named where we may not.

swift_at_least_major=6
swift_at_least_minor=2

check_swift() {
  local version
  command -v swift >/dev/null || fail "Swift is not installed" \
    "CloudBill needs Swift $swift_at_least_major.$swift_at_least_minor or newer: get the toolchain for your system at https://www.swift.org/install" \
    "then make sure that \`swift --version\` works in this shell (PATH) and run this command again"
  version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
  if [ -z "$version" ] || [ "${version%%.*}" -lt $swift_at_least_major ] ||
    { [ "${version%%.*}" -eq $swift_at_least_major ] && [ "${version#*.}" -lt $swift_at_least_minor ]; }; then
    fail "Swift ${version:-of an unknown version} is too old" \
      "CloudBill needs Swift $swift_at_least_major.$swift_at_least_minor or newer: https://www.swift.org/install" \
      "found: $(command -v swift)"
  fi
}

# The names listed in package files, without comments.
listed() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$@"; }

is_installed() {
  # Any PostgreSQL server of a version we support will do; the package `postgresql` only names the newest one.
  if [ "$1" = postgresql ] && newest_postgresql >/dev/null; then return 0; fi
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Prints the folder with the newest PostgreSQL server's programs, 15 or newer.
newest_postgresql() {
  local folder version
  for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV); do
    version=$(basename "$(dirname "$folder")")
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && [ "${version%%.*}" -ge 15 ] 2>/dev/null; then
      echo "$folder"
      return 0
    fi
  done
  return 1
}

# install_debian FILE ...: installs what is missing of the listed packages, or names it when this user may not.
install_debian() {
  local name missing=()
  if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian system: make sure that you have the equivalents of: $(listed "$@" | tr '\n' ' ')" >&2
    return 0
  fi
  for name in $(listed "$@"); do is_installed "$name" || missing+=("$name"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    fail "these Debian packages are missing: ${missing[*]}" "install them: sudo apt-get install --no-install-recommends ${missing[*]}"
  fi
  step "Installing Debian packages: ${missing[*]}" apt_install "${missing[@]}"
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  # We run private clusters only: without this Debian makes one of its own, and starts it.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  fi
  apt-get update -q -o DPkg::Lock::Timeout=120
  apt-get install -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold "$@"
}

# install_python FOLDER FILE: a virtual environment with exactly the listed packages.
install_python() {
  local folder=$1 file=$2 stamp
  stamp=$({ python3 --version; cat "$file"; } | sha256sum | cut -d ' ' -f 1)
  if [ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ] && [ -x "$folder/bin/python" ]; then return 0; fi
  step "Installing Python packages into ${folder#"$PWD/"}" make_python "$folder" "$file"
  echo "$stamp" >"$folder/stamp"
}

make_python() {
  rm -rf "$1"
  python3 -m venv "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
}
