#!/usr/bin/env bash
# Builds the SIP engine: the Python binding of pjproject (pjsua2), with limits fit for a server, our SIP trace, our
# admission, our gate for methods, our next hop, our registrar, our sounds and our ear for keys in them.
#
# Why a build: the binding on the package index is compiled for 4 calls, with an end-of-life OpenSSL and with asserts
# that abort the process. Debian carries the pjproject release as the component "Xpjproject" of its source package
# "asterisk"; fetch-source.sh gets it.
#
# "measured-source" names the source that was measured and tested. Debian replaces it by newer ones in time. A newer one
# is built too, with a warning that stays, if the patches apply (apply-patches.sh) and if the result then passes
# self_test.py. To build the measured one where Debian has it no longer, put its tarball into the cache. To adopt a newer
# one: run the tests and `make bench` on it, and write its release, name and SHA-256 into measured-source.
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
# shellcheck source=/dev/null
. "$here/measured-source"

say() { printf 'engine: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
python_value() { "$python" -c "import sys, sysconfig; print($1)"; }

# What the result depends on. How the source is fetched and tested is none of it.
engine_key() {
    { cat "$here"/{build-engine.sh,measured-source,*.h,*.c,*.patch}
      python_value "sys.version, sysconfig.get_config_var('EXT_SUFFIX')"
      uname -m
      sed -n 's/^VERSION_ID=//p' /etc/os-release
    } | sha256sum | cut -c1-16
}

# --- the build ---------------------------------------------------------------------------------------------------

# Into $work/src. What is not the measured source leaves a warning in the result.
unpack_source() {
    local found
    mkdir "$work/src" "$work/download" "$work/result"
    found=$("$here/fetch-source.sh" "$work/download")
    tar -xf "$found" -C "$work/src" --strip-components=1
    printf '%s  %s\n' "$sha256" "$found" | sha256sum --check --status || warn_of "$found"
}

warn_of() {
    local other
    other=$(sed -n 's/^export PJ_VERSION_\(MAJOR\|MINOR\) *:= *//p' "$work/src/version.mak" | paste -sd.)
    printf '%s\n' "this is pjproject $other ($(basename "$1")). Measured and tested was $release ($tarball). It passed the \
self-test, no more: run the tests before it carries calls." > "$work/result/NOT-MEASURED"
    say "ATTENTION: building pjproject $other; measured and tested was $release"
}

compile_libraries() {
    local flags
    cp "$here/config_site.h" pjlib/include/pj/config_site.h
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
    cp pjsua2.py "$extension" "$work/result/"
    (cd "$work/result" && with_sanitizer "$python" -B -c 'import pjsua2') || die 'the built binding cannot be imported'
}

# Of the result, when its source is not the measured one.
self_test() {
    [ -f "$work/result/NOT-MEASURED" ] || return 0
    (cd "$work/result" && with_sanitizer PYTHONPATH="$work/result" "$python" -B "$here/self_test.py") || {
        say 'the engine does not work as it should with this pjproject, and was not taken into use.'
        say "Put the measured tarball, $tarball (SHA-256 $sha256), into $cache and run this again;"
        die 'or mend what the self-test names: a patch, a C file of signaling/engine/native, or the self-test itself.'
    }
}

finish() {
    local status=$?
    if [ $status != 0 ] && [ -f "$work/build.log" ]; then
        tail -n 60 "$work/build.log" >&2
        say "the build failed with status $status"
    fi
    rm -rf "$work"
}

build() {
    # Beside the result, so that the last step is a rename within one file system.
    work=$(mktemp -d "$cache/building.XXXXXX")
    trap finish EXIT
    say "building for $("$python" -V) into $engine"
    unpack_source
    "$here/apply-patches.sh" "$work/src" >&2
    # A plain command, for `set -e` to hold inside: `finish` shows the log's end when a step fails.
    (cd "$work/src"; compile_libraries; link_binding) > "$work/build.log" 2>&1
    rm "$work/build.log"
    self_test
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
    [ ! -f "$engine/NOT-MEASURED" ] || say "ATTENTION: $(cat "$engine/NOT-MEASURED")"
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
