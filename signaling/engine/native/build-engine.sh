#!/usr/bin/env bash
# Builds the SIP engine: the Python binding of pjproject (pjsua2), with limits fit for a server, our SIP trace, our
# admission, our gate for methods, our next hop, our registrar, our sounds and our ear for keys in them.
#
# Why a build: the binding on the package index is compiled for 4 calls, with an end-of-life OpenSSL and with asserts
# that abort the process. Debian carries the pjproject release as the component "Xpjproject" of its source package
# "asterisk" (suite sid). apt fetches it and checks it against the archive's signature; this script only says where
# apt is to keep the lists of that suite, so that the machine's own configuration stays untouched.
#
# Usage: build-engine.sh PYTHON [--asan] [--into DIR | --if-cached | --environment]
#   builds for that interpreter, into a cache outside the checkout, and makes its environment import it from there;
#   with --into the two files are copied to DIR instead (for an image). A second run finds the result and is instant;
#   with --if-cached it builds nothing, and fails when there is nothing to find.
#   --asan: one with AddressSanitizer, beside the plain one, which the environment goes on to import. A process uses it
#   when it is started with the NAME=value lines that --asan --environment prints:
#     env $(build-engine.sh PYTHON --asan --environment) PYTHON -m signaling
# Cache: ${CALLAPI_CACHE:-${XDG_CACHE_HOME:-~/.cache}/callapi}/engine-<hash>[-asan]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=$(command -v "${1:?usage: build-engine.sh PYTHON [--asan] [--into DIR]}")
python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
shift
kind=
optimize=(-O2)
sanitize=()
if [ "${1:-}" = --asan ]; then
    kind=-asan
    # pj's pools hand out parts of one block, in which a sanitizer sees neither an overflow nor what was freed. Its
    # debugging pools allocate each object by itself.
    optimize=(-O1 -g -fno-omit-frame-pointer -DPJ_POOL_DEBUG=1)
    sanitize=(-fsanitize=address)
    shift
fi
into=
[ "${1:-}" != --into ] || into=${2:?--into needs a directory}
cache=${CALLAPI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/callapi}
expected_release=2.17

say() { printf 'engine: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
python_value() { "$python" -c "import sys, sysconfig; print($1)"; }

engine_key() {
    { cat "$here"/{build-engine.sh,*.h,*.c,*.patch}
      python_value "sys.version, sysconfig.get_config_var('EXT_SUFFIX')"
      uname -m
      sed -n 's/^VERSION_ID=//p' /etc/os-release
    } | sha256sum | cut -c1-16
}

# --- the source, by apt ------------------------------------------------------------------------------------------

# The machine's own Debian mirror, as apt knows it: "<uri> <file of the entry>", or nothing.
debian_mirror() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)|$(SOURCESENTRY)' 'Created-By: Packages' |
        awk -F'|' '$1 == "Debian" && $2 == "Debian" { sub(/:[0-9]+$/, "", $4); print $3, $4; exit }'
}

# The keyring that the machine trusts for that mirror: from its entry, else Debian's own.
mirror_keyring() {
    local uri=${1%/} entry=$2 separator='\n' keyring
    [[ $entry != *.sources ]] || separator=
    keyring=$(awk -v RS="$separator" -v uri="$uri" 'index($0, uri) && match($0, /[Ss]igned-[Bb]y[=:] *\/[^] \n]+/) {
        entry = substr($0, RSTART, RLENGTH); sub(/^[^\/]*/, "", entry); print entry; exit }' "$entry")
    printf '%s\n' "${keyring:-/usr/share/keyrings/debian-archive-keyring.gpg}"
}

