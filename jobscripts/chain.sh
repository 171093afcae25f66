#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A run that takes longer than a job may, as a chain of jobs: each starts when the one before has ended, however, and goes on from its checkpoint.
#
#   bash chain.sh 5 DECK.yaml --output FILE.h5 [--set section.key=value]...       # at most 5 jobs
#
# This is bash, not sbatch: the script submits itself. Jobs that are left when the results are there end at once. Options of sbatch come in SBATCH_OPTIONS:
#   SBATCH_OPTIONS="--nodes=2 --ntasks-per-node=64 --time=12:00:00 --partition=NAME" bash chain.sh 5 DECK.yaml --output FILE.h5
# To end it: scancel all of its jobs, the last first. The checkpoint stays; another chain goes on.

#SBATCH --job-name=umklapp-chain
#SBATCH --nodes=1
# one rank (process) per core; each rank has one thread
#SBATCH --ntasks-per-node=16
#SBATCH --cpus-per-task=1
# memory of one rank: see one-node.sh and docs/cluster.md
#SBATCH --mem-per-cpu=2G
# hours:minutes:seconds of one job; two minutes before, SLURM sends the signal USR1, and the run stops cleanly
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@120
# one log per job: umklapp-chain-JOBNUMBER.log
#SBATCH --output=%x-%j.log

set -u
umklapp=${UMKLAPP:-umklapp}
launch=${UMKLAPP_LAUNCH:-mpirun}       # see one-node.sh
# module load ...      # what a cluster wants before MPI programs run comes here
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# What a submitted job does. exec: mpirun takes this script's place, gets the signal and hands it on to all ranks.
# The job ends with the program's exit status: 75 stopped before the end (SLURM says FAILED), 0 done or nothing left to do.
if [ "${1:-}" = job ]; then
  shift
  # shellcheck disable=SC2086
  exec $launch "$umklapp" run "$@" --restart
fi

jobs=${1:-}
case $jobs in '' | *[!0-9]*) jobs=0 ;; esac
if [ "$jobs" -lt 1 ] || [ $# -lt 2 ] || [ ! -r "$2" ]; then
  echo "usage: bash chain.sh JOBS DECK.yaml [options of umklapp run]" >&2
  exit 2
fi
shift
# a mistake in the deck is better found now than by the first job
command -v "$umklapp" > /dev/null && { "$umklapp" check "$1" > /dev/null || exit 2; }

after=
for number in $(seq "$jobs"); do
  # shellcheck disable=SC2086
  job=$(sbatch --parsable $after ${SBATCH_OPTIONS:-} "$(readlink -f "$0")" job "$@") || exit 1
  job=${job%%;*}
  echo "job $job: link $number of $jobs"
  after=--dependency=afterany:$job
done
