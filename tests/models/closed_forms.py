#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed forms, or one-dimensional integrals, for the decks in inputs/models. Hartree atomic units; nothing shared with the program.

expected(deck, **change) gives what a run of inputs/models/<deck>.yaml must write at its first point, in the units of the results file;
`change` replaces parameters as the tests do with --set.
"""
import numpy as np

import radial

EV = 1 / 27.211386245988
KELVIN = radial.KELVIN
BOHR = 0.529177210903e-10
PER_CM3 = 1e6 * BOHR**3
NM = 1e-9 / BOHR
ANGSTROM = 1e-10 / BOHR
TIME = 1.054571817646156e-34 / 4.3597447222071e-18
FS = 1e-15 / TIME
M_S = TIME / BOHR
KG = 1 / 9.1093837015e-31
CONDUCTIVITY = 1.602176634e-19**2 / (1.054571817646156e-34 * BOHR)  # S/m
SHEET = 1.602176634e-19**2 / 1.054571817646156e-34                   # S
MOBILITY = radial.MOBILITY                                           # cm^2/V/s
SEEBECK = 4.3597447222071e-18 / 1.602176634e-19                      # V/K per hartree/(k_B T)
KB_E = 1.380649e-23 / 1.602176634e-19                                # V/K
LORENZ = np.pi**2 / 3 * KB_E**2


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(600)


def integrate(f, top):
    """int_0^top f(E) dE with E = top t^2: square roots and inverse square roots at zero become smooth."""
    t, w = 0.5 * (_NODES + 1), 0.5 * _WEIGHTS
    return np.sum(f(top * t * t) * 2 * top * t * w)


def solve_mu(count, density, low=-0.05, high=0.1):
    for _ in range(80):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if count(mid) < density else (low, mid)
    return 0.5 * (low + high)


def transport(tau, g, v2, kt, mu, dimension, top=None):
    """sigma, S (times e/k_B), L (e^2/k_B^2), n for electrons of energy E > 0: moments of tau g v^2 (-df/dE)/d; g with spin."""
    top = top or max(mu, 0) + 45 * kt
    w2 = lambda e: (0.5 / np.cosh(0.5 * (e - mu) / kt)) ** 2 / kt
    moment = [integrate(lambda e: tau(e) * g(e) * v2(e) / dimension * ((e - mu) / kt) ** p * w2(e), top) for p in range(3)]
    n = integrate(lambda e: g(e) / (1 + np.exp((e - mu) / kt)), top)
    s = -moment[1] / moment[0]
    return {'sigma': moment[0], 'seebeck': s, 'lorenz': moment[2] / moment[0] - s * s, 'density': n}


def parabolic(mass, dimension=3, spin=2):
    return (lambda e: spin * radial.density_of_states(e, mass, dimension)), (lambda e: 2 * e / mass)


def power_law(energy, wavevector, exponent, dimension, spin=2):
    """g and v^2 of eps = energy (k/wavevector)^exponent."""
    k = lambda e: wavevector * (e / energy) ** (1 / exponent)
    v = lambda e: exponent * e / k(e)
    sphere = 4 * np.pi if dimension == 3 else 2 * np.pi
    return (lambda e: spin * sphere * k(e) ** (dimension - 1) / v(e) / (2 * np.pi) ** dimension), (lambda e: v(e) ** 2)


def acoustic_rate(potential, density, sound, mass, kt, dimension=3):
    return lambda e: 2 * np.pi * potential**2 * kt / (density * sound**2) * radial.density_of_states(e, mass, dimension)


def acoustic_mobility(potential, density, sound, mass, kt):
    """Nondegenerate: 2 sqrt(2 pi) c_l/(3 m^(5/2) (kT)^(3/2) D^2)."""
    return 2 * np.sqrt(2 * np.pi) * density * sound**2 / (3 * mass**2.5 * kt**1.5 * potential**2)


def brooks_herring_rate(density, charge, epsilon, qs, mass):
    """Momentum rate: 2 pi n (Z/eps)^2 m k^-3 [ln(1 + b) - b/(1 + b)], b = 4 k^2/q_s^2."""
    def rate(e):
        k = np.sqrt(2 * mass * e)
        b = 4 * k * k / qs**2
        log = np.where(b > 1e-4, np.log1p(b) - b / (1 + b), b * b / 2 - 2 * b**3 / 3)
        return 2 * np.pi * density * (charge / epsilon) ** 2 * mass / k**3 * log
    return rate


# --- one function per deck ----------------------------------------------------------------------
def drude(temperature=300, density=1e17, mass=0.5, tau=100.0):
    return {'conductivity': density * PER_CM3 * tau * FS / mass * CONDUCTIVITY, 'mobility': tau * FS / mass * MOBILITY}


def _power(dimension, exponent, temperature=300, mu=0.5, energy=0.5, wavevector=0.1, tau=10.0):
    g, v2 = power_law(energy * EV, wavevector / ANGSTROM, exponent, dimension)
    t = transport(lambda e: tau * FS + 0 * e, g, v2, temperature * KELVIN, mu * EV, dimension)
    k = wavevector / ANGSTROM * (mu / energy) ** (1 / exponent)
    cold = tau * FS * g(mu * EV) * v2(mu * EV) / dimension
    unit = CONDUCTIVITY if dimension == 3 else SHEET
    return {'conductivity': t['sigma'] * unit, 'cold': cold * unit, 'fermi_wavevector': k, 'lorenz': t['lorenz'] * KB_E**2, 'seebeck': t['seebeck'] * KB_E}


def power_law_2d(exponent=2.0, **change):
    return _power(2, exponent, **change)


def power_law_3d(exponent=2.0, **change):
    return _power(3, exponent, **change)


def ellipsoid_rotated(temperature=300, density=1e17, tau=100.0):
    axes = np.array([[1, 2, 2], [2, 1, -2], [2, -2, 1]]) / 3
    w = sum(np.outer(a, a) / m for a, m in zip(axes, (0.98, 0.19, 0.4)))
    return {'conductivity': density * PER_CM3 * tau * FS * w * CONDUCTIVITY}


def silicon_valleys(temperature=300, potential=9.0, rho=2.33, sound=9000.0):
    kt, md, mc = temperature * KELVIN, (0.98 * 0.19**2) ** (1 / 3), (1 / 0.98 + 2 / 0.19) / 3
    tau = 1 / acoustic_rate(potential * EV, rho * 1e3 * KG * BOHR**3, sound * M_S, md, kt)(kt)
    return {'mobility': 4 / (3 * np.sqrt(np.pi)) * tau * mc * MOBILITY * np.eye(3)}


def germanium_valleys(tau=200.0):
    return {'mobility': tau * FS * (1 / 1.59 + 2 / 0.0815) / 3 * MOBILITY * np.eye(3)}


def strained_silicon(temperature=300, density=1e15, tau=200.0, strain=(0.003, 0.003, -0.002), uniaxial=8.6):
    kt, shift = temperature * KELVIN, uniaxial * EV * np.array(strain)
    share = np.exp(-(shift - shift.min()) / kt)
    share /= share.sum()
    w = [sum(share[v] / (0.98 if v == c else 0.19) for v in range(3)) for c in range(3)]
    return {'mobility': tau * FS * np.diag(w) * MOBILITY, 'share': share}


def acoustic(temperature=300, density=1e14, mass=0.5, potential=8.0, rho=2.33, sound=9000.0):
    kt = temperature * KELVIN
    mu = acoustic_mobility(potential * EV, rho * 1e3 * KG * BOHR**3, sound * M_S, mass, kt)
    g, v2 = parabolic(mass)
    eta = solve_mu(lambda m: transport(lambda e: 0 * e + 1, g, v2, kt, m, 3)['density'], density * PER_CM3) / kt
    return {'mobility': mu * MOBILITY, 'seebeck': -KB_E * (2.0 - eta), 'eta': eta}


def ionized(temperature=300, density=5e18, impurities=5e18, mass=0.2, epsilon=11.7, charge=1):
    kt = temperature * KELVIN
    g, v2 = parabolic(mass)
    mu = solve_mu(lambda m: integrate(lambda e: g(e) / (1 + np.exp((e - m) / kt)), 45 * kt), density * PER_CM3)
    qs = np.sqrt(4 * np.pi * density * PER_CM3 / (epsilon * kt))
    rate = brooks_herring_rate(impurities * PER_CM3, charge, epsilon, qs, mass)
    t = transport(lambda e: 1 / rate(e), g, v2, kt, mu, 3)
    return {'mobility': t['sigma'] / t['density'] * MOBILITY, 'seebeck': t['seebeck'] * KB_E, 'screening_length_nm': 1 / qs / NM}


def _polar(temperature, density, mass, energy, eps_infinity, eps_zero, elastic):
    kt, omega = temperature * KELVIN, energy * 1e-3 * EV
    g, v2 = parabolic(mass)
    mu = solve_mu(lambda m: integrate(lambda e: g(e) / (1 + np.exp((e - m) / kt)), 45 * kt), density * PER_CM3)
    return radial.mobility(mass, kt, mu, omega, elastic, [radial.froehlich_strength(omega, eps_infinity, eps_zero)])


def froehlich(temperature=300, density=1e14, mass=0.067, energy=36.0, eps_infinity=10.9, eps_zero=12.9):
    r = _polar(temperature, density, mass, energy, eps_infinity, eps_zero, [])
    return {'mobility': r['full'] * MOBILITY, 'rta': r['rta'] * MOBILITY}


def two_mechanisms(temperature=300, density=1e14, mass=0.067, energy=36.0, eps_infinity=10.9, eps_zero=12.9, potential=40.0, rho=5.32, sound=5200.0):
    kt = temperature * KELVIN
    c = (potential * EV) ** 2 * kt / (rho * 1e3 * KG * BOHR**3 * (sound * M_S) ** 2)
    r = _polar(temperature, density, mass, energy, eps_infinity, eps_zero, [radial.constant_strength(c)])
    alone = froehlich(temperature, density, mass, energy, eps_infinity, eps_zero)['mobility']
    other = acoustic_mobility(potential * EV, rho * 1e3 * KG * BOHR**3, sound * M_S, mass, kt) * MOBILITY
    return {'mobility': r['full'] * MOBILITY, 'rta': r['rta'] * MOBILITY, 'matthiessen': 1 / (1 / alone + 1 / other)}


def degenerate_metal(temperature=300, mu=1.0, mass=1.0, tau=10.0, exponent=-0.5):
    g, v2 = parabolic(mass)
    kt = temperature * KELVIN
    t = transport(lambda e: tau * FS * (e / (1.0 * EV)) ** exponent, g, v2, kt, mu * EV, 3)
    mott = -np.pi**2 / 3 * kt / (mu * EV) * (1.5 + exponent) * KB_E
    return {'conductivity': t['sigma'] * CONDUCTIVITY, 'seebeck': t['seebeck'] * KB_E, 'lorenz': t['lorenz'] * KB_E**2, 'mott': mott, 'lorenz_0': LORENZ}


def expected(deck, **change):
    return globals()[deck.replace('-', '_')](**change)


DECKS = ('drude', 'power-law-2d', 'power-law-3d', 'ellipsoid-rotated', 'silicon-valleys', 'germanium-valleys', 'strained-silicon', 'acoustic', 'ionized', 'froehlich', 'two-mechanisms', 'degenerate-metal')


def self_check():
    a = acoustic()
    g, v2 = parabolic(0.5)
    kt = 300 * KELVIN
    rate = acoustic_rate(8 * EV, 2.33e3 * KG * BOHR**3, 9000 * M_S, 0.5, kt)
    t = transport(lambda e: 1 / rate(e), g, v2, kt, a['eta'] * kt, 3)
    assert abs(t['sigma'] / t['density'] * MOBILITY / a['mobility'] - 1) < 1e-4
    assert abs(t['seebeck'] * KB_E / a['seebeck'] - 1) < 1e-4
    # Brooks-Herring's logarithm against the angular integral of the radial solver
    e = np.array([0.1, 1.0, 5.0]) * kt
    ours = brooks_herring_rate(1e18 * PER_CM3, 1, 11.7, 0.013, 0.5)(e)
    theirs = radial.momentum_rate(radial.ionized_strength(1e18 * PER_CM3, 1, 11.7, 0.013), e, 0.5)
    assert np.allclose(ours, theirs, rtol=1e-6), (ours, theirs)
    # alpha = 2 is Drude
    p = power_law_3d()
    k = p['fermi_wavevector']
    mass = (0.1 / ANGSTROM) ** 2 / (2 * 0.5 * EV)
    assert abs(p['cold'] / (k**3 / (3 * np.pi**2) * 10 * FS / mass * CONDUCTIVITY) - 1) < 1e-9
    assert abs(p['lorenz'] / LORENZ - 1) < 0.02
    m = degenerate_metal()
    assert abs(m['seebeck'] / m['mott'] - 1) < 0.01 and abs(m['lorenz'] / LORENZ - 1) < 0.01
    t2 = two_mechanisms()
    assert t2['mobility'] < t2['matthiessen']


if __name__ == '__main__':
    self_check()
    np.set_printoptions(precision=6, suppress=True)
    for name in DECKS:
        print(name, expected(name))
