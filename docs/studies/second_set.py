#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""
A second set of force constants: umklapp against the program that the data come with, and against that program's definitions rebuilt in numpy.

  second_set.py shengbte FOLDER RESULTS.h5                 FOLDER/Reference: BTE.* as ShengBTE's test cases hold them
  second_set.py phono3py KAPPA.hdf5 RESULTS.h5             KAPPA.hdf5: kappa-m*.hdf5 of phono3py, with gamma
  second_set.py rebuild MATERIAL.h5 MESH [--rows ...]      conductivity by lattice_reference.py's definitions, any zincblende or diamond crystal

MATERIAL.h5 is what `umklapp import` wrote, RESULTS.h5 what `umklapp run` did with write_states. Points of the wedge are matched by their frequencies.
"""
import argparse
import itertools
import time
import h5py
import numpy as np

import lattice_reference as reference

NATURAL = {69.723: 1.9713e-4, 74.9216: 0.0, 114.818: 1.2454e-5, 28.0855: 2.007e-4}  # mass (amu): its variance


class Harmonic:
    """Force constants of a native file, dipole terms as src/material/polar.c adds them (derivatives of these by differences)."""

    def __init__(self, path):
        with h5py.File(path) as f:
            self.a, self.tau, self.masses = f["crystal/lattice"][()], f["crystal/positions"][()], f["crystal/masses"][()]
            D = f["phonons/force_constants"][()]
            self.R = f["phonons/vectors"][()] @ self.a
            self.born = f["phonons/born_charges"][()] if "phonons/born_charges" in f else None
            self.epsilon = f["phonons/dielectric_tensor"][()]
            self.length = f["phonons/dipole_length"][()]
        self.nm, self.b = 3 * len(self.tau), 2 * np.pi * np.linalg.inv(self.a).T
        self.volume = abs(np.linalg.det(self.a))
        root = np.repeat(np.sqrt(self.masses), 3)
        self.root = root[:, None] * root
        self.blocks = ((D[..., 0] + 1j * D[..., 1]) / self.root).reshape(len(D), -1)
        top = 2 + (np.sqrt(56) * 2 * np.pi / self.length / np.linalg.norm(self.b, axis=1)).astype(int)
        self.G = np.array(list(itertools.product(*(range(-t, t + 1) for t in top)))) @ self.b
        self.self_term = self.waves(np.zeros((1, 3)), True)[0] if self.born is not None else 0.0

    def waves(self, q, self_term=False):
        out = np.zeros((len(q), self.nm, self.nm), complex)
        for i, K in enumerate(q[:, None] + self.G[None]):
            K = K * self.length / (2 * np.pi)
            KeK = np.einsum("gx,xy,gy->g", K, self.epsilon, K)
            use = (KeK > 1e-12) & (KeK / 4 < 14)
            K, KeK = K[use], KeK[use]
            f = 4 * np.pi / self.volume * np.exp(-KeK / 4) / KeK
            z = np.einsum("gx,axy->gay", K, self.born).reshape(len(K), self.nm)
            e = np.repeat(np.exp(2j * np.pi / self.length * K @ self.tau.T), 3, axis=1)
            if not self_term:
                out[i] = np.einsum("g,ga,gb->ab", f, z * e, (z * e.conj()))
            else:
                sums = np.einsum("g,ga,gb->ab", f, z * e, z * e.conj()).reshape(self.nm, -1, 3).sum(1).real
                for k in range(len(self.tau)):
                    out[i, 3 * k:3 * k + 3, 3 * k:3 * k + 3] = sums[3 * k:3 * k + 3]
        return out

    def matrix(self, q):
        D = (np.exp(1j * q @ self.R.T) @ self.blocks).reshape(-1, self.nm, self.nm)
        if self.born is not None:
            D = D + (self.waves(q) - self.self_term) / self.root
        return 0.5 * (D + D.conj().transpose(0, 2, 1))

    def modes(self, q):
        """w [q][mode], e [q][component][mode], velocity matrices [q][mode][mode][3]; at q = 0 without dipoles of q"""
        w2, e = np.linalg.eigh(self.matrix(q))
        w = np.sqrt(np.maximum(w2, 0.0))
        v = np.empty((len(q), self.nm, self.nm, 3), complex)
        scale, step = 1.0 / np.maximum(w[:, :, None] + w[:, None, :], 1e-9), 1e-4
        zero = np.abs(q).max(1) < 1e-12
        for c in range(3):
            d = step * np.eye(3)[c]
            dD = (self.matrix(q + d) - self.matrix(q - d)) / (2 * step)
            v[..., c] = scale * (e.conj().transpose(0, 2, 1) @ dD @ e)
        v[zero] = 0.0
        return w, e, v


class Cubic(reference.Cubic):
    def __init__(self, path, harmonic):
        with h5py.File(path) as f:
            third = f["phonons/third_order"]
            self.atom, R, phi = third["atoms"][()], third["vectors"][()], third["force_constants"][()]
        self.D, which = np.unique(R[:, 0] - R[:, 1], axis=0, return_inverse=True)
        self.D, self.which, self.R2 = self.D @ harmonic.a, which.ravel(), R[:, 1] @ harmonic.a
        self.phi = phi / np.sqrt(harmonic.masses[self.atom].prod(1))[:, None, None, None]


class Solver(reference.Solver):
    def isotopes(self, d, c):
        """one variance for each atom: e scaled by its fourth root"""
        z, masses = self.z, self.z.h.masses / reference.AMU
        g = np.array([NATURAL[min(NATURAL, key=lambda m: abs(m - mass))] for mass in masses])
        kept, z.e = z.e, z.e * np.repeat(g**0.25, 3)[None, :, None]
        rates = super().isotopes(dict(d, g=float(d["g"] > 0)), c)
        z.e = kept
        return rates


def rebuild(args):
    started = time.time()
    harmonic = Harmonic(args.material)
    zone = reference.Zone(harmonic, args.mesh)
    print(f"mesh {args.mesh}, {len(zone.wedge)} wedge points, highest frequency {1e3 * reference.HARTREE_EV * zone.w.max():.4f} meV")
    chosen = [reference.DEFINITIONS[i] for i in args.rows or range(len(reference.DEFINITIONS))]
    results = Solver(zone, 300.0).kappa(Cubic(args.material, harmonic), [d for _, d in chosen])
    for (name, _), (rta, full) in zip(chosen, results):
        print(f"{name:30s} {rta:9.3f} {full:9.3f}", flush=True)
    print(f"{time.time() - started:.0f} s")


def states(path):
    """[point]: (frequencies in THz by branch, {what: by branch})"""
    with h5py.File(path) as f:
        p = f["phonons"]
        q, branch, all_rates = np.round(p["q"][()], 6), p["branch"][()].astype(int), p["rate"]
        columns = {"frequency": p["frequency"][()], "speed2": (p["velocity"][()] ** 2).sum(1), **{name: all_rates[name][0, 0] for name in all_rates}}
    out = []
    for key in np.unique(q, axis=0):
        at = np.where((q == key).all(1))[0]
        point = {name: np.full(branch.max() + 1, np.nan) for name in columns}
        for name, x in columns.items():
            point[name][branch[at]] = x[at]
        out.append(point)
    return out


def compare(ours, frequency, weight, columns):
    matched = [int(np.nanmax(abs(frequency - p["frequency"]), axis=1).argmin()) for p in ours]
    if len(set(matched)) != len(ours):
        print("points cannot be told apart by their frequencies")
    d = np.concatenate([(p["frequency"] - frequency[i])[~np.isnan(p["frequency"])] for p, i in zip(ours, matched)])
    print(f"frequencies, {len(ours)} points: largest difference {abs(d).max():.2e} THz, rms {np.sqrt((d**2).mean()):.2e} THz, of {frequency.max():.3f} THz")
    for name, theirs in columns.items():
        x, y, w = (np.concatenate(v) for v in zip(*((theirs[i], p[name], np.full(theirs.shape[1], weight[i])) for p, i in zip(ours, matched))))
        ok = np.isfinite(y) & (x > 0)
        r = y[ok] / x[ok]
        print(f"{name:14s} ratio of sums {(w * y)[ok].sum() / (w * x)[ok].sum():.4f}, median ratio {np.median(r):.4f}, 5 % to 95 %: {np.quantile(r, 0.05):.3f} to {np.quantile(r, 0.95):.3f}")


def shengbte(args):
    folder = f"{args.folder}/Reference"
    column = lambda name: np.loadtxt(f"{folder}/{name}")[:, 1]
    omega = np.loadtxt(f"{folder}/BTE.omega") / (2 * np.pi)
    by_branch = lambda x: x.reshape(omega.shape[1], -1).T
    compare(states(args.results), omega, np.loadtxt(f"{folder}/BTE.qpoints")[:, 2], {"three_phonon": by_branch(column("T300K/BTE.w_anharmonic")), "isotope": by_branch(column("BTE.w_isotopic"))})


def phono3py(args):
    with h5py.File(args.kappa) as f:
        shape = f["frequency"].shape
        columns = {"three_phonon": 4 * np.pi * f["gamma"][()].reshape(shape), "speed2": (f["group_velocity"][()] ** 2).sum(2) * 1e4}
        if "gamma_isotope" in f:
            columns["isotope"] = 4 * np.pi * f["gamma_isotope"][()].reshape(shape)
        compare(states(args.results), f["frequency"][()], f["weight"][()], columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_subparsers(required=True)
    for function, names in ((shengbte, ("folder", "results")), (phono3py, ("kappa", "results")), (rebuild, ("material",))):
        sub = which.add_parser(function.__name__)
        sub.set_defaults(function=function)
        for name in names:
            sub.add_argument(name)
    sub.add_argument("mesh", type=int)
    sub.add_argument("--rows", type=int, nargs="+", help="of lattice_reference.DEFINITIONS, counted from 0; default: all")
    args = parser.parse_args()
    args.function(args)


if __name__ == "__main__":
    main()
