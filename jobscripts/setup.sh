#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Shared by quickstart.sh and tests/run.sh: . jobscripts/setup.sh ; umklapp_setup ; umklapp_build
# Installs the Debian 12 packages that are missing (apt, with sudo when not root) and builds in build/.

umklapp_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Debian's own tools first: another python or meson on the path may lack what its packages bring.
export PATH="/usr/bin:/bin:$PATH"
# MPI: allow root (containers), more ranks than cores, and one thread per rank.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"

umklapp_packages="build-essential git meson ninja-build pkg-config
  libopenmpi-dev openmpi-bin petsc-dev libpetsc-real-dev slepc-dev libslepc-real3.18-dev
  libhdf5-openmpi-dev libsymspg-dev liblapacke-dev libopenblas-pthread-dev libgsl-dev libyaml-dev zlib1g-dev check
  python3 python3-numpy python3-h5py python3-matplotlib"

umklapp_say() { printf '== %s\n' "$*"; }

# Run as root: directly, or through sudo.
umklapp_as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    echo "umklapp: packages are missing and there is neither root nor sudo: ask for  apt-get install $umklapp_missing" >&2
    return 1
  fi
}

umklapp_setup() {
  local name log
  umklapp_missing=
  for name in $umklapp_packages; do
    dpkg-query -W -f='${Status}\n' "$name" 2> /dev/null | grep -q '^install ok installed$' || umklapp_missing="$umklapp_missing $name"
  done
  if [ -z "$umklapp_missing" ]; then
    umklapp_say "packages: nothing missing"
  else
    umklapp_say "installing:$umklapp_missing"
    log=$(mktemp)
    # shellcheck disable=SC2086
    if ! { umklapp_as_root apt-get update && umklapp_as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends $umklapp_missing; } > "$log" 2>&1; then
      tail -n 20 "$log" >&2
      rm -f "$log"
      echo "umklapp: apt could not install the packages" >&2
      return 1
    fi
    rm -f "$log"
  fi
}

umklapp_build() {
  local log="$umklapp_root/build/build.log"
  umklapp_say "building in build/"
  mkdir -p "$umklapp_root/build"
  if [ ! -f "$umklapp_root/build/build.ninja" ]; then
    if ! /usr/bin/meson setup "$umklapp_root/build" "$umklapp_root" > "$log" 2>&1; then
      tail -n 20 "$log" >&2
      return 1
    fi
  fi
  if ! /usr/bin/ninja -C "$umklapp_root/build" > "$log" 2>&1; then
    grep -A 8 -E 'FAILED|error:' "$log" | head -n 60 >&2
    echo "umklapp: the build failed; all of it is in build/build.log" >&2
    return 1
  fi
}
