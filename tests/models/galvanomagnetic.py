# SPDX-License-Identifier: GPL-3.0-or-later
"""Currents of model bands in a magnetic field, apart from the program: averages over energy of an isotropic parabolic band, and Chambers' integral along the
orbits of a square lattice. SI units, energies in eV."""
import numpy as np

CHARGE, ELECTRON, HBAR = 1.602176634e-19, 9.1093837015e-31, 1.054571817646156e-34
KELVIN = 1.380649e-23 / CHARGE
LORENZ = np.pi**2 / 3 * KELVIN**2


def average(function, power=1.5):
    """<f> = int f x^p e^-x dx / int x^p e^-x dx, x = E/k_B T: Boltzmann statistics in three dimensions."""
    x = np.linspace(0, 60, 600001)[1:]
    w = x**power * np.exp(-x)
    return np.sum(w * function(x)) / np.sum(w)


def hall_factor(tau):
    """<tau^2>/<tau>^2 in a weak field, tau a function of E/k_B T in any unit."""
    return average(lambda x: tau(x) ** 2) / average(tau) ** 2


def debye(mass, length, temperature=300):
    """b at k_B T: 8 m k_B T/(hbar q_s)^2, length = 1/q_s in m, mass in electron masses."""
    return 8 * mass * ELECTRON * KELVIN * CHARGE * temperature * length**2 / HBAR**2


def brooks_herring(b):
    """tau(E/k_B T) of screened charges in any unit (H. Brooks, Adv. Electron. Electron Phys. 7, 85 (1955)); b: 4 k^2/q_s^2 at k_B T."""
    return lambda x: x**1.5 / (np.log1p(b * x) - b * x / (1 + b * x))


def broadened_hall_factor(b, step, top, factor=1.0, n=600):
    """Hall factor with screened charges when energy is conserved within Gaussians as wide as a mesh cell, s^2 = factor^2 (v^2 + v'^2) step^2/12, instead of exactly: phi(k) cos(theta) solves

        w(k) int k'^2 dk' w(k') exp(-(E - E')^2/s^2)/(sqrt(pi) s) [S phi(k) - T phi(k')] = w^2 v,   S, T = int dmu {1, mu}/(q^2 + q_s^2)^2.

    Lengths of k in sqrt(2 m k_B T)/hbar, energies in k_B T; top: of the window."""
    k = (np.arange(n) + 0.5) / n * np.sqrt(top)
    p, q = np.meshgrid(k, k, indexing='ij')
    w, a, c = np.exp(-k * k / 2), p * p + q * q + 4 / b, 2 * p * q
    s2 = factor**2 * (2 * p * p + 2 * q * q) * 2 * step**2 / 12
    rate = np.outer(w * k**2, w * k**2) * np.exp(-((p * p - q * q) ** 2) / s2) / np.sqrt(np.pi * s2)
    mean = np.where(c < 1e-3 * a, 4 * c / (3 * a**3), (2 * a * c / (a * a - c * c) - np.log((a + c) / (a - c))) / c**2)
    phi = np.linalg.solve(np.diag((rate * 2 / (a * a - c * c)).sum(1)) - rate * mean, w * w * k**3)
    w2 = (w * k) ** 2
    return np.sum(w2 * phi**2) * np.sum(w2 * k**2) / np.sum(w2 * k * phi) ** 2


def nernst(tau, r, mass):
    """tau ~ E^r, weak field: (k_B/e) r mu_H, V/K/T; mu_H = e <tau^2>/(m <tau>)."""
    return KELVIN * r * CHARGE * average(lambda x: tau(x) ** 2) / average(tau) / (mass * ELECTRON)


def square_lattice(hopping, a, tau, kt, mu, field, n=400, spin=2):
    """sigma (S, per square) of eps = 4 sum_c t_c sin^2(k_c a/2) with a constant relaxation time (R. G. Chambers, Proc. Phys. Soc. A 65, 458 (1952)):
    e^2 sum (-df/de) v_i(k) int_0^inf v_j(k(-t)) exp(-t/tau) dt along hbar dk/dt = -e v x B, by the fourth-order Runge-Kutta method."""
    speed = [2 * t * CHARGE * a / HBAR for t in hopping]
    k = np.array(np.meshgrid(*2 * [(np.arange(n) + 0.5) / n * 2 * np.pi], indexing='ij')).reshape(2, -1)
    energy = sum(4 * t * np.sin(0.5 * x) ** 2 for t, x in zip(hopping, k))
    weight = 1 / np.cosh(0.5 * (energy - mu) / kt) ** 2 / (4 * kt)
    k, weight = k[:, weight > 1e-8 / kt], weight[weight > 1e-8 / kt]
    turn = CHARGE * field * a / HBAR
    velocity = lambda x: np.array([v * np.sin(y) for v, y in zip(speed, x)])
    back = lambda x: turn * velocity(x)[::-1] * np.array([[1.0], [-1.0]])
    start, mean = velocity(k), 0.0
    dt = tau / max(40, 60 * turn * max(speed) * tau)
    steps = 2 * int(7 * tau / dt)
    for s in range(steps + 1):
        simpson = 1 if s in (0, steps) else 4 if s % 2 else 2
        mean = mean + velocity(k) * np.exp(-s * dt / tau) * dt * simpson / 3
        k1 = back(k)
        k2 = back(k + 0.5 * dt * k1)
        k3 = back(k + 0.5 * dt * k2)
        k = k + dt / 6 * (k1 + 2 * k2 + 2 * k3 + back(k + dt * k3))
    return spin * CHARGE / (n * a) ** 2 * np.einsum('ik,jk,k->ij', start, mean, weight)


def self_check():
    assert abs(hall_factor(lambda x: x**-0.5) / (3 * np.pi / 8) - 1) < 1e-4
    assert abs(hall_factor(lambda x: x**1.5) / (315 * np.pi / 512) - 1) < 1e-6
    exact = hall_factor(brooks_herring(2.0))
    assert abs(broadened_hall_factor(2.0, 0.02, 20) / exact - 1) < 1e-3 and broadened_hall_factor(2.0, 0.4, 20) < 0.98 * exact
    kt, mu, t, a, tau = 0.02585, 0.3, 1.0, 4e-10, 1e-13  # bottom of an isotropic band: Drude's form, up to k^4
    still, turned = (square_lattice((t, t), a, tau, kt, mu, b, n=200) for b in (0.0, 20.0))
    m = HBAR**2 / (2 * t * CHARGE * a**2)
    beta = CHARGE * 20.0 * tau / m
    assert abs(turned[0, 1] / still[0, 0] / (-beta / (1 + beta**2)) - 1) < 0.1, (turned / still[0, 0], beta)
    assert abs(turned[0, 1] + turned[1, 0]) < 1e-6 * abs(turned[0, 1])


if __name__ == '__main__':
    self_check()
