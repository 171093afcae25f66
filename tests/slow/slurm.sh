#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The shipped job scripts under a real SLURM on this machine: bash slurm.sh SOURCE UMKLAPP
# munged, slurmctld and one slurmd per pretended node run from a temporary folder, with keys and ports of their own, beside whatever else there is.
# A pretended node has its own host name, /tmp and /dev/shm (unshare), so that MPI takes two of them for two machines; where that is not
# allowed there is one node. Everything is stopped and removed at the end. Skipped (77) when not root, or without Debian's packages and no
# way to install them.
set -u
source=$(readlink -f "$1") umklapp=$(readlink -f "$2")
python=/usr/bin/python3
skip() { echo "skipped: $*"; exit 77; }
fail() { echo "FAILED: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || skip "not root"
needed="munged slurmctld slurmd sbatch unshare"

# Packages of munge and SLURM; their own services are not started by the installation.
install_packages() {
  local policy=/usr/sbin/policy-rc.d made=
  command -v apt-get > /dev/null || return 1
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy && made=yes
  fi
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends slurm-wlm munge; } > "$dir/apt.log" 2>&1
  [ -z "$made" ] || rm -f $policy
}

# One munged, one slurmctld, a slurmd per node; their processes in $daemons
dir=$(mktemp -d "/var/tmp/umklapp-slurm.XXXXXX") && chmod 755 "$dir" || exit 1
daemons=
finish() {
  local pid
  [ -z "$daemons" ] || timeout 20 scancel --user=root > /dev/null 2>&1
  for pid in $daemons; do kill "$pid" 2> /dev/null; done
  for pid in $daemons; do wait "$pid" 2> /dev/null; done
  if [ -n "${KEEP:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap finish EXIT
trap 'exit 1' INT TERM

for name in $needed; do command -v "$name" > /dev/null || { install_packages; break; }; done
for name in $needed; do command -v "$name" > /dev/null || skip "no $name, and it cannot be installed"; done
nodes=2
unshare --uts --mount true 2> /dev/null || nodes=1

# free ports: the controller's and one per node
read -r -a port < <($python - <<'P'
import socket
held = [socket.socket() for _ in range(3)]
for s in held:
    s.bind(('127.0.0.1', 0))
print(*[s.getsockname()[1] for s in held])
P
)

configure() {
  local n host
  mkdir -p "$dir"/{munge,state,spool,log,work}
  chmod 755 "$dir/munge"
  head -c 1024 /dev/urandom > "$dir/munge/key" && chmod 400 "$dir/munge/key"
  cat > "$dir/slurm.conf" <<C
ClusterName=umklapp
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
AuthInfo=socket=$dir/munge/socket,cred_expire=5
SlurmctldPort=${port[0]}
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/%n.pid
SlurmctldLogFile=$dir/log/slurmctld
SlurmdLogFile=$dir/log/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=5,bf_interval=5
ReturnToService=2
MpiDefault=none
KillWait=5
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/log/jobs
C
  for n in $(seq 1 $nodes); do
    host=node$n
    [ $nodes = 1 ] && host=$(hostname -s)
    echo "NodeName=node$n NodeHostname=$host NodeAddr=127.0.0.1 Port=${port[n]} CPUs=2 RealMemory=$(awk '/^MemTotal/ { print int($2 / 1024) }' /proc/meminfo) State=UNKNOWN"
  done >> "$dir/slurm.conf"
  echo "PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP" >> "$dir/slurm.conf"
  printf '127.0.0.1 localhost node1 node2\n' > "$dir/hosts"
  cat > "$dir/node.sh" <<'C'
set -e
mount --make-rprivate /
hostname "$2"
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
mount --bind "$1/hosts" /etc/hosts
exec slurmd -D -f "$1/slurm.conf" -N "$2"
C
}

start() {
  local n
  munged --foreground --socket="$dir/munge/socket" --key-file="$dir/munge/key" --pid-file="$dir/munge/pid" --log-file="$dir/munge/log" \
    --seed-file="$dir/munge/seed" > "$dir/log/munged" 2>&1 &
  daemons=$!
  for _ in $(seq 50); do [ -S "$dir/munge/socket" ] && break; sleep 0.1; done
  slurmctld -D -f "$SLURM_CONF" > "$dir/log/controller" 2>&1 &
  daemons="$daemons $!"
  for n in $(seq 1 $nodes); do
    if [ $nodes = 1 ]; then slurmd -D -f "$SLURM_CONF" -N node1; else exec unshare --uts --mount bash "$dir/node.sh" "$dir" "node$n"; fi > "$dir/log/start-node$n" 2>&1 &
    daemons="$daemons $!"
  done
  for _ in $(seq 60); do
    [ "$(timeout 5 sinfo -h -N -t idle 2> /dev/null | wc -l)" = $nodes ] && return 0
    sleep 0.5
  done
  tail -n 5 "$dir"/log/* >&2
  fail "SLURM did not start"
}

submit() { sbatch --parsable "$@" || fail "sbatch $*"; }

# wait for an empty queue
drain() {
  local left=$1
  while [ -n "$(squeue -h)" ]; do
    left=$((left - 1))
    if [ $left -le 0 ]; then squeue; tail -n 5 "$dir"/work/*.log; fail "jobs do not end"; fi
    sleep 1
  done
}

# state NUMBER: what SLURM says became of a job
state() { sed -n "s/^JobId=$1 .*JobState=\([A-Z]*\).*/\1/p" "$dir/log/jobs" | head -n 1; }
expect() { [ "$(state "$1")" = "$2" ] || { grep "^JobId=$1 " "$dir/log/jobs"; tail -n 15 "$dir"/work/*"$1"*.log; fail "$3: job $1 is '$(state "$1")', not $2"; }; }

configure
export SLURM_CONF=$dir/slurm.conf UMKLAPP=$umklapp PYTHON=$python
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
unset OMPI_MCA_rmaps_base_oversubscribe
start
scripts=$source/jobscripts decks=$source/inputs/models
cd "$dir/work" || exit 1

memory=--mem-per-cpu=400M # the scripts ask for more than a small machine may have
one=$(submit $memory --ntasks-per-node=2 "$scripts/one-node.sh" "$decks/drude.yaml" --output one.h5) || exit 1
many=$(submit --nodes=$nodes --ntasks-per-node=1 "$scripts/many-nodes.sh" "$decks/drude.yaml" --output many.h5) || exit 1
bad=$(submit $memory --ntasks-per-node=1 "$scripts/one-node.sh" "$decks/drude.yaml" --set electrons.mesh=none) || exit 1
cat > runs.txt <<R
# comments and empty lines do not count

$decks/drude.yaml --set "electrons.window=0.4 eV" --output line1.h5
$decks/drude.yaml --set "scattering.relaxation_time=50 fs" --output line2.h5
R
array=$(submit $memory --ntasks-per-node=1 --array=1-2 "$scripts/array.sh" runs.txt) || exit 1
squeue
[ "$(squeue -h -r | wc -l)" -ge 3 ] || fail "the queue is not what was submitted"
[ -n "$(squeue -h -t PENDING)" ] || fail "nothing waits although there are more jobs than cores"
drain 300
expect "$one" COMPLETED "one node"
expect "$many" COMPLETED "many nodes"
expect "$bad" FAILED "a deck with a mistake"
grep -q 'umklapp: .*none' "umklapp-$bad.log" || fail "the log does not say what is wrong with the deck"
[ "$(grep -c "ArrayJobId=\?$array\|JobState=COMPLETED" "$dir/log/jobs")" -ge 4 ] || fail "array"
for name in umklapp-array-"$array"_{1,2}.log; do grep -q '^done in' "$name" || fail "$name has no end"; done

TASKS=1 SBATCH_OPTIONS=$memory bash "$scripts/scaling.sh" strong "$source/inputs/silicon-kappa.yaml" "$(seq -s ' ' 1 $nodes)" || fail "scaling.sh"
drain 300
if [ $nodes = 2 ]; then
  cat scaling-strong-silicon-kappa/table.txt
  [ -s scaling-strong-silicon-kappa/scaling.png ] || fail "no picture of scaling"
  [ "$(wc -l < scaling-strong-silicon-kappa/times.csv)" = 3 ] || fail "no table of scaling"
fi

# under srun too, where SLURM brings PMIx
if srun --mpi=list 2>&1 | grep -q pmix; then
  step=$(UMKLAPP_LAUNCH="srun --mpi=pmix" submit --nodes=$nodes --ntasks-per-node=1 "$scripts/many-nodes.sh" "$decks/drude.yaml" --output step.h5) || exit 1
  drain 120
  expect "$step" COMPLETED "srun"
  echo "srun --mpi=pmix: done"
fi

$python - "$nodes" <<'P' || fail "results"
import os, sys
import h5py
nodes = int(sys.argv[1])

def mobility(name, ranks):
    with h5py.File(name, 'r') as file:
        assert file.attrs['ranks'] == ranks, (name, 'ran on', file.attrs['ranks'], 'ranks instead of', ranks)
        return file['transport/full/mobility'][...].reshape(-1, 3, 3)[0, 0, 0]

exact = 1.602176634e-19 * 100e-15 / (0.5 * 9.1093837e-31) * 1e4  # e tau/m in cm^2/V/s
one, many = mobility('one.h5', 2), mobility('many.h5', nodes)
print(f'mobility on one node {one:.6f}, on {nodes} {many:.6f}, e tau/m {exact:.6f} cm^2/V/s')
assert abs(one / exact - 1) < 0.05 and abs(many / one - 1) < 1e-10
assert abs(mobility('line1.h5', 1) / one - 1) < 1e-10
assert abs(mobility('line2.h5', 1) / one - 0.5) < 1e-10
if os.path.exists('step.h5'):
    assert abs(mobility('step.h5', nodes) / one - 1) < 1e-10
P
# --- runs that outlive their jobs. Two long ones of many points on a rank each, side by side, against an uninterrupted one.

# seconds LEFT COMMAND...: until the command succeeds
until_true() {
  local left=$1
  shift
  while ! "$@" 2> /dev/null; do
    left=$((left - 1))
    [ $left -gt 0 ] || { squeue; tail -n 8 "$dir"/work/*.log; fail "never came true: $*"; }
    sleep 0.5
  done
}
finished() { [ -z "$(squeue -h -j "$1" 2> /dev/null)" ]; }
log_says() { grep -q "$@"; }

cat > chain.yaml <<D
material: $source/inputs/data/silicon-phonons.h5
temperature: 60:1000:10 K
phonons: {mesh: 12}
scattering: {three_phonon: {}, isotope: natural, boundary: 1 mm}
solve: [rta, full]
solver: {tolerance: 1e-12}
checkpoint: 1 s
output: unused.h5
D
begin=$(date +%s%N)
mpirun -n 1 "$umklapp" run chain.yaml --output short.h5 > short.log || fail "uninterrupted run"
# as many temperatures as take a minute on a rank
step=$(awk -v t=$((($(date +%s%N) - begin) / 1000000)) 'BEGIN { s = t / 6000; if (s < 0.3) s = 0.3; if (s > 10) s = 10; print s }')
sed "s/60:1000:10/60:1000:$step/" chain.yaml > long.yaml
# The signal before the limit of a minute. SLURM looks at limits twice a minute and sends it up to half a minute early: 15 to 45 s after the start.
limit=$(UMKLAPP_MARGIN=5 submit $memory --ntasks-per-node=1 --time=1 --signal=B:USR1@15 "$scripts/requeue.sh" long.yaml --output limit.h5) || exit 1
# a chain of three jobs, the first of which is stopped by hand, the last of which finds nothing to do
SBATCH_OPTIONS="$memory --ntasks-per-node=1" bash "$scripts/chain.sh" 3 chain.yaml --output chain.h5 > chain.txt || fail "chain.sh"
read -r -a chain < <(sed -n 's/^job \([0-9]*\):.*/\1/p' chain.txt | tr '\n' ' ')
[ ${#chain[@]} = 3 ] || fail "chain.sh submitted ${#chain[@]} jobs"
until_true 240 [ -e chain.h5.checkpoint/state-0.h5 ]
begin=$(date +%s%N)
scancel --signal=USR1 --batch "${chain[0]}"
until_true 60 log_says 'umklapp: stopped: SIGUSR1' "umklapp-chain-${chain[0]}.log"
until_true 60 grep -q "^JobId=${chain[0]} " "$dir/log/jobs"
echo "chain: stopped $((($(date +%s%N) - begin) / 1000000)) ms after scancel --signal=USR1"
# SIGTERM to the script, while the chain goes on; and a file STOP
term=$(submit $memory --ntasks-per-node=1 --dependency=afterany:"${chain[2]}" "$scripts/requeue.sh" chain.yaml --output term/term.h5) || exit 1
mkdir -p term
until_true 400 [ -e term/term.h5.checkpoint/state-0.h5 ]
begin=$(date +%s%N)
scancel --signal=TERM --batch "$term"
until_true 60 log_says 'umklapp: stopped: SIG' "umklapp-$term.log"
until_true 60 log_says 'requeued' "umklapp-$term.log"
echo "SIGTERM: stopped and requeued $((($(date +%s%N) - begin) / 1000000)) ms after scancel --signal=TERM"
until_true 240 log_says 'restart .* points are solved' "umklapp-$term.log"
touch term/STOP
until_true 240 finished "$term"
log_says 'stopped by the file STOP' "umklapp-$term.log" || log_says '^done in' "umklapp-$term.log" || fail "STOP"
rm term/STOP
[ -e term/term.h5 ] || mpirun -n 2 "$umklapp" run chain.yaml --output term/term.h5 --restart > term/rest.log || fail "going on after STOP"
drain 400
expect "${chain[0]}" FAILED "first of the chain"
expect "${chain[1]}" COMPLETED "second of the chain"
expect "${chain[2]}" COMPLETED "third of the chain"
grep -q 'restart .* points are solved' "umklapp-chain-${chain[1]}.log" || fail "the second of the chain did not go on"
grep -q 'chain.h5 is complete' "umklapp-chain-${chain[2]}.log" || fail "the third of the chain does not say that nothing is left"
grep -q 'umklapp: stopped: SIGUSR1' "umklapp-$limit.log" || { cat "umklapp-$limit.log"; fail "no signal before the limit"; }
grep -h 'requeue.sh: job\|restart  \|stopped:\|^done in' "umklapp-$limit.log"
grep -q 'restart 1 of' "umklapp-$limit.log" || fail "not requeued"
grep -q '^done in' "umklapp-$limit.log" || fail "not finished"
mpirun -n 2 "$umklapp" run long.yaml --output whole.h5 > whole.log || fail "uninterrupted run"
$python - <<'P' || fail "results of interrupted runs"
import h5py, numpy
for one, whole in (('limit.h5', 'whole.h5'), ('chain.h5', 'short.h5'), ('term/term.h5', 'short.h5')):
    with h5py.File(one, 'r') as a, h5py.File(whole, 'r') as b:
        worst = max(float(numpy.max(numpy.abs(a[n][...] - b[n][...])) / numpy.max(numpy.abs(b[n][...]))) for n in (f'transport/{level}/lattice_thermal_conductivity' for level in ('rta', 'full')))
    print(f'{one}: differs by {worst:.1e} from the uninterrupted run')
    assert worst < 1e-10
P

# a node whose /dev/shm is too small for the material: one line, no waiting
if [ $nodes = 2 ]; then
  timeout 60 unshare --mount sh -c 'mount --make-rprivate / && mount -t tmpfs -o size=40m shm /dev/shm && exec "$@"' sh \
    mpirun --oversubscribe -n 2 "$umklapp" run "$source/inputs/silicon-mobility.yaml" --set electrons.mesh=12 --output none.h5 > shm.log 2>&1
  status=$?
  [ $status = 2 ] && grep -q '^umklapp: /dev/shm: shared memory' shm.log || { cat shm.log; fail "small /dev/shm: exit status $status"; }
fi
echo "job scripts under SLURM on $nodes node(s): all as expected"
