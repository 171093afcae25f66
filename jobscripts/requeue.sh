#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A run that takes longer than a job may: it stops cleanly before the time limit, the job goes back into the queue, and the run goes on from its
# checkpoint, as often as needed, under one job number and with one log:
#
#   sbatch requeue.sh DECK.yaml --output FILE.h5 [--set section.key=value]...
#
# Where a cluster does not let jobs be requeued, chain.sh does the same with several jobs, one after the other.
# To end it early: scancel JOBNUMBER (the checkpoint stays, sbatch again goes on), or touch STOP in the folder of FILE.h5 for a clean stop;
# remove STOP before you go on.
#
# Lines that start with #SBATCH are requests to SLURM; options of sbatch on the command line win over them:
#   sbatch --nodes=2 --ntasks-per-node=64 --time=12:00:00 requeue.sh DECK.yaml --output FILE.h5
# Clusters that ask for a partition or an account want two more: --partition=NAME --account=NAME.

#SBATCH --job-name=umklapp
#SBATCH --nodes=1
# one rank (process) per core; each rank has one thread. The number of ranks may change between parts of a run.
#SBATCH --ntasks-per-node=16
#SBATCH --cpus-per-task=1
# memory of one rank: see one-node.sh and docs/cluster.md
#SBATCH --mem-per-cpu=2G
# hours:minutes:seconds of one part
#SBATCH --time=04:00:00
# two minutes before this limit SLURM sends the signal USR1 to this script (B:), which hands it on to the run
#SBATCH --signal=B:USR1@120
# the job may go back into the queue, and its text is appended to the one before
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

set -u
umklapp=${UMKLAPP:-umklapp}
launch=${UMKLAPP_LAUNCH:-mpirun}       # see one-node.sh
most=${UMKLAPP_RESTARTS:-30}           # how often it may be restarted
margin=${UMKLAPP_MARGIN:-120}          # seconds that the run leaves before the end of the job
# module load ...      # what a cluster wants before MPI programs run comes here
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

say() { echo "requeue.sh: $*"; }
output=
previous=
for word; do
  [ "$previous" = --output ] && output=$word
  case $word in --output=*) output=${word#--output=} ;; esac
  previous=$word
done
if [ $# -lt 1 ] || [ -z "$output" ]; then
  echo "usage: sbatch requeue.sh DECK.yaml --output FILE.h5 [options of umklapp run]" >&2
  exit 2
fi

# How long this part may be: until the end of the job, less the margin. Without a limit, or where it is not known, the signal alone stops it.
limit=()
end=${SLURM_JOB_END_TIME:-}
if [ -z "$end" ]; then
  text=$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/.*EndTime=\([^ ]*\).*/\1/p')
  end=$(date -d "$text" +%s 2> /dev/null)
fi
if [ -n "$end" ]; then
  seconds=$((end - $(date +%s) - margin))
  [ $seconds -gt 0 ] && limit=(--max-time "$seconds s")
fi

restarts=${SLURM_RESTART_COUNT:-0}
say "job $SLURM_JOB_ID on $SLURM_JOB_NODELIST, $SLURM_NTASKS ranks, restart $restarts of at most $most, ${limit[*]:-no time limit}"

# The run is in the background, so that this script hears the signal; mpirun and srun hand USR1 on to all ranks. (TERM they would follow by KILL.)
trap 'kill -USR1 "$run" 2> /dev/null' USR1 TERM
# shellcheck disable=SC2086
$launch "$umklapp" run "$@" --restart --log "$output.log" ${limit[@]+"${limit[@]}"} &
run=$!
wait "$run"
status=$?
while kill -0 "$run" 2> /dev/null; do wait "$run"; status=$?; done # a signal ends "wait", not the run
if [ $status -eq 138 ] || [ $status -eq 143 ]; then wait "$run"; status=$?; fi
trap - USR1 TERM

# 0: done; 2: bad input; 3: not converged, results written; 1: anything else. Only 75, stopped before the end, is to be continued.
[ $status -eq 75 ] || exit $status
if [ -e "$(dirname "$output")/STOP" ]; then
  say "stopped by the file STOP: not requeued"
  exit 75
fi
if [ "$restarts" -ge "$most" ]; then
  say "restarted $restarts times: not again; UMKLAPP_RESTARTS says how often"
  exit 75
fi
# What a part knew when it began ("restart 4 of 10 points are solved") is in the log. The same three times in a row: the limit is too short for one step.
if awk -v job=", job $SLURM_JOB_ID" '
    / begins on / { part = $0 ~ job "$" ? part + 1 : 0; known[part] = "" }
    / restart  / { sub(/^[^ ]+ [^ ]+ +/, ""); known[part] = known[part] $0 }
    END { exit !(part > 3 && known[part] != "" && known[part] == known[part - 1] && known[part] == known[part - 2]) }' "$output.log"; then
  say "three parts have begun at the same place: not requeued; a longer --time, or more ranks"
  exit 75
fi
# scancel asks the run to stop as well; what was cancelled stays out of the queue.
case $(scontrol show job "$SLURM_JOB_ID" 2> /dev/null | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p') in
  CANCELLED*)
    say "cancelled: not requeued"
    exit 75
    ;;
esac
if scontrol requeue "$SLURM_JOB_ID"; then
  say "requeued"
  exit 0
fi
say "this cluster does not requeue: submit it again, or use chain.sh"
exit 75
