#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""
Lattice thermal conductivity of silicon by a program of its own (numpy, dense), to judge definitions that programs differ in.

  lattice_reference.py FOLDER MESH [--temperature 300] [--rows 0 6 ...]       RTA and full, W/m/K, of rows of DEFINITIONS

FOLDER holds si_dfpt666.fc (q2r.x) and FORCE_CONSTANTS_3RD.gz (ShengBTE's format).

For a phonon l of the wedge, all pairs with q + q' = q'' up to a reciprocal vector (the pair q = q' + q'' is that of -q'), frequencies w,
K = (pi/4N) |Phi_3|^2/(w w' w''):

  1/tau = sum K [ delta(w + w' - w'') o+  +  1/2 delta(w - w' - w'') o- ] + isotopes (Tamura)
  F/tau = w v + sum K [ delta o+ (F'' - F') + 1/2 delta o- (F'' + F') ],   kappa = 1/(N V k T^2) sum n (n+1) w v (x) F

Occupations, equal where energy is conserved (x = w/kT):
  bose       o+ = n' - n'',                     o- = 1 + n' + n''
  symmetric  o+ = o- = sinh(x/2) / (2 sinh(x'/2) sinh(x''/2))
  phoebe     o+ = n' (n'' + 1)/(n + 1),         o- = n' n''/n
delta = exp(-x^2/s^2)/(s sqrt(pi)), |x| <= cut s:
  a number   s in meV
  first      s^2 = (1/6) sum_c (b_c.(v' - v'')/n_c)^2, as the first phonon sees it
  mean       s^2 averaged over the views of the three phonons; not below `minimum` (meV)
  isotropic  sum_c b_c b_c^T, which the operations of the crystal change, averaged over them
average: |Phi_3|^2 and the overlaps of isotopes averaged over degenerate modes.
spread: what velocities of degenerate modes add to their mean, v (x) v tau. directions: as they diagonalize u.v, averaged over u; components: each
Cartesian component diagonalized for itself; raw: those of the eigenvectors that LAPACK returned, made to fit the operations that leave q itself in
place (those that take it to q + G left out), in the widths as well; False: the mean alone.
isotope: width of a pair, or of the final state alone, not below what its quartiles give. g: variance of the mass.
Rates are those of wedge states as each program forms them, so that a row need not belong to a symmetric operator. Atomic units.
"""
import argparse
import gzip
import itertools
import os
import time
import numpy as np

BOHR, HARTREE_EV, KELVIN, AMU = 0.529177210903, 27.211386245988, 3.166811563e-6, 1822.888486209
WATT_PER_METRE = 4.3597447222071e-18 / 2.4188843265857e-17 / (BOHR * 1e-10)
DEGENERATE = 5e-7  # hartree
GENERIC = np.array([[0.26, 0.48, 0.838], [0.11, 0.29, 0.951], [0.45, 0.57, 0.687], [0.05, 0.63, 0.775]])

UMKLAPP = dict(width="mean", isotropic=True, minimum=0.5, cut=4.5, occupation="symmetric", average=True, isotope="pairs", g=2.007e-4, spread=False)
GAUSSIAN = dict(UMKLAPP, width=1.2398)
PHOEBE = dict(GAUSSIAN, cut=6.0, occupation="phoebe", spread="components")
SHENGBTE = dict(width="first", isotropic=False, minimum=0.0, cut=2.0, occupation="bose", average=False, isotope="final", g=2.0125e-4, spread="raw")
PURE = dict(g=0.0)
DEFINITIONS = [
    ("umklapp, gaussian", GAUSSIAN),
    ("  spread along directions", dict(GAUSSIAN, spread="directions")),
    ("  spread of components", dict(GAUSSIAN, spread="components")),
    ("  occupations of phoebe", dict(GAUSSIAN, occupation="phoebe")),
    ("  occupations of bose", dict(GAUSSIAN, occupation="bose")),
    ("  no isotopes", dict(GAUSSIAN, **PURE)),
    ("phoebe", PHOEBE),
    ("umklapp, adaptive", UMKLAPP),
    ("  spread along directions", dict(UMKLAPP, spread="directions")),
    ("  no isotopes", dict(UMKLAPP, **PURE)),
    ("shengbte", SHENGBTE),
    ("shengbte, no isotopes", dict(SHENGBTE, **PURE)),
    ("  + mean velocities", dict(SHENGBTE, spread=False, **PURE)),
    ("  + symmetric occupations", dict(SHENGBTE, spread=False, occupation="symmetric", **PURE)),
    ("  + cut 4.5", dict(SHENGBTE, spread=False, occupation="symmetric", cut=4.5, **PURE)),
    ("  + mean of the views", dict(UMKLAPP, isotropic=False, minimum=0.0, average=False, **PURE)),
    ("  + isotropic widths", dict(UMKLAPP, minimum=0.0, average=False, **PURE)),
    ("  + least width, averages", dict(UMKLAPP, **PURE)),
    ("  + isotopes", UMKLAPP),
]


class Harmonic:
    """Force constants of q2r.x with the weights of the Wigner-Seitz cell (matdyn.x), simple sum rule."""

    def __init__(self, path):
        with open(path) as f:
            words = iter(f.read().replace("'", " ").split())
        take = lambda n, kind=float: [kind(next(words)) for _ in range(n)]
        _, nat, ibrav = take(3, int)
        assert ibrav == 2
        alat = take(6)[0]
        next(words), next(words)
        self.mass = 2.0 * take(1)[0]  # Rydberg units to electron masses
        self.a = 0.5 * alat * np.array([[-1, 0, 1], [0, 1, 1], [-1, 1, 0]], float)
        self.b = 2 * np.pi * np.linalg.inv(self.a).T
        self.tau = alat * np.array([take(5)[2:] for _ in range(nat)])
        if next(words) == "T":
            take(9 + 10 * nat)
        n = np.array(take(3, int))
        C = np.zeros((3, 3, nat, nat, *n))
        for _ in range(9 * nat * nat):
            i, j, na, nb = take(4, int)
            for _ in range(n.prod()):
                m = take(3, int)
                C[(i - 1, j - 1, na - 1, nb - 1, *(np.array(m) - 1))] = 0.5 * take(1)[0]
        for na in range(nat):
            C[:, :, na, na, 0, 0, 0] -= C[:, :, na].sum(axis=(2, 3, 4, 5))
        images = np.array([m for m in itertools.product(range(-2, 3), repeat=3) if any(m)]) * n @ self.a
        R = np.array(list(itertools.product(*(range(-2 * k, 2 * k + 1) for k in n))))
        self.R, blocks = R @ self.a, np.zeros((len(R), nat, 3, nat, 3))
        for na, nb in itertools.product(range(nat), repeat=2):
            excess = (self.R + self.tau[na] - self.tau[nb]) @ images.T - 0.5 * (images**2).sum(1)
            weight = np.where((excess > 1e-6).any(1), 0.0, 1.0 / (1 + (abs(excess) < 1e-6).sum(1)))
            blocks[:, na, :, nb, :] = weight[:, None, None] * C[:, :, na, nb, R[:, 0] % n[0], R[:, 1] % n[1], R[:, 2] % n[2]].transpose(2, 0, 1)
        keep = abs(blocks).max(axis=(1, 2, 3, 4)) > 0
        self.R, self.blocks = self.R[keep], blocks[keep].reshape(-1, 9 * nat * nat) / self.mass
        self.nm = 3 * nat
        self.volume = abs(np.linalg.det(self.a))

    def modes(self, q):
        """w [q][mode], e [q][component][mode], velocity matrices [q][mode][mode][3]"""
        phase, nm = np.exp(-1j * q @ self.R.T), self.nm
        D = (phase @ self.blocks).reshape(-1, nm, nm)
        w2, e = np.linalg.eigh(0.5 * (D + D.conj().transpose(0, 2, 1)))
        w = np.sqrt(np.maximum(w2, 0.0))
        v = np.empty((len(q), nm, nm, 3), complex)
        scale = 1.0 / np.maximum(w[:, :, None] + w[:, None, :], 1e-9)
        for c in range(3):
            dD = ((-1j * self.R[:, c] * phase) @ self.blocks).reshape(-1, nm, nm)
            v[..., c] = scale * (e.conj().transpose(0, 2, 1) @ (0.5 * (dD + dD.conj().transpose(0, 2, 1))) @ e)
        return w, e, v


class Cubic:
    """Third-order force constants: Phi(q, q') with q'' = q + q', all p = q' at once."""

    def __init__(self, path, a, mass):
        with gzip.open(path, "rt") as f:
            words = f.read().split()
        count, at = int(words[0]), 1
        block = np.array(words[at:], dtype=object).reshape(count, 1 + 6 + 3 + 27 * 4)
        R = block[:, 1:7].astype(float).reshape(count, 2, 3) / BOHR
        m = np.rint(R @ np.linalg.inv(a)).astype(int)
        atom = block[:, 7:10].astype(int) - 1
        phi = block[:, 10:].reshape(count, 27, 4)[:, :, 3].astype(float).reshape(count, 3, 3, 3) / HARTREE_EV * BOHR**3 / mass**1.5
        self.D, which = np.unique(m[:, 0] - m[:, 1], axis=0, return_inverse=True)
        self.D, self.which, self.R2, self.atom, self.phi = self.D @ a, which.ravel(), m[:, 1] @ a, atom, phi

    def first(self, q, e):
        """[D][mode][component'][component''] for the phonons of one point"""
        nm = e.shape[1]
        out = np.zeros((len(self.D), nm, nm // 3, nm // 3, 3, 3), complex)
        leg = np.exp(-1j * self.R2 @ q)[:, None]
        eig = e.reshape(-1, 3, nm)[self.atom[:, 0]]
        part = np.einsum("txi,txyz,tp->tiyz", eig, self.phi, leg, optimize=True)
        np.add.at(out, (self.which, slice(None), self.atom[:, 1], self.atom[:, 2]), part)
        return out.transpose(0, 1, 2, 4, 3, 5).reshape(len(self.D), nm, nm, nm)

    def squared(self, q, e, p, e1, e2):
        """|Phi|^2 [p][mode][mode'][mode'']"""
        nm = e.shape[1]
        H = (np.exp(1j * p @ self.D.T) @ self.first(q, e).reshape(len(self.D), -1)).reshape(-1, nm, nm, nm)
        V = np.matmul(np.matmul(e1.transpose(0, 2, 1)[:, None], H), e2.conj()[:, None])
        return V.real**2 + V.imag**2


def average_degenerate(w, x, axis):
    """x averaged along an axis over the modes of equal frequency, w [point][mode]; axis 0 of x: the points"""
    same = (abs(w[:, :, None] - w[:, None, :]) < DEGENERATE).astype(float)
    same /= same.sum(2, keepdims=True)
    y = np.moveaxis(x, axis, 1)
    return np.moveaxis(np.matmul(same, y.reshape(*y.shape[:2], -1)).reshape(y.shape), 1, axis)


class Zone:
    """All points of the mesh with their modes; wedge, operations that lead from it, projectors on the little groups."""

    def __init__(self, h, n):
        self.h, self.n, self.N = h, n, n**3
        k, j, i = np.meshgrid(*(range(n),) * 3, indexing="ij")
        self.m = np.stack([i, j, k], -1).reshape(-1, 3)  # the first index runs fastest
        self.q = self.m @ h.b / n
        ops = [np.diag(s)[list(p)] for p in itertools.permutations(range(3)) for s in itertools.product((1.0, -1.0), repeat=3)]
        self.ops = np.array(ops)
        image = np.rint(np.einsum("sxy,qy->sqx", self.ops, self.q) @ h.a.T / (2 * np.pi) * n).astype(int) % n
        image = self.index(image)
        self.wedge = np.unique(image.min(0))
        position = {w: c for c, w in enumerate(self.wedge)}
        self.wedge_of, self.S = np.empty(self.N, int), np.empty((self.N, 3, 3))
        self.star = np.zeros(len(self.wedge))
        self.P = np.empty((len(self.wedge), 3, 3))
        for w in self.wedge:
            self.P[position[w]] = self.ops[image[:, w] == w].mean(0)
            for s in range(len(ops) - 1, -1, -1):
                self.wedge_of[image[s, w]], self.S[image[s, w]] = position[w], self.ops[s]
            self.star[position[w]] = len(set(image[:, w]))
        self.w, self.e, v = h.modes(self.q)
        wi = self.wedge
        kept = np.array([abs(self.q @ S.T - self.q).max(1) < 1e-6 for S in self.ops])
        self.w = self.w[wi][self.wedge_of]  # equal to the last bit over a star
        self.live = self.w > 1e-6
        mean = np.einsum("qiix->qix", v).real
        exact = np.einsum("sq,sxy->qxy", kept, self.ops) / kept.sum(0)[:, None, None]
        self.raw = np.einsum("qxy,qiy->qix", exact, mean) * self.live[..., None]
        mean = np.einsum("cxy,ciy->cix", self.P, average_degenerate(self.w[wi], mean[wi], 1))
        self.v = np.einsum("qxy,qiy->qix", self.S, mean[self.wedge_of]) * self.live[..., None]
        self.spread = self.spreads(v[wi], self.w[wi], mean)
        self.spread["raw"] = np.zeros(mean.shape[:2])
        np.add.at(self.spread["raw"], self.wedge_of, (self.raw**2).sum(2) / 3)
        self.spread["raw"] = self.spread["raw"] / self.star[:, None] - (self.v[wi] ** 2).sum(2) / 3

    def index(self, m):
        return (m[..., 2] * self.n + m[..., 1]) * self.n + m[..., 0]

    def spreads(self, v, w, mean):
        """trace/3 of the spread of degenerate velocities [wedge][mode], two ways: they diagonalize u.v along directions u, averaged over u;
        or each Cartesian component is diagonalized for itself"""
        u = np.einsum("sxy,gy->sgx", self.ops, GENERIC).reshape(-1, 3)
        out = {False: np.zeros(w.shape), "directions": np.zeros(w.shape), "components": np.zeros(w.shape)}
        for c in range(len(w)):
            bounds = [0, *(1 + np.flatnonzero(np.diff(w[c]) >= DEGENERATE)), w.shape[1]]
            for start, stop in zip(bounds[:-1], bounds[1:]):
                if stop - start == 1 or w[c, start] < 1e-6:
                    continue
                block = v[c, start:stop, start:stop]
                block = 0.5 * (block + block.conj().transpose(1, 0, 2))
                _, U = np.linalg.eigh(np.einsum("ux,ijx->uij", u, block))
                along = np.einsum("upn,pqx,uqn->unx", U.conj(), block, U, optimize=True).real
                alone = np.linalg.eigvalsh(block.transpose(2, 0, 1))
                square = (mean[c, start] ** 2).sum()
                out["directions"][c, start:stop] = ((along**2).mean((0, 1)).sum() - square) / 3
                out["components"][c, start:stop] = ((alone**2).mean(1).sum() - square) / 3
        return out


def delta(x, s2, cut):
    with np.errstate(divide="ignore", invalid="ignore"):
        d = np.where(x * x <= cut * cut * s2, np.exp(-x * x / s2) / np.sqrt(np.pi * s2), 0.0)
    return np.where(s2 > 0, d, 0.0)


class Solver:
    def __init__(self, zone, temperature):
        self.z, self.T = zone, temperature * KELVIN
        self.x = np.where(zone.live, zone.w / self.T, 1.0)
        self.bose = np.where(zone.live, 1 / np.expm1(self.x), 0.0)

    def cell(self, d):
        """W: s^2 = g.W.g for a gradient g"""
        B = self.z.h.b / self.z.n
        W = B.T @ B / 6
        return np.einsum("sxy,yz,swz->xw", self.z.ops, W, self.z.ops) / len(self.z.ops) if d["isotropic"] else W

    def widths(self, d, v, v1, v2):
        """s^2 [p][i][j][k] of w +- w' - w'' where q' = p has the velocity +-v1"""
        if not isinstance(d["width"], str):
            return np.full((len(v1), 6, 6, 6), (d["width"] * 1e-3 / HARTREE_EV) ** 2)
        W = self.cell(d)
        view = lambda a, b: np.einsum("...x,xy,...y->...", a - b, W, a - b)
        s2 = np.broadcast_to(view(v1[:, None, :, None], v2[:, None, None, :]), (len(v1), 6, 6, 6))
        if d["width"] == "mean":
            s2 = (s2 + view(v[None, :, None, None], v2[:, None, None, :]) + view(v[None, :, None, None], v1[:, None, :, None])) / 3
        return np.maximum(s2, (d["minimum"] * 1e-3 / HARTREE_EV) ** 2)

    def occupations(self, d, c, p, p2):
        half = lambda at: np.sinh(0.5 * self.x[at])
        n, n1, n2 = self.bose[c][None, :, None, None], self.bose[p][:, None, :, None], self.bose[p2][:, None, None, :]
        if d["occupation"] == "bose":
            return n1 - n2, 1 + n1 + n2
        if d["occupation"] == "phoebe":
            return n1 * (n2 + 1) / (n + 1), n1 * n2 / np.where(n > 0, n, 1.0)
        o = half(c)[None, :, None, None] / (2 * half(p)[:, None, :, None] * half(p2)[:, None, None, :])
        return o, o

    def isotopes(self, d, c):
        """rates of the modes at point c: [mode]"""
        z, W = self.z, self.cell(d)
        v = z.raw if d["spread"] == "raw" else z.v
        variance = np.einsum("qix,xy,qiy->qi", v, W, v)
        x = z.w[c][:, None, None] - z.w[None]
        own, floor = variance[c][:, None, None], (d["minimum"] * 1e-3 / HARTREE_EV) ** 2
        if not isinstance(d["width"], str):
            weight = delta(x, np.full_like(x, (d["width"] * 1e-3 / HARTREE_EV) ** 2), d["cut"])
        elif d["isotope"] == "pairs":
            weight = delta(x, np.maximum(0.5 * (own + variance[None]), floor), d["cut"])
        else:  # width of the final state, from below by its quartiles
            log = np.sort(np.log(np.sqrt(np.maximum(variance, 1e-300))).ravel())
            low, high = log[25 * log.size // 100 - 1], log[75 * log.size // 100 - 1]
            weight = delta(x, np.maximum(variance, np.exp(2 * (low - 1.5 * (high - low))))[None], 2.5)
        e = z.e.reshape(z.N, 2, 3, 6)
        overlap = (abs(np.einsum("axi,qaxj->qaij", e[c].conj(), e, optimize=True)) ** 2).sum(1)
        if d["average"]:
            overlap = average_degenerate(np.broadcast_to(z.w[c], z.w.shape), average_degenerate(z.w, overlap, 2), 1)
        power = z.w[c][:, None, None] * (z.w[None] if d["isotope"] == "pairs" else z.w[c][:, None, None])
        if d["occupation"] == "symmetric":
            power = power * np.sinh(0.5 * self.x[c])[:, None, None] / np.sinh(0.5 * self.x)[None]
        if d["occupation"] == "phoebe":
            n, n1 = np.where(z.live[c], self.bose[c], 1.0)[:, None, None], self.bose[None]
            power = power * (n * n1 + 0.5 * (n + n1)) / (n * (n + 1))
        return np.pi / (2 * z.N) * d["g"] * (power * weight * z.live[None] * overlap.transpose(1, 0, 2)).sum((1, 2))

    def kappa(self, cubic, definitions):
        """(rta, full) of each definition"""
        z = self.z
        nw = len(z.wedge)
        rates, matrix = np.zeros((len(definitions), nw, 6)), np.zeros((len(definitions), nw, 6, 3, nw, 6, 3))
        all_p = np.arange(z.N)
        minus_p = z.index(-z.m % z.n)
        for iw, c in enumerate(z.wedge):
            p2 = z.index((z.m[c] + z.m) % z.n)
            phi = cubic.squared(z.q[c], z.e[c], z.q, z.e, z.e[p2])
            live = z.live[c][None, :, None, None] & z.live[:, None, :, None] & z.live[p2][:, None, None, :]
            w, w1, w2 = z.w[c][None, :, None, None], z.w[:, None, :, None], z.w[p2][:, None, None, :]
            scale = np.where(live, np.pi / (4 * z.N) / np.where(live, w * w1 * w2, 1.0), 0.0)
            averaged = average_degenerate(z.w[p2], average_degenerate(z.w, phi, 2), 3)
            averaged = average_degenerate(np.broadcast_to(z.w[c], z.w.shape), averaged, 1)
            for m, d in enumerate(definitions):
                K = scale * (averaged if d["average"] else phi)
                plus, minus = self.occupations(d, c, all_p, p2)
                v = z.raw if d["spread"] == "raw" else z.v
                Gp = K * plus * delta(w + w1 - w2, self.widths(d, v[c], v, v[p2]), d["cut"])
                Gm = 0.5 * K * minus * delta(w - w1 - w2, self.widths(d, v[c], -v, v[p2]), d["cut"])
                rates[m, iw] = (Gp + Gm).sum((0, 2, 3)) + self.isotopes(d, c)
                self.gather(matrix[m, iw], all_p, Gp.sum(3), -1.0)
                self.gather(matrix[m, iw], minus_p, Gm.sum(3), 1.0)
                self.gather(matrix[m, iw], p2, (Gp + Gm).sum(2), 1.0)
        return [self.solve(rates[m], matrix[m], d["spread"]) for m, d in enumerate(definitions)]

    def gather(self, row, at, G, sign):
        """row [i][x][wedge][j][y] += sign G [p][i][j] S of point at[p], onto what its little group leaves"""
        z = self.z
        SP = np.matmul(z.S[at], z.P[z.wedge_of[at]])
        order = np.argsort(z.wedge_of[at], kind="stable")
        bounds = np.searchsorted(z.wedge_of[at][order], np.arange(len(z.wedge) + 1))
        for u in range(len(z.wedge)):
            member = order[bounds[u]:bounds[u + 1]]
            row[:, :, u] += sign * (G[member].reshape(len(member), 36).T @ SP[member].reshape(len(member), 9)).reshape(6, 6, 3, 3).transpose(0, 2, 1, 3)

    def solve(self, rate, gain, spread):
        z, nw = self.z, len(self.z.wedge)
        live = z.live[z.wedge] & (rate > 0)
        v, w, n = z.v[z.wedge], z.w[z.wedge], self.bose[z.wedge]
        weight = np.where(live, z.star[:, None] * n * (n + 1) * w, 0.0)
        unit = WATT_PER_METRE * KELVIN / (z.N * z.h.volume * self.T**2)
        tau = np.where(live, 1 / np.where(live, rate, 1.0), 0.0)
        F = (tau * w)[..., None] * v
        extra = unit * (weight * tau * w * z.spread[spread]).sum()
        rta = unit * (weight * (v * F).sum(2)).sum() / 3 + extra
        gain = np.einsum("cxy,ciyuj...->cixuj...", z.P, gain, optimize=True)
        A = np.eye(18 * nw) - (tau[:, :, None, None, None, None] * gain).reshape(18 * nw, -1)
        F = np.linalg.solve(A, F.ravel()).reshape(nw, 6, 3)
        return rta, unit * (weight * (v * F).sum(2)).sum() / 3 + extra


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("mesh", type=int)
    parser.add_argument("--temperature", type=float, default=300.0)
    parser.add_argument("--rows", type=int, nargs="+", help="of DEFINITIONS, counted from 0; default: all")
    args = parser.parse_args()
    started = time.time()
    harmonic = Harmonic(os.path.join(args.folder, "si_dfpt666.fc"))
    cubic = Cubic(os.path.join(args.folder, "FORCE_CONSTANTS_3RD.gz"), harmonic.a, harmonic.mass)
    zone = Zone(harmonic, args.mesh)
    print(f"mesh {args.mesh}, {len(zone.wedge)} wedge points, highest frequency {1e3 * HARTREE_EV * zone.w.max():.4f} meV")
    chosen = [DEFINITIONS[i] for i in args.rows or range(len(DEFINITIONS))]
    results = Solver(zone, args.temperature).kappa(cubic, [d for _, d in chosen])
    for (name, _), (rta, full) in zip(chosen, results):
        print(f"{name:30s} {rta:9.3f} {full:9.3f}")
    print(f"{time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
