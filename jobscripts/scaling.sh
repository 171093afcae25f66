#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# How much faster is a deck on more nodes? Submits one job per number of nodes and one that collects them:
#
#   bash scaling.sh strong DECK.yaml "1 2 4 8"                    # the same deck on more and more nodes
#   bash scaling.sh weak DECK.yaml "1 2 4 8" electrons.mesh 40    # a finer mesh on more nodes: 40^3 on the first
#
# This is bash, not sbatch: the script submits itself. Options of sbatch come in SBATCH_OPTIONS, ranks per node in TASKS:
#   TASKS=64 SBATCH_OPTIONS="--time=00:30:00 --partition=NAME" bash scaling.sh strong DECK.yaml "1 2 4"
# Without SLURM: SUBMIT=no runs everything here, one after the other, on TASKS x nodes ranks of this machine.
#
# In the folder scaling-strong-DECK (or -weak-): N.log and N.h5 of every number of nodes, times.csv, scaling.png. The collecting job starts when all
# others have ended, however; by hand: python3 scaling.py FOLDER.
#
# Weak scaling keeps the work per rank: the number of processes grows with the fifth power of the mesh's edge, so the edge grows with the fifth
# root of the number of nodes. Meshes are whole and even: scaling.py counts the processes that each run really had.

#SBATCH --cpus-per-task=1
#SBATCH --exclusive
set -u
umklapp=${UMKLAPP:-umklapp}
launch=${UMKLAPP_LAUNCH:-mpirun}   # see one-node.sh
tasks=${TASKS:-16}
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# What a submitted job does: one run. Its arguments were made below.
if [ "${1:-}" = job ]; then
  folder=$2 nodes=$3 deck=$4
  shift 4
  if [ "${SUBMIT:-yes}" = no ]; then launch="$launch -n $((tasks * nodes))"; fi
  # shellcheck disable=SC2086
  $launch "$umklapp" run "$deck" --output "$folder/$nodes.h5" "$@" > "$folder/$nodes.log" 2>&1
  exit
fi

usage() { echo "usage: bash scaling.sh strong DECK \"NODES...\"  or  weak DECK \"NODES...\" KEY MESH    (KEY: electrons.mesh or phonons.mesh)" >&2; exit 2; }
kind=${1:-} deck=${2:-} list=${3:-} key=${4:-} mesh=${5:-}
case $kind in
  strong) [ $# -eq 3 ] || usage ;;
  weak) [ $# -eq 5 ] || usage ;;
  *) usage ;;
esac
[ -r "$deck" ] || { echo "scaling.sh: no deck $deck" >&2; exit 2; }
command -v "$umklapp" > /dev/null || { echo "scaling.sh: no program $umklapp; say where it is: UMKLAPP=/path/to/umklapp" >&2; exit 2; }
script=$(readlink -f "$0")
folder=$PWD/scaling-$kind-$(basename "$deck" .yaml)
mkdir -p "$folder" || exit 1
rm -rf "$folder"/*.log "$folder"/*.h5 "$folder"/*.checkpoint "$folder"/times.csv "$folder"/scaling.png
first=${list%% *}

jobs=
for nodes in $list; do
  more=()
  if [ "$kind" = weak ]; then
    edge=$(awk -v m="$mesh" -v n="$nodes" -v f="$first" 'BEGIN { print 2 * int(m * (n / f) ^ 0.2 / 2 + 0.5) }')
    more=(--set "$key=$edge")
  fi
  if [ "${SUBMIT:-yes}" = no ]; then
    echo "$nodes x $tasks ranks ${more[*]:-}"
    bash "$script" job "$folder" "$nodes" "$deck" ${more[@]+"${more[@]}"}
  else
    # shellcheck disable=SC2086
    job=$(sbatch --parsable --job-name="umklapp-$kind-$nodes" --nodes="$nodes" --ntasks-per-node="$tasks" --time=01:00:00 \
      --output="$folder/slurm-$nodes.txt" ${SBATCH_OPTIONS:-} "$script" job "$folder" "$nodes" "$deck" ${more[@]+"${more[@]}"}) || exit 1
    echo "job ${job%%;*}: $nodes nodes x $tasks ranks ${more[*]:-}"
    jobs=$jobs:${job%%;*}
  fi
done

collect=$(dirname "$script")/scaling.py
if [ "${SUBMIT:-yes}" = no ]; then
  exec "${PYTHON:-/usr/bin/python3}" "$collect" "$folder"
fi
# shellcheck disable=SC2086
job=$(sbatch --parsable --job-name="umklapp-$kind-plot" --nodes=1 --ntasks=1 --time=00:10:00 --output="$folder/table.txt" ${SBATCH_OPTIONS:-} \
  --dependency="afterany$jobs" --wrap="\"${PYTHON:-/usr/bin/python3}\" \"$collect\" \"$folder\"") || exit 1
echo "job ${job%%;*}: table and picture, in $folder"
