#!/usr/bin/env bash
# Puts the tarball of pjproject's sources into a folder, and prints its path. It is, in this order:
# - the measured one (file "measured-source") out of the cache;
# - the measured one from the machine's own Debian mirror, whichever suite still has it;
# - the newest one of all these suites. The caller sees by its checksum that it is not the measured one.
#
# apt fetches it and checks it against the archive's signature; this script only says where apt is to keep the lists
# of those suites, so that the machine's own configuration stays untouched.
#
# Usage: fetch-source.sh DIR
# Cache: ${CALLAPI_CACHE:-${XDG_CACHE_HOME:-~/.cache}/callapi}; the measured tarball is kept there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
into=$(cd "${1:?usage: fetch-source.sh DIR}" && pwd)
cache=${CALLAPI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/callapi}
# shellcheck source=/dev/null
. "$here/measured-source"

say() { printf 'engine: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
is_measured() { [ -f "$1" ] && printf '%s  %s\n' "$sha256" "$1" | sha256sum --check --status; }

# The machine's own Debian mirror, as apt knows it: "<uri> <file of the entry>", or nothing.
debian_mirror() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(SOURCESENTRY)' 'Created-By: Packages' |
        awk -F'|' '$1 == "Debian" && $2 == "Debian" { sub(/:[0-9]+$/, "", $4); print $3, $4; exit }'
}

# Suites that may have the source package: those that new versions enter first, then the machine's own.
suites() {
    printf '%s\n' sid testing
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(CODENAME)' 'Created-By: Packages' |
        awk -F'|' '$1 == "Debian" && $2 == "Debian" && $3 !~ /-/ && $3 != "sid" && !seen[$3]++ { print $3 }'
}

# The keyring that the machine trusts for that mirror: from its entry, else Debian's own.
mirror_keyring() {
    local uri=${1%/} entry=$2 separator='\n' keyring
    [[ $entry != *.sources ]] || separator=
    keyring=$(awk -v RS="$separator" -v uri="$uri" 'index($0, uri) && match($0, /[Ss]igned-[Bb]y[=:] *\/[^] \n]+/) {
        entry = substr($0, RSTART, RLENGTH); sub(/^[^\/]*/, "", entry); print entry; exit }' "$entry")
    printf '%s\n' "${keyring:-/usr/share/keyrings/debian-archive-keyring.gpg}"
}

# apt-get or apt-cache, on lists of our own.
with_our_lists() {
    local program=$1
    shift
    "$program" -q \
        -o Dir::State::lists="$apt/lists" -o Dir::Cache::archives="$apt/archives" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o Dir::Etc::sourcelist="$apt/source.sources" -o Dir::Etc::sourceparts=/nonexistent \
        -o APT::Get::AllowUnauthenticated=false -o Acquire::AllowInsecureRepositories=false \
        -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

update() {
    printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
        "$mirror" "$*" "$keyring" > "$apt/source.sources"
    with_our_lists apt-get update >&2
}

# "<version> <SHA-256>" of every pjproject tarball in the lists.
on_offer() {
    with_our_lists apt-cache showsrc asterisk 2> /dev/null |
        awk '$1 == "Version:" { version = $2 }
             length($1) == 64 && $3 ~ /\.orig-Xpjproject\.tar\./ && !seen[version]++ { print version, $1 }'
}

newest() {
    local best='' version
    while read -r version _; do
        if [ -z "$best" ] || dpkg --compare-versions "$version" gt "$best"; then best=$version; fi
    done
    printf '%s\n' "$best"
}

# The version of the source package to take: the measured one as soon as a suite has it, else the newest of all.
choose_version() {
    local suite version known=()
    while read -r suite; do
        if update "${known[@]}" "$suite"; then
            known+=("$suite")
        else
            say "no list of the suite $suite"
            continue
        fi
        version=$(on_offer | awk -v wanted="$sha256" '$2 == wanted { print $1; exit }')
        if [ -n "$version" ]; then
            printf '%s\n' "$version"
            return
        fi
    done < <(suites)
    [ ${#known[@]} = 0 ] || update "${known[@]}"
    on_offer | newest
}

prepare_apt() {
    local entry
    if [ -z "$(debian_mirror)" ]; then
        say 'refreshing the package lists'
        if [ "$(id -u)" = 0 ]; then apt-get -q update >&2; else sudo apt-get -q update >&2; fi
    fi
    read -r mirror entry < <(debian_mirror) || die "no Debian archive is configured in /etc/apt. $advice"
    keyring=$(mirror_keyring "$mirror" "$entry")
    mkdir -p "$apt"/{lists/partial,archives/partial,download}
    # As root, apt fetches as its own user, who has to reach these folders.
    if [ "$(id -u)" = 0 ] && id _apt > /dev/null 2>&1; then
        chmod 755 "$apt"
        chown -R _apt "$apt/lists" "$apt/archives" "$apt/download"
    fi
}

advice="Put the measured tarball, $tarball (SHA-256 $sha256), into $cache and run this again."
if ! is_measured "$cache/$tarball"; then
    # The downloads lie apart: apt's own user cannot reach into a home folder.
    apt=$(mktemp -d)
    trap 'rm -rf "$apt"' EXIT
    prepare_apt
    version=$(choose_version)
    [ -n "$version" ] || die "no suite of $mirror has the source package asterisk with pjproject in it. $advice"
    (cd "$apt/download" && with_our_lists apt-get source --download-only "asterisk=$version" >&2) ||
        die "apt did not fetch asterisk=$version. $advice"
    found=$(echo "$apt"/download/asterisk_*.orig-Xpjproject.tar.*)
    if ! is_measured "$found"; then
        cp "$found" "$into/"
        printf '%s\n' "$into/$(basename "$found")"
        exit 0
    fi
    mkdir -p "$cache"
    cp "$found" "$cache/$tarball.part"
    mv "$cache/$tarball.part" "$cache/$tarball"
fi
cp "$cache/$tarball" "$into/"
printf '%s\n' "$into/$tarball"
