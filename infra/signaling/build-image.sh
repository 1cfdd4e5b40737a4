#!/usr/bin/env bash
# Builds the signaling image: with Docker where there is one, else with buildah, which needs no daemon.
# Where no image can be pulled, OFFLINE_BASE=1 makes the base from Debian's packages (debootstrap) instead.
# Usage: build-image.sh [options of the build command, as --volume or --build-arg]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tag=callapi-signaling
base=callapi-base

make_base() {
    local root mirror
    root=$(mktemp -d)
    trap 'rm -rf "$root"' RETURN
    mirror=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }')
    debootstrap --variant=minbase bookworm "$root/base" "${mirror:?no Debian archive is configured in /etc/apt}"
    tar -C "$root/base" -cf "$root/base.tar" .
    printf 'FROM scratch\nADD base.tar /\nCMD ["bash"]\n' > "$root/Dockerfile"
    rm -rf "$root/base"
    buildah bud --isolation chroot --format docker -t "$base" "$root"
}

# A client without its engine is no Docker.
if docker info > /dev/null 2>&1; then
    exec docker build -f infra/signaling/Dockerfile -t "$tag" "$@" .
fi
command -v buildah > /dev/null || { echo 'Docker or buildah is needed.' >&2; exit 1; }
pull=()
if [ -n "${OFFLINE_BASE:-}" ]; then
    buildah inspect --type image "$base" > /dev/null 2>&1 || make_base
    pull=(--pull-never --build-arg "BASE=localhost/$base")
fi
buildah bud --isolation chroot --format docker "${pull[@]}" -f infra/signaling/Dockerfile -t "$tag" "$@" .
