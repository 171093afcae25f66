#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes inputs/data/silicon-phonons.h5: phonons of silicon (LDA, a = 10.20 bohr) from two files of force constants.
#
#   ./make-silicon-phonons.sh [FOLDER] [OUTPUT]
#
# FOLDER holds si_dfpt666.fc (harmonic: ph.x on 6x6x6 q, q2r.x) and FORCE_CONSTANTS_3RD.gz with POSCAR_primitive (third order, ShengBTE's format,
# fitted to forces of displaced supercells; its README says how); it is searched beside the program's source if it is not given.
# UMKLAPP names another command.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$here/../../../shared/data/silicon-fc3}
output=${2:-$here/../data/silicon-phonons.h5}
[ -f "$folder/si_dfpt666.fc" ] || { sed -n '3,9p' "$0" >&2; exit 1; }
"${UMKLAPP:-umklapp}" import qe_fc "$folder/si_dfpt666.fc" shengbte "$folder" --output "$output"
