# Sourced by the other scripts: how they talk, stop, and install Debian packages.
# shellcheck shell=bash

say() { printf '==> %s\n' "$*" >&2; }

# die WHAT [HINT]: the hint says what somebody can do about it.
die() {
    printf 'error: %s\n' "$1" >&2
    if [ $# -gt 1 ]; then printf '       %s\n' "${@:2}" >&2; fi
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "this needs root: $*" "Run it as root, or install sudo."
    fi
}

# apt_install PACKAGE…: installs what is missing of them, and says so; does nothing when all are there.
#
# Services of the packages are not started: the tests start their own PostgreSQL and registry, on ports of their own.
# What has to run (the Docker Engine) is started by the script that wants it.
apt_install() {
    local package missing=()
    for package in "$@"; do
        dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return
    have apt-get || die "these are missing and there is no apt-get here to install them: ${missing[*]}" \
        "Install them with this system's own package manager, and try again."
    say "installing ${missing[*]}"
    # shellcheck disable=SC2016 # the inner shell expands it
    as_root bash -euo pipefail -c '
        policy=/usr/sbin/policy-rc.d
        if [ ! -e "$policy" ]; then
            trap "rm -f $policy" EXIT
            printf "#!/bin/sh\nexit 101\n" > "$policy"
            chmod 755 "$policy"
        fi
        export DEBIAN_FRONTEND=noninteractive
        # A source that cannot be reached must not stop what the others have: the install below is the judge.
        # On a fresh machine unattended-upgrades often holds the lock for some minutes.
        wait=DPkg::Lock::Timeout=300
        apt-get -o "$wait" update -qq || true
        apt-get -o "$wait" install -y -qq --no-install-recommends "$@" >/dev/null
    ' apt_install "${missing[@]}" || die "apt-get could not install ${missing[*]} (its own words are above)"
}

# is_static FILE: whether it is an executable that runs in an image of its own.
is_static() { [ -x "$1" ] && ! ldd "$1" >/dev/null 2>&1; }

# can_reach HOST PORT: whether somebody answers there within three seconds.
can_reach() {
    timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null
}

# free_port: a TCP port of the loopback nobody listens on right now.
free_port() {
    local port
    while port=$((RANDOM % 20000 + 12000)) && can_reach 127.0.0.1 "$port"; do :; done
    echo "$port"
}

# remove_containers LABEL…: one after another, because Docker 20.10 can dead-lock over many forced removals at once.
remove_containers() {
    local label id
    for label in "$@"; do
        for id in $(docker ps --all --quiet --filter "label=$label" 2>/dev/null); do
            docker rm --force "$id" >/dev/null 2>&1 || true
        done
    done
}

# until_true SECONDS COMMAND…: tries five times a second until it succeeds; fails when it never did.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}
