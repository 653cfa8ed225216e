#!/usr/bin/env bash
# bundle.sh [FOLDER]: make a release bundle, FOLDER/powertraderd-VERSION.tar (default: dist).
#
# It holds the project's wheel, a wheelhouse from the hash-locked requirements for each Python that
# the container may have, the files of systemd and logrotate, and VERSION. VERSION is the package's
# version and eight digits of a sum over all that, so other content is another release. The newest bundle is also reachable as
# FOLDER/powertraderd.tar. PYTHONS and PLATFORM are the container's, not this machine's.
set -euo pipefail
repository=$(cd "$(dirname "$0")/../.." && pwd)
PYTHON=${PYTHON:-$repository/.venv/bin/python}
PYTHONS=${PYTHONS:-3.11 3.13}
PLATFORM=${PLATFORM:-x86_64}
folder=$(realpath -m "${1:-$repository/dist}")
lock=$repository/requirements/runtime.txt
export SOURCE_DATE_EPOCH=1577836800 PIP_DISABLE_PIP_VERSION_CHECK=1

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
mkdir -p "$room/wheels" "$folder"

echo "bundle: wheel of the project" >&2
"$PYTHON" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$room/wheels" "$repository"
wheel=$(basename "$room"/wheels/*.whl)
digest=$(sha256sum < "$room/wheels/$wheel" | cut -d' ' -f1)
package_version=$(cut -d- -f2 <<< "$wheel")
mkdir "$room/ops"
cp -r "$repository/ops/systemd" "$repository/ops/logrotate" "$room/ops"
sum=$(cat "$room/wheels/$wheel" "$lock" "$room"/ops/*/* | sha256sum | cut -c1-8)
version=$package_version-$sum

for python in $PYTHONS; do
  echo "bundle: wheels for Python $python on $PLATFORM" >&2
  "$PYTHON" -m pip download --quiet --require-hashes --no-deps --only-binary :all: \
    --implementation cp --python-version "$python" \
    --abi "cp${python/./}" --abi abi3 --abi none \
    --platform "manylinux_2_28_$PLATFORM" --platform "manylinux_2_27_$PLATFORM" \
    --platform "manylinux_2_17_$PLATFORM" --platform "manylinux2014_$PLATFORM" \
    --dest "$room/wheels" --requirement "$lock"
done

echo "$version" > "$room/VERSION"
{ cat "$lock"; echo "powertraderd==$package_version --hash=sha256:$digest"; } > "$room/requirements.txt"
bundle=$folder/powertraderd-$version.tar
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
  -C "$room" -cf "$bundle.part" VERSION requirements.txt ops wheels
mv "$bundle.part" "$bundle"
ln -sfn "$(basename "$bundle")" "$folder/powertraderd.tar"
echo "$bundle"
