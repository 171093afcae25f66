#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The same runs without SLURM, with plain mpirun: on this machine, or on several that ssh reaches without a password.
#
#   bash workstation.sh RANKS DECK.yaml [options of umklapp run]
#   bash workstation.sh RANKS --hosts FILE DECK.yaml [options]     # FILE: a line "NAME slots=CORES" per machine (Open MPI)
#
# RANKS: at most the number of cores (nproc). The text goes to the screen and to DECK.log here. After a loss of power, or a stop (touch STOP in the
# folder of the results; remove it later), the same line goes on from the last checkpoint, with any RANKS.
set -u -o pipefail
umklapp=${UMKLAPP:-umklapp}
launch=${UMKLAPP_LAUNCH:-mpirun}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

[ $# -ge 2 ] || { echo "usage: bash workstation.sh RANKS [--hosts FILE] DECK.yaml [options of umklapp run]" >&2; exit 2; }
ranks=$1
shift
hosts=
if [ "$1" = --hosts ]; then
  hosts="--hostfile $2"
  shift 2
fi
# shellcheck disable=SC2086
$launch -n "$ranks" $hosts "$umklapp" run "$@" --restart 2>&1 | tee -a "$(basename "$1" .yaml).log"
