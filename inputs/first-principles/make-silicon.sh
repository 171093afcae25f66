#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes the silicon data set from nothing: Quantum ESPRESSO 6.7 (pw.x, ph.x, q2r.x, pw2wannier90.x), EPW 5.3.1 (epw.x), python3 with
# numpy, and umklapp.
#
#   ./make-silicon.sh FOLDER [PSEUDO]
#
# FOLDER receives all intermediate files (about 1.5 GB) and silicon.h5.  PSEUDO is the pseudopotential Si.pz-vbc.UPF, searched
# at the usual places if it is not given.  NP=2 runs the MPI programs on two ranks (default 1), MPIRUN and UMKLAPP name other commands.
# A step whose files are there already is not repeated: delete its .done file to do it again.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || { sed -n '3,11p' "$0"; exit 1; }
np=${NP:-1}
mpirun=${MPIRUN:-mpirun}
umklapp=${UMKLAPP:-umklapp}
python=${PYTHON:-python3}
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
pseudo=${2:-}
if [ -z "$pseudo" ]; then
    for d in . "${ESPRESSO_PSEUDO:-.}" /usr/share/espresso/pseudo /usr/local/share/espresso/pseudo; do
        [ -f "$d/Si.pz-vbc.UPF" ] && pseudo=$d/Si.pz-vbc.UPF && break
    done
fi
[ -f "$pseudo" ] || { echo "Si.pz-vbc.UPF not found: give it as second argument" >&2; exit 1; }
pseudo=$(cd "$(dirname "$pseudo")" && pwd)/$(basename "$pseudo")
mkdir -p "$1"
cd "$1"

# run NAME PROGRAM INPUT [options]: one step, with its output in NAME.out
run() {
    local name=$1 program=$2 input=$3
    shift 3
    [ -f "$name.done" ] && return
    echo "$(date +%T) $name"
    if [ "$np" -gt 1 ]; then
        $mpirun -np "$np" "$program" "$@" -in "$input" > "$name.out"
    else
        "$program" -in "$input" > "$name.out"
    fi
    touch "$name.done"
}

mkdir -p ph wan
cp "$pseudo" ph/
cp "$pseudo" wan/

# 1. charge density, phonons on 4x4x4 q, force constants
(
    cd ph
    cp "$here"/{scf,ph,q2r}.in .
    run scf pw.x scf.in
    run ph ph.x ph.in
    np=1 run q2r q2r.x q2r.in
)

# 2. wave functions on the whole 8x8x8 k mesh, 14 bands
(
    cd wan
    if [ ! -f nscf.done ]; then
        mkdir -p si.save
        cp ../ph/si.save/{charge-density.dat,data-file-schema.xml} si.save/
    fi
    cp "$here"/{epw0,epw1}.in "$here"/pw2wan.in .
    {
        cat "$here"/nscf-head.in
        echo "K_POINTS crystal"
        echo 512
        awk 'BEGIN { for (i = 0; i < 8; i++) for (j = 0; j < 8; j++) for (k = 0; k < 8; k++)
                     printf "%14.10f%14.10f%14.10f%16.12f\n", i/8, j/8, k/8, 1/512 }'
    } > nscf.in
    run nscf pw.x nscf.in -npool "$np"

    # 3. overlaps between neighbouring k points (EPW, which stops after its Wannier part), then projections on the trial
    #    orbitals (pw2wannier90.x), and from both the Wannier functions: si.ukk.  One after the other: both use si.wfc*.
    run epw0 epw.x epw0.in -npool "$np"
    [ -f proj.nnkp ] || "$python" "$here"/wannier.py projections si.nnkp proj.nnkp
    run pw2wan pw2wannier90.x pw2wan.in
    [ -f wannier.done ] || { "$python" "$here"/wannier.py make | tee wannier.out; touch wannier.done; }

    # 4. what EPW wants from ph.x
    if [ ! -f save.done ]; then
        mkdir -p save
        cp -r ../ph/_ph0/si.phsave save/
        for f in ../ph/si.dyn[1-9]; do
            i=${f##*dyn}
            cp "$f" save/si.dyn_q"$i"
            if [ "$i" -eq 1 ]; then d=../ph/_ph0; else d=../ph/_ph0/si.q_$i; fi
            cp "$d"/si.dvscf1 save/si.dvscf_q"$i"
        done
        touch save.done
    fi

    # 5. electron-phonon coupling on the coarse meshes: crystal.fmt, epwdata.fmt, vmedata.fmt, si.epmatwp
    run epw1 epw.x epw1.in -npool "$np"
)

# 6. the data file: coupling with the crystal's symmetry, real, float32 with 11 bits, elements below 2e-6 of the largest dropped.
#    The mobility at 300 K moves by 0.03 % against the file without rounding (electrons and holes, 40^3).
"$umklapp" import epw wan --coarse-k 8,8,8 --coarse-q 4,4,4 --use-ws yes --precision 32 --mantissa-bits 11 --threshold 2e-6 -o silicon.h5
echo "$(date +%T) silicon.h5"
