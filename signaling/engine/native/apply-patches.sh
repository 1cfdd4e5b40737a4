#!/usr/bin/env bash
# Applies every patch of this folder to a tree of pjproject's sources.
# Usage: apply-patches.sh TREE
#
# A patch gives one line of context on each side of what it changes, so that it also applies to a later release that
# moved or reworded what is around. It never applies where that line is another one (no fuzz): a change in the wrong
# place would compile.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tree=${1:?usage: apply-patches.sh TREE}
failed=()
for change in "$here"/*.patch; do
    patch --strip=1 --fuzz=0 --forward --batch --reject-file=- --directory="$tree" < "$change" ||
        failed+=("$(basename "$change")")
done
[ ${#failed[@]} -gt 0 ] || exit 0
# shellcheck source=/dev/null
. "$here/measured-source"
cat >&2 << END
engine: does not apply to this pjproject: ${failed[*]}
engine: the head of a patch says what it is for. If pjproject does that by itself now, delete the patch; else find
engine: the place in the new source and write the patch for it. Until then build the measured release $release: see
engine: "measured-source" in build-engine.sh.
END
exit 1
