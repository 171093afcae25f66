#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Galvanomagnetic effects of models and of silicon's bands, through decks, against closed forms and quadratures: magnetic_cases.py SOURCE UMKLAPP quick|slow

quick: coarse meshes. slow: 0.5 % and the order of convergence. Silent when right; UMKLAPP_TEST_VERBOSE=1 prints every deviation.
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

SPHERE = '''material: {model: {extent: 0.8 eV, bands: [{kind: ellipsoid, mass: 0.2 m_e}]}}
temperature: 300 K
magnetic_field: [0, 0.01] T
carriers: {electrons: 1e14 cm^-3}
electrons: {mesh: 24, window: 0.8 eV}
scattering: {%s}
solve: [full]
output: x.h5
'''
POWER = 'relaxation_time: {tau: 100 fs, exponent: %g}'
ACOUSTIC = 'acoustic_deformation: {potential: %g eV, sound: 9000 m/s, density: 2.33 g/cm^3}'
IONIZED = 'ionized_impurity: {density: 5e18 cm^-3, dielectric: 11.7, screening: length, screening_length: %g nm}'
METAL = '''material: {model: {metal: true, extent: 1.3 eV, bands: [{kind: ellipsoid, mass: 1 m_e}]}}
temperature: 300 K
magnetic_field: [0, 20] T
carriers: {chemical_potential: 1 eV}
electrons: {mesh: 64, window: [0.7, 1.3] eV}
scattering: {relaxation_time: {tau: 10 fs, exponent: -0.5, energy: 1 eV}}
solve: [full]
output: x.h5
'''
ZONE = '''material: %s
temperature: 300 K
magnetic_field: [[1, -2, 3]] T
carriers: {%s: 1e18 cm^-3}
electrons: {mesh: 10, window: 1.5 eV}
scattering: {relaxation_time: 100 fs}
solve: [full]
solver: {tolerance: 1e-12}
output: x.h5
'''


class Measure:
    def __init__(self, source, umklapp, forms):
        self.source, self.umklapp, self.forms, self.problems = source, umklapp, forms, []

    def run(self, deck, *settings):
        """Arrays of transport/full at the first point: [field][...]; deck: a text, or a file of inputs."""
        with tempfile.TemporaryDirectory(prefix='umklapp-field-') as folder:
            path = os.path.join(self.source, 'inputs', deck + '.yaml')
            if '\n' in deck:
                path = os.path.join(folder, 'deck.yaml')
                with open(path, 'w') as out:
                    out.write(deck)
            words = [self.umklapp, 'run', path, '--output', os.path.join(folder, 'x.h5')]
            for setting in settings:
                words += ['--set', setting]
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if done.returncode:
                raise RuntimeError(f'exit status {done.returncode}: {done.stderr.strip()[:300]}')
            found = {}
            with h5py.File(os.path.join(folder, 'x.h5')) as f:
                f['transport/full'].visititems(lambda name, x: found.update({name: np.array(x)[0, 0]}) if hasattr(x, 'shape') else None)
                found['field'] = f['points/magnetic_field'][:]
        return found

    def judge(self, name, off, limit):
        if os.environ.get('UMKLAPP_TEST_VERBOSE'):
            print(f'{name}: {off:+.2e}', flush=True)
        if not abs(off) < limit:
            self.problems.append(f'{name}: {off:.3e}, allowed {limit:g}')

    def hall(self, scattering, exact, mesh, *settings):
        x = self.run(SPHERE % scattering, f'electrons.mesh={mesh}', *settings)
        self.judge(f'{scattering}, mesh {mesh}: solution at 0.01 T against first order', x['hall_factor'][1, 0] / x['low_field/hall_factor'][1] - 1, 1e-3)
        return x['low_field/hall_factor'][1] / exact - 1


def hall_factors(m, slow):
    """3 pi/8 (singular at E = 0: order 3), 315 pi/512, 1."""
    power = lambda r: (POWER % r, m.forms.hall_factor(lambda x: x**r))
    m.judge('ionized impurities, tau ~ E^(3/2)', m.hall(*power(1.5), 24), 0.001)
    off = [m.hall(*power(-0.5), n) for n in ((32, 56) if slow else (16, 24))]
    m.judge('acoustic phonons, tau ~ E^(-1/2)', off[1], 0.005 if slow else 0.025)
    if slow:
        order = np.log(off[0] / off[1]) / np.log(56 / 32)
        m.judge(f'order {order:.2f} of the acoustic Hall factor below 2.5', min(order - 2.5, 0), 1e-9)
        m.judge('acoustic channel', m.hall(ACOUSTIC % 8, 3 * np.pi / 8, 24, 'delta.scheme=tetrahedron', 'material.model.extent=0.45 eV', 'electrons.window=0.45 eV'), 0.005)
        x = m.run(METAL)
        m.judge('degenerate Hall factor', x['low_field/hall_factor'][1] - 1, 0.005)
        kappa, wanted = x['electronic_thermal_conductivity'][1, 0], m.forms.LORENZ * 300 * x['conductivity'][1, 0]
        for i in range(2):
            m.judge(f'kappa_x{"xy"[i]} = L_0 T sigma_x{"xy"[i]}', kappa[0, i] / wanted[0, i] - 1, 0.01)


