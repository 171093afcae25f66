#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# One run on one node of a cluster under SLURM:
#
#   sbatch one-node.sh DECK.yaml [--set section.key=value]... [--output FILE.h5]
#
# Lines that start with #SBATCH are requests to SLURM; options of sbatch on the command line win over them:
#   sbatch --ntasks-per-node=64 --time=04:00:00 one-node.sh DECK.yaml
# Clusters that ask for a partition or an account want two more: --partition=NAME --account=NAME.
# How many ranks, how much memory, how long: docs/cluster.md.

#SBATCH --job-name=umklapp
#SBATCH --nodes=1
# one rank (process) per core; each rank has one thread
#SBATCH --ntasks-per-node=16
#SBATCH --cpus-per-task=1
# memory of one rank: the run's last line says how much it was ("at most ... MiB per rank")
# (more than the deck's collision.memory, which is in GiB per rank: --set collision.memory=1.2)
#SBATCH --mem-per-cpu=2G
# hours:minutes:seconds; SLURM ends the job then. Two minutes before, it sends the signal USR1: the run stops cleanly, with exit status 75 and
# a checkpoint, and goes on from there when the same is submitted again (by itself: requeue.sh)
#SBATCH --time=01:00:00
#SBATCH --signal=B:USR1@120
# text of the run: umklapp-JOBNUMBER.log in the folder sbatch was called in
#SBATCH --output=%x-%j.log

set -u
# Where the program is, and what starts it on every core. Open MPI, MPICH and Intel MPI read nodes and ranks from SLURM when started as
# plain "mpirun". Where a cluster's pages say so, use srun:  UMKLAPP_LAUNCH="srun --mpi=pmix" sbatch one-node.sh ...
umklapp=${UMKLAPP:-umklapp}
launch=${UMKLAPP_LAUNCH:-mpirun}
# module load ...      # what a cluster wants before MPI programs run comes here

# Ranks share the work, threads only get in their way.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

[ $# -ge 1 ] || { echo "usage: sbatch one-node.sh DECK.yaml [options of umklapp run]" >&2; exit 2; }
echo "job ${SLURM_JOB_ID:-none} on ${SLURM_JOB_NODELIST:-this machine}, ${SLURM_NTASKS:-?} ranks"

# exec: the launcher takes this script's place, gets the signal and hands it on; the job ends with the program's exit status (0 done, 2 bad input,
# 3 not converged, 75 stopped before the end). --restart: goes on where another job stopped, does nothing when the results are there.
# shellcheck disable=SC2086
exec $launch "$umklapp" run "$@" --restart
