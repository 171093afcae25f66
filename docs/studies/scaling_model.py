#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phonon drag in silicon at 50^3/150^3 carried to many nodes: docs/scaling.md.

scaling_model.py [--nodes 1 4 16 64 250 1000] [--cores 48] [--latency 2e-6] [--network 12e9] [--per-rank]

Counts and times per item are those that `umklapp --verbose forecast inputs/silicon-drag.yaml --set electrons.mesh=150 --set phonons.mesh=50` prints on the machine of
docs/performance.md (sampled; 54 points of temperature and density, three levels). A processor core of the model is one of that machine's. What the program does between
ranks is counted from its sources: per application of an operator the vector to every node and the sum over nodes (one message to every other node each, the worst that MPI may choose), per
solver step three reductions, per point one reduction of the rates. No overlap of messages with work is assumed. Processes of the two operators: 4.6e9 by the forecast, of which (50/16)^5 times the
8.1e6 on 16^3 are among phonons.
"""
import argparse
import math

POINTS = 54
# per operator: processes; pairs of states they couple, in all; wedge points dealt; unknowns; applications per point; seconds: find and take rates of a process, fill a block, apply a block
OPERATORS = {
    'electrons and phonons': dict(processes=2.2e9, pairs=9.5e8, dealt=3098, unknowns=4.51e5, applications=290, find=880e-9, rates=30e-9, fill=57e-9, apply=14.4e-9),
    'phonons': dict(processes=2.4e9, pairs=7.1e8, dealt=3107, unknowns=1.86e4, applications=205, find=278e-9, rates=13e-9, fill=19e-9, apply=11.6e-9),
}
COLUMNS = 8            # of rates
STATES = 20.0          # seconds, shared out over the ranks
FIXED = 1.2            # start, reading the material, writing
BYTES_PROCESS, BYTES_BLOCK = 30.0, 80.0
NODE_SHARED = 1.25     # GiB: states, material, tables


def blocks(op, ranks):
    """Distinct pairs of one rank's processes: three pairs each, drawn from all of them."""
    drawn = 3.0 * op['processes'] / ranks
    return op['pairs'] * -math.expm1(-drawn / op['pairs'])


def touched(op, ranks):
    return op['unknowns'] * -math.expm1(-3.0 * op['processes'] / ranks / op['unknowns'])


def uneven(op, ranks):
    """Largest share of the dealt points over the mean: whole points are dealt."""
    return math.ceil(op['dealt'] / ranks) * ranks / op['dealt']


def estimate(a, nodes):
    ranks = nodes * a.cores
    bandwidth = a.network / a.cores if nodes > 1 else 5e9
    latency = a.latency if nodes > 1 else 0.5e-6
    t = dict(find=0.0, apply=0.0, rates=0.0, messages=0.0, volume=0.0)
    memory = 0.06
    for op in OPERATORS.values():
        share = uneven(op, ranks) / ranks
        n = blocks(op, ranks) * uneven(op, ranks) if ranks > op['dealt'] else blocks(op, ranks)
        t['find'] += op['processes'] * op['find'] * share
        t['rates'] += POINTS * op['processes'] * (op['rates'] + op['fill']) * share
        t['apply'] += POINTS * op['applications'] * n * op['apply']
        times = POINTS * op['applications'] * 2
        if not a.per_rank:  # one copy per node, filled by one rank; a message to every other node
            t['messages'] += times * min(nodes - 1, touched(op, ranks)) * latency
            t['volume'] += times * 1.5 * 24.0 * (op['unknowns'] / a.network if nodes > 1 else 0.0)  # in once, out twice
        else:
            t['messages'] += times * min(ranks - 1, touched(op, ranks)) * latency
            t['volume'] += times * 24.0 * touched(op, ranks) / bandwidth
        t['volume'] += POINTS * COLUMNS * 8.0 * op['unknowns'] / bandwidth
        memory += (op['processes'] * BYTES_PROCESS * share + n * BYTES_BLOCK + 2 * 24 * touched(op, ranks)) / 2**30
    steps = POINTS * max(op['applications'] for op in OPERATORS.values())
    t['messages'] += steps * 3 * math.log2(max(2, ranks)) * latency
    t['rest'] = FIXED + STATES / ranks
    return ranks, t, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--nodes', type=int, nargs='+', default=[1, 4, 16, 64, 250, 1000])
    parser.add_argument('--cores', type=int, default=48)
    parser.add_argument('--latency', type=float, default=2e-6, help='seconds of a message between nodes, its handling included')
    parser.add_argument('--network', type=float, default=12e9, help='bytes per second into a node')
    parser.add_argument('--per-rank', action='store_true', help='as if every rank fetched and returned what its processes touch by itself')
    a = parser.parse_args()
    print('| nodes | ranks | find, s | rates and blocks | apply | messages | volume | whole, s | of it between ranks | GiB per rank | GiB per node |')
    print('|' + '---|' * 11)
    for nodes in a.nodes:
        ranks, t, memory = estimate(a, nodes)
        whole = sum(t.values())
        between = t['messages'] + t['volume']
        print(f"| {nodes} | {ranks} | {t['find']:.3g} | {t['rates']:.3g} | {t['apply']:.3g} | {t['messages']:.3g} | {t['volume']:.3g} | {whole:.3g} | {100 * between / whole:.0f} % | {memory:.2f} | {memory * a.cores + NODE_SHARED:.1f} |")


if __name__ == '__main__':
    main()
