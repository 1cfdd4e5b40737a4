#!/usr/bin/env bash
# Installs the Debian packages that are missing, and nothing when none is: as root, or by sudo.
# Usage: packages.sh --list (prints the missing ones)
#                  | --permit (lets sudo ask for its password now, where the question can be seen; says what to do
#                              where there is no sudo)
#                  | --install
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

wanted() {
    sed 's/#.*//' "$root/infra/dev/packages.txt" "$root/signaling/engine/native/engine-packages.txt" | grep -v '^ *$'
    # Debian splits its own interpreter: venv and headers are packages. Another one (pyenv, a build) has both.
    if python=$("$root/infra/dev/find-python.sh" 2> /dev/null) &&
        [ "$("$python" -c 'import sys; print(sys.base_prefix)')" != /usr ]; then
        return
    fi
    printf '%s\n' python3 python3-dev python3-venv
}

missing() {
    wanted | while read -r package; do
        dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null | grep -qx installed || printf '%s\n' "$package"
    done
}

command -v dpkg-query > /dev/null || { echo 'This set-up installs Debian packages: a Debian system is needed.' >&2; exit 1; }
case ${1:-} in
    --list) missing ;;
    --permit)
        [ "$(id -u)" != 0 ] || exit 0
        if ! command -v sudo > /dev/null; then
            printf 'There is no sudo here. As root:\n  apt-get install --no-install-recommends %s\n' \
                "$(missing | paste -sd' ')" >&2
            exit 1
        fi
        sudo -v -p 'sudo, to install Debian packages; password of %p: '
        ;;
    --install)
        mapfile -t packages < <(missing)
        [ ${#packages[@]} -gt 0 ] || exit 0
        as_root=()
        [ "$(id -u)" = 0 ] || as_root=(sudo)
        "${as_root[@]}" apt-get -q update
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${packages[@]}"
        ;;
    *) echo 'usage: packages.sh --list | --permit | --install' >&2; exit 2 ;;
esac