def ionized(m, slow):
    """Brooks-Herring: forward scattering between energies that the broadened delta functions take for equal mixes tau(E), an error of the step squared."""
    top = 0.4 / (300 * m.forms.KELVIN)
    for length, meshes in ((1.3, (24, 40)), (4, (32,))) if slow else ((1.8, (24,)),):
        b = m.forms.debye(0.2, length * 1e-9)
        exact = m.forms.hall_factor(m.forms.brooks_herring(b))
        off = [m.hall(IONIZED % length, exact, n, 'material.model.extent=0.4 eV', 'electrons.window=0.4 eV') for n in meshes]
        for x, n in zip(off, meshes):
            expected = m.forms.broadened_hall_factor(b, 2 * np.sqrt(top) / n, top) / exact
            m.judge(f'screened charges, {length} nm, mesh {n}, {x:+.2e} from the exact Hall factor; from the one with broadened energies', (1 + x) / expected - 1, 0.005)
        if len(meshes) > 1:
            m.judge(f'screened charges, {length} nm, mesh {meshes[-1]}', off[-1], 0.005)
            order = np.log(off[0] / off[-1]) / np.log(meshes[-1] / meshes[0])
            m.judge(f'order {order:.2f} of the Hall factor of screened charges below 1.6', min(order - 1.6, 0), 1e-9)


def sondheimer(m, slow):
    """No Nernst effect with a constant relaxation time; (k_B/e) r mu_H with tau ~ E^r."""
    r, mesh = 0.5, 'electrons.mesh=24'
    none = m.run('nernst', mesh, 'scattering.relaxation_time={tau: 100 fs, exponent: 0}')['low_field/nernst'][1, 0, 1]
    x = m.run('nernst', mesh)
    wanted = m.forms.nernst(lambda x: 1e-13 * (x * 300 * m.forms.KELVIN / 0.025) ** r, r, 0.2)
    m.judge('Nernst coefficient, tau ~ E^(1/2)', x['low_field/nernst'][1, 0, 1] / wanted - 1, 0.005)
    m.judge('Sondheimer cancellation', none / wanted, 1e-3)
    m.judge('antisymmetric', (x['nernst'][1, 0, 0, 1] + x['nernst'][1, 0, 1, 0]) / wanted, 1e-6)


def compensated(m, slow):
    """rho(B)/rho(0) - 1 = mu_e mu_h B^2."""
    x = m.run('models/compensated', f'electrons.mesh={24 if slow else 16}')
    rho = x['resistivity'][:, 0, 0, 0]
    mobility = [m.forms.CHARGE * 100e-15 / (mass * m.forms.ELECTRON) for mass in (0.2, 0.4)]
    for b, r in zip(x['field'][1:, 2], rho[1:]):
        m.judge(f'compensated pair, {b:g} T', (r / rho[0] - 1) / (mobility[0] * mobility[1] * b * b) - 1, 0.002 if slow else 0.01)


def orbits(m, slow):
    """Open: the resistance along the orbits' direction in k grows as B^2; closed: it saturates. Chambers' integral."""
    for mu, window in ((1.0, '[0.5, 1.5] eV'), (0.15, '[-0.2, 0.5] eV')):
        x = m.run('magnetoresistance', f'carriers.chemical_potential={mu} eV', f'electrons.window={window}')
        for i, b in enumerate(x['field'][:, 2]):
            wanted = m.forms.square_lattice((0.5, 0.1), 4e-10, 1e-12, 300 * m.forms.KELVIN, mu, b)
            off = (x['conductivity'][i, 0, :2, :2] - wanted) / np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
            m.judge(f'square lattice, mu {mu} eV, {b:g} T, sigma', np.abs(off).max(), 0.01)
        rho = np.array([np.linalg.inv(s[0, :2, :2]) for s in x['conductivity']])
        rise = [rho[-1, c, c] / rho[0, c, c] - 1 for c in range(2)], [rho[-2, c, c] / rho[0, c, c] - 1 for c in range(2)]
        if mu == 1.0:
            m.judge('open orbits: (30 T/10 T)^2 along y', rise[0][1] / rise[1][1] / 9 - 1, 0.01)
            m.judge('open orbits: along x', rise[0][0], 0.01)
        else:
            m.judge('closed orbits: from 10 to 30 T', max(rho[-1, c, c] / rho[-2, c, c] - 1 for c in range(2)), 0.02)


def wannier(m, slow):
    """Bands that cross: the wedge's tensors are the zone's, L(B) = L(-B)^T and both carriers' Hall effects have their sign."""
    for kind in ('electrons', 'holes'):
        deck = ZONE % (os.path.join(m.source, 'inputs', 'data', 'silicon.h5'), kind)
        wedge, zone = (m.run(deck, f'symmetry={s}')['conductivity'][0, 0] for s in ('crystal', 'none'))
        m.judge(f'silicon, {kind}: wedge and zone', np.abs(wedge - zone).max() / zone[0, 0], 1e-8)


def main():
    source, umklapp, slow = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3] == 'slow'
    sys.path.insert(0, os.path.join(source, 'tests', 'models'))
    import galvanomagnetic as forms
    forms.self_check()
    m = Measure(source, umklapp, forms)
    for check in (hall_factors, ionized, sondheimer, compensated) + ((orbits, wannier) if slow else ()):
        check(m, slow)
    print('\n'.join(m.problems), end='\n' if m.problems else '')
    return 1 if m.problems else 0


if __name__ == '__main__':
    sys.exit(main())
