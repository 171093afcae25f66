#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Many independent runs under SLURM, one job of an array each: materials, temperatures, meshes. The runs are the lines of a text file:
#
#   sbatch --array=1-3 array.sh materials.txt        # lines 1 to 3
#   sbatch --array=1-40%8 array.sh materials.txt     # lines 1 to 40, at most 8 at a time
#
# A line is what would follow "umklapp run": a deck, then --set and --output, with quotes where a value has spaces. materials.txt here is an
# example. Give every line an --output of its own: two runs cannot write one file. After failures or the time limit submit the same again: runs
# that are done end at once, the others go on from their checkpoints (--restart).

#SBATCH --job-name=umklapp-array
# what ONE run of the array gets
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=4
#SBATCH --cpus-per-task=1
#SBATCH --mem-per-cpu=2G
#SBATCH --time=01:00:00
# two minutes before, SLURM sends the signal USR1: the run stops cleanly, with exit status 75 and a checkpoint
#SBATCH --signal=B:USR1@120
# umklapp-array-JOBNUMBER_LINE.log
#SBATCH --output=%x-%A_%a.log

set -u
umklapp=${UMKLAPP:-umklapp}
launch=${UMKLAPP_LAUNCH:-mpirun}   # see one-node.sh
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

if [ $# -ne 1 ] || [ ! -r "$1" ] || [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
  echo "usage: sbatch --array=1-N array.sh FILE" >&2
  exit 2
fi
# this job's line: empty lines and lines that start with # do not count
line=$(grep -v -e '^[[:space:]]*#' -e '^[[:space:]]*$' "$1" | sed -n "${SLURM_ARRAY_TASK_ID}p")
[ -n "$line" ] || { echo "$1 has no run number $SLURM_ARRAY_TASK_ID" >&2; exit 2; }
# words of the line, quotes respected
mapfile -t words < <(printf '%s\n' "$line" | xargs -n 1 printf '%s\n')
echo "run $SLURM_ARRAY_TASK_ID of $1: $line"
# shellcheck disable=SC2086
exec $launch "$umklapp" run "${words[@]}" --restart
