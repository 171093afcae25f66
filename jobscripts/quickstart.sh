#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# From a fresh Debian 12 to the mobility of silicon: install, build, run on 2 ranks, plot. Works from any folder.
set -eu
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
umklapp_setup
umklapp_build
cd "$umklapp_root"
umklapp_say "mpirun -n 2 build/umklapp run inputs/silicon-mobility.yaml"
mpirun -n 2 build/umklapp run inputs/silicon-mobility.yaml --output build/silicon-mobility.h5
umklapp_say "build/umklapp plot build/silicon-mobility.h5"
build/umklapp plot build/silicon-mobility.h5
umklapp_say "results: build/silicon-mobility.h5 (see: build/umklapp inspect build/silicon-mobility.h5)"
