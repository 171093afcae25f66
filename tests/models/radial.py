#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Linearized Boltzmann equation of an isotropic parabolic band, reduced to the energy: a reference for the mesh solver.

For a field along z the departure from equilibrium is w(E) Y(E) cos(theta), w = 1/(2 cosh((E - mu)/2kT)). Elastic processes only
damp it, by the momentum rate; absorption and emission of one phonon of energy omega couple E to E + omega and E - omega:

    [ G(E) + sum_pm S_pm(E) n_w w(E +- omega)/w(E) ] Y(E) - sum_pm n_w T_pm(E) Y(E +- omega) = w v/kT,
    S(E) = 2 pi int d^dk'/(2 pi)^d C(q) delta(E' - E -+ omega),  T(E): the same with cos(theta),  n_w = 1/(2 sinh(omega/2kT)),

a tridiagonal chain for every offset 0 < E_0 < omega. sigma = g_s int g(E) (w v/d) Y dE. Hartree atomic units throughout.
Nothing here is shared with the program: a mistake in one shows against the other.
"""
import numpy as np

HARTREE_EV = 27.211386245988
KELVIN = 1.380649e-23 / 4.3597447222071e-18
BOHR_CM = 0.529177210903e-8
# 1 atomic unit of mobility, e a_0^2/hbar, in cm^2/V/s
MOBILITY = 1.602176634e-19 * (0.529177210903e-10) ** 2 / 1.054571817646156e-34 * 1e4


def froehlich_strength(omega, eps_infinity, eps_zero, qs=0.0):
    """C(q) of polar optical phonons, as a function of q^2 (three dimensions)."""
    factor = 2 * np.pi * omega * (1 / eps_infinity - 1 / eps_zero)
    return lambda q2: factor * q2 / (q2 + qs * qs) ** 2


def ionized_strength(density, charge, epsilon, qs):
    return lambda q2: density * (4 * np.pi * charge / (epsilon * (q2 + qs * qs))) ** 2


def constant_strength(c):
    return lambda q2: c + 0 * q2


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(160)


def shell(strength, k, kp, mass, dimension=3):
    """(S, T): 2 pi int d^dk'/(2 pi)^d C delta(E' - E_kp) {1, cos(theta)} for arrays k, kp > 0."""
    k, kp = np.broadcast_arrays(np.asarray(k, float), np.asarray(kp, float))
    if dimension == 2:
        phi = (np.arange(4000) + 0.5) * np.pi / 4000
        q2 = (k**2 + kp**2)[..., None] - 2 * (k * kp)[..., None] * np.cos(phi)
        c = strength(q2)
        return mass * c.mean(-1), mass * (c * np.cos(phi)).mean(-1)
    # mu integral as one over ln q^2 (smooth for Coulomb-like C): dmu = dq^2/(2 k k'), from (k - k')^2, or 1e-14 of the top
    top = (k + kp) ** 2
    low = np.maximum((k - kp) ** 2, 1e-14 * top)
    half = 0.5 * np.log(top / low)
    q2 = np.exp(0.5 * np.log(top * low)[..., None] + half[..., None] * _NODES)
    c = strength(q2) * q2 / (2 * k * kp)[..., None] * _WEIGHTS * half[..., None]
    one_minus_mu = (q2 - ((k - kp) ** 2)[..., None]) / (2 * k * kp)[..., None]
    s, r = c.sum(-1), (c * one_minus_mu).sum(-1)
    return mass * kp / (2 * np.pi) * s, mass * kp / (2 * np.pi) * (s - r)


def momentum_rate(strength, energy, mass, dimension=3):
    """Elastic: int C (1 - cos(theta)) delta."""
    k = np.sqrt(2 * mass * energy)
    if dimension == 2:
        s, t = shell(strength, k, k, mass, 2)
        return s - t
    top = 4 * k**2
    half = 0.5 * np.log(1e14)
    q2 = np.exp(np.log(top)[..., None] - half + half * _NODES)
    c = strength(q2) * q2 / (2 * k**2)[..., None] * _WEIGHTS * half
    return mass * k / (2 * np.pi) * (c * q2 / (2 * k**2)[..., None]).sum(-1)


def density_of_states(energy, mass, dimension=3):
    """Per spin and volume."""
    if dimension == 2:
        return mass / (2 * np.pi) + 0 * energy
    return mass * np.sqrt(2 * mass * energy) / (2 * np.pi**2)


def weight(energy, mu, kt):
    return 0.5 / np.cosh(0.5 * (energy - mu) / kt)


def occupation(energy, mu, kt):
    return 1 / (1 + np.exp((energy - mu) / kt))


def chain(e0, omega, emax, mass, kt, mu, elastic, inelastic, dimension):
    """Energies of one chain and Y on it."""
    e = e0 + omega * np.arange(int((emax - e0) / omega) + 1)
    k, w = np.sqrt(2 * mass * e), weight(e, mu, kt)
    nw = 0.5 / np.sinh(0.5 * omega / kt)
    diagonal = sum((momentum_rate(c, e, mass, dimension) for c in elastic), np.zeros_like(e))
    matrix = np.zeros((len(e), len(e)))
    for c in inelastic:
        s, t = shell(c, k[:-1], k[1:], mass, dimension)  # up
        diagonal[:-1] += nw * s * w[1:] / w[:-1]
        matrix[np.arange(len(e) - 1), np.arange(1, len(e))] -= nw * t
        s, t = shell(c, k[1:], k[:-1], mass, dimension)  # down
        diagonal[1:] += nw * s * w[:-1] / w[1:]
        matrix[np.arange(1, len(e)), np.arange(len(e) - 1)] -= nw * t
    matrix[np.diag_indices_from(matrix)] += diagonal
    b = w * k / mass / kt
    return e, w, k, np.linalg.solve(matrix, b), b / diagonal


def mobility(mass, kt, mu, omega, elastic=(), inelastic=(), dimension=3, spin=2, emax=None, offsets=48):
    """Dict of full and rta mobilities (atomic units) and the carrier density; elastic and inelastic: lists of C(q^2).

    rta keeps the diagonal: total out-scattering by phonons, momentum rate of elastic processes."""
    emax = emax or 30 * kt + max(mu, 0.0) + 4 * omega
    t, tw = np.polynomial.legendre.leggauss(offsets)
    t, tw = 0.5 * (t + 1), 0.5 * tw
    full = rta = n = 0.0
    for ti, wi in zip(t, tw):  # E_0 = omega t^2 takes the square roots at E = 0 away
        e, w, k, y, y0 = chain(omega * ti * ti, omega, emax, mass, kt, mu, elastic, inelastic, dimension)
        g = spin * density_of_states(e, mass, dimension) * 2 * omega * ti * wi
        full += np.sum(g * w * k / mass * y) / dimension
        rta += np.sum(g * w * k / mass * y0) / dimension
        n += np.sum(g * occupation(e, mu, kt))
    return {'full': full / n, 'rta': rta / n, 'density': n}


def self_check():
    m, kt, mu, om = 0.067, 300 * KELVIN, -0.02, 0.036 / HARTREE_EV
    # 1. elastic only: closed acoustic mobility, 4/(3 sqrt(pi)) tau(kT)/m
    c = 2e-6
    got = mobility(m, kt, mu, om, elastic=[constant_strength(c)])['full']
    tau = 1 / (2 * np.pi * c * density_of_states(kt, m))
    want = 4 / (3 * np.sqrt(np.pi)) * tau / m
    assert abs(got / want - 1) < 1e-6, (got, want)
    # 2. Froehlich absorption and emission: 2 alpha omega sqrt(omega/E) {asinh sqrt(E/omega), asinh sqrt(E/omega - 1)}
    eps = (10.9, 12.9)
    f = froehlich_strength(om, *eps)
    alpha = (1 / eps[0] - 1 / eps[1]) * np.sqrt(m / (2 * om))
    for e in (0.3 * om, 2.5 * om, 17 * om):
        k = np.sqrt(2 * m * e)
        s = shell(f, np.array([k]), np.array([np.sqrt(k * k + 2 * m * om)]), m)[0][0]
        want = 2 * alpha * om * np.sqrt(om / e) * np.arcsinh(np.sqrt(e / om))
        assert abs(s / want - 1) < 1e-8, (s, want)
        if e > om:
            s = shell(f, np.array([k]), np.array([np.sqrt(k * k - 2 * m * om)]), m)[0][0]
            want = 2 * alpha * om * np.sqrt(om / e) * np.arcsinh(np.sqrt(e / om - 1))
            assert abs(s / want - 1) < 1e-8
    # 3. isotropic inelastic kernel: no in-scattering, full = rta
    r = mobility(m, kt, mu, om, inelastic=[constant_strength(c)])
    assert abs(r['full'] / r['rta'] - 1) < 1e-9
    # 4. omega << kT: quasi-elastic, 1/tau = m C0/(2 pi k) with C0 = factor 2 kT/omega: mobility 8/(3 sqrt(pi)) tau(kT)/m
    small = kt / 60
    f = froehlich_strength(small, *eps)
    r = mobility(m, kt, mu, small, inelastic=[f], offsets=8)['full']
    c0 = 2 * np.pi * small * (1 / eps[0] - 1 / eps[1]) * 2 * kt / small
    want = 8 / (3 * np.sqrt(np.pi)) * 2 * np.pi * np.sqrt(2 * m * kt) / (m * c0) / m
    assert abs(r / want - 1) < 1e-2, (r, want)
    # 5. Matthiessen's rule overestimates
    f = froehlich_strength(om, *eps)
    both = mobility(m, kt, mu, om, elastic=[constant_strength(c)], inelastic=[f])['full']
    one, two = (mobility(m, kt, mu, om, elastic=e, inelastic=i)['full'] for e, i in (([constant_strength(c)], []), ([], [f])))
    assert both < 1 / (1 / one + 1 / two)
    # 6. converged in the number of offsets and in the range
    again = mobility(m, kt, mu, om, inelastic=[f], offsets=96, emax=40 * kt)['full']
    assert abs(again / two - 1) < 1e-6, (again, two)
    # 7. two dimensions, constant kernel: tau independent of E, mobility tau/m
    r = mobility(m, kt, mu, om, elastic=[constant_strength(c)], dimension=2)['full']
    assert abs(r * m * m * c - 1) < 1e-9, r * m * m * c
    return one, two, both


if __name__ == '__main__':
    a, f, b = self_check()
    print('acoustic %.6g, Froehlich %.6g, both %.6g, Matthiessen %.6g cm2/Vs' % tuple(MOBILITY * x for x in (a, f, b, 1 / (1 / a + 1 / f))))