apt_of_source() {
    apt-get -q \
        -o Dir::State::lists="$apt/lists" -o Dir::Cache::archives="$apt/archives" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o Dir::Etc::sourcelist="$apt/source.sources" -o Dir::Etc::sourceparts=/nonexistent \
        -o APT::Get::AllowUnauthenticated=false -o Acquire::AllowInsecureRepositories=false \
        -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

fetch_source() {
    local mirror entry
    if [ -z "$(debian_mirror)" ]; then
        say 'refreshing the package lists'
        if [ "$(id -u)" = 0 ]; then apt-get -q update; else sudo apt-get -q update; fi
    fi
    read -r mirror entry < <(debian_mirror) || die 'no Debian archive is configured in /etc/apt: this build needs one'
    mkdir -p "$apt"/{lists/partial,archives/partial,download}
    printf 'Types: deb-src\nURIs: %s\nSuites: sid\nComponents: main\nSigned-By: %s\n' \
        "$mirror" "$(mirror_keyring "$mirror" "$entry")" > "$apt/source.sources"
    # As root, apt fetches as its own user, who has to reach these folders.
    if [ "$(id -u)" = 0 ] && id _apt > /dev/null 2>&1; then
        chmod 755 "$apt"
        chown -R _apt "$apt/lists" "$apt/archives" "$apt/download"
    fi
    apt_of_source update
    (cd "$apt/download" && apt_of_source source --download-only asterisk)
    mkdir "$work/src"
    tar -xJf "$apt"/download/asterisk_*.orig-Xpjproject.tar.xz -C "$work/src" --strip-components=1
}

# --- the build ---------------------------------------------------------------------------------------------------

compile_libraries() {
    local release change flags
    release=$(sed -n 's/^export PJ_VERSION_\(MAJOR\|MINOR\) *:= *//p' version.mak | paste -sd.)
    [ "$release" = "$expected_release" ] || say "WARNING: pjproject $release; measured and tested was $expected_release"
    cp "$here/config_site.h" pjlib/include/pj/config_site.h
    for change in "$here"/*.patch; do patch --strip=1 --fuzz=0 < "$change"; done
    # The archive removed this file (Blackberry sound) and its project files still name it.
    touch pjmedia/src/pjmedia-audiodev/bdimad_dev.c
    # NDEBUG: an assert would abort the process, and every call with it, for one wrong argument.
    flags="${optimize[*]} ${sanitize[*]} -fPIC -DNDEBUG"
    CFLAGS=$flags CXXFLAGS=$flags LDFLAGS=${sanitize[*]} ./configure \
        --enable-epoll --disable-sound --disable-video \
        --with-external-speex --with-external-gsm --with-external-srtp \
        --disable-resample --enable-libsamplerate \
        --disable-ilbc-codec --disable-g7221-codec --disable-libwebrtc --disable-webrtc --disable-libyuv \
        --disable-bcg729 --disable-silk --disable-upnp
    make dep
    make -j"$(nproc)" lib
}

# SWIG's wrapper and our C files, linked with the static libraries into one extension module. -threads: the GIL is
# released while pj runs. --wrap: what pj would look up itself ends in nexthop.c.
link_binding() {
    local flags libraries search extension part parts=(siptrace admission methods nexthop registrar sounds inband)
    cd pjsip-apps/src/swig/python
    mapfile -t flags < <(make --no-print-directory -f helper.mak cflags)
    mapfile -t search < <(make --no-print-directory -f helper.mak ldflags)
    mapfile -t libraries < <(make --no-print-directory -f helper.mak libs | sed 's/^/-l/')
    extension=_pjsua2$(python_value "sysconfig.get_config_var('EXT_SUFFIX')")
    flags+=("-I$(python_value "sysconfig.get_path('include')")")
    swig -I../../../../{pjlib,pjlib-util,pjmedia,pjsip,pjnath}/include -c++ -w312 -threads -python \
        -o pjsua2_wrap.cpp ../pjsua2.i
    g++ "${flags[@]}" -fno-strict-aliasing -w -c pjsua2_wrap.cpp -o pjsua2_wrap.o
    for part in "${parts[@]}"; do
        gcc "${flags[@]}" -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter -c "$here/$part.c" -o "$part.o"
    done
    g++ -shared "${sanitize[@]}" -o "$extension" pjsua2_wrap.o "${parts[@]/%/.o}" -Wl,--wrap=getaddrinfo,--wrap=gethostbyname \
        "${search[@]}" "${libraries[@]}" -lspandsp -lm -lrt -lpthread
    [ -n "$kind" ] || strip --strip-unneeded "$extension"
    mkdir "$work/result"
    cp pjsua2.py "$extension" "$work/result/"
    (cd "$work/result" && with_sanitizer "$python" -B -c 'import pjsua2') || die 'the built binding cannot be imported'
}

finish() {
    local status=$?
    if [ $status != 0 ] && [ -f "$work/build.log" ]; then
        tail -n 60 "$work/build.log" >&2
        say "the build failed with status $status"
    fi
    rm -rf "$work" "$apt"
}

build() {
    # Beside the result, so that the last step is a rename within one file system.
    work=$(mktemp -d "$cache/building.XXXXXX")
    # The downloads lie apart: apt's own user cannot reach into a home folder.
    apt=$(mktemp -d)
    trap finish EXIT
    say "building for $("$python" -V) into $engine"
    fetch_source
    # A plain command, for `set -e` to hold inside: `finish` shows the log's end when a step fails.
    (cd "$work/src"; compile_libraries; link_binding) > "$work/build.log" 2>&1
    mv -T "$work/result" "$engine"
    finish
    trap - EXIT
}

# --- where Python finds it ---------------------------------------------------------------------------------------

# The sanitizer has to be in the process before anything else. libstdc++ comes with it: what it does not find at its
# start it cannot watch later, and then the first exception of C++ ends the process.
environment() {
    local libraries
    libraries=$(g++ -print-file-name=libasan.so):$(g++ -print-file-name=libstdc++.so.6)
    printf '%s\n' "LD_PRELOAD=$libraries" "PYTHONPATH=$engine${PYTHONPATH:+:$PYTHONPATH}" \
        ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:abort_on_error=1
}

with_sanitizer() {
    local variables=()
    [ -z "$kind" ] || mapfile -t variables < <(environment)
    env "${variables[@]}" "$@"
}

install_engine() {
    if [ -n "$into" ]; then
        mkdir -p "$into"
        cp "$engine"/*.py "$engine"/*.so "$into/"
    elif [ -z "$kind" ]; then
        printf '%s\n' "$engine" > "$(python_value "sysconfig.get_path('purelib')")/callapi-engine.pth"
    fi
}

mkdir -p "$cache"
engine=$cache/engine-$(engine_key)$kind
# One build at a time on a machine. Whoever finds the result does not wait for the build of another one.
if [ ! -d "$engine" ]; then
    exec 9> "$cache/engine.lock"
    flock 9
fi
if [ ! -d "$engine" ]; then
    [ "${1:-}" != --if-cached ] || exit 1
    [ "${1:-}" != --environment ] || die 'not built yet: make engine-asan'
    build
fi
case ${1:-} in
    --environment) environment ;;
    *) install_engine ;;
esac
