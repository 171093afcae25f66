#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Studies of electrons: electron_study_cases.py SOURCE UMKLAPP quick|slow

orbits  cyclotron masses and areas of tilted ellipsoids in closed form; open orbits, necks and orbits of holes of a cosine band; the same on 1 and 3 ranks;
        (slow) silicon's orbits against the masses at the valley's bottom
optics  silicon's interband conductivity: sum rule, Kramers and Kronig, symmetry, ranks
drawn   .frmsf and .bxsf files read back: energies, velocities, lifetimes
malformed decks end with one line and status 2
"""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

SOURCE, UMKLAPP, SET = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
SILICON = os.path.join(SOURCE, 'inputs', 'data', 'silicon.h5')
FOLDER = tempfile.TemporaryDirectory(prefix='umklapp-study-')
UNCOUPLED = os.path.join(FOLDER.name, 'bands.h5')  # silicon without its 30 MB of coupling
MASS = np.array([0.9, 0.19, 0.4])
AXES = np.array([[2, 1, 2], [-2, 2, 1], [-1, -2, 2]]) / 3
DIRECTIONS = np.array([[0, 0, 1], [1, 2, 3], [2, 1, 2], [0.3, -0.7, 0.1]])
ELLIPSOID = f'''material: {{model: {{extent: 0.2 eV, bands: [{{kind: ellipsoid, mass: {MASS.tolist()} m_e, axes: {(3 * AXES).tolist()}}},
  {{kind: kane, mass: 0.3 m_e, nonparabolicity: 1.5 1/eV, type: valence, edge: -0.5 eV}}]}}}}
orbits: {{energy: [0.05, 0.1] eV, from: conduction, directions: {DIRECTIONS.tolist()}, mesh: 8, refine: 2, slices: 8, field: 2 T}}
output: x.h5
'''
POTENTIAL = '''material: {model: {extent: 0.3 eV, bands: [{kind: ellipsoid, mass: [0.9, 0.19, 0.19] m_e, family: delta}]}}
temperature: 20 K
carriers: {electrons: [1e19, 2e19] cm^-3}
electrons: {mesh: 36}
orbits: {mesh: 8, refine: 2, slices: 6}
output: x.h5
'''
COSINE = '''material: {model: {lattice_constant: 4 angstrom, metal: true, electrons: 1, bands: [{kind: cosine, hopping: 0.25 eV}]}}
orbits: {energy: 1.1 eV, directions: [[0, 0, 1], [1, 0, 0.3]], mesh: 12, refine: 2, slices: 10}
output: x.h5
'''
VALLEY = f'''material: {SILICON}
orbits: {{energy: [0.002, 0.004] eV, from: conduction, directions: [0, 0, 1], mesh: 24, refine: 6, slices: 8}}
output: x.h5
'''
SHEET = '''material: {model: {dimension: 2, lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: [0.25, 0.05] eV}]}}
orbits: {energy: [0.1, 0.4] eV, mesh: 12, refine: 2}
output: x.h5
'''
OPTICS = f'''material: {UNCOUPLED}
temperature: 300 K
carriers: {{net: [0, 1e20] cm^-3}}
optical: {{energy: 0:9:0.05 eV, mesh: 12, broadening: 0.1 eV}}
output: x.h5
'''
BANDS = f'''material: {UNCOUPLED}
fermi_surface: {{file: x.frmsf, colour: velocity_vector, mesh: [4, 5, 6], energy: 7 eV}}
output: x.h5
'''
LIFETIMES = '''material: {model: {lattice_constant: 4 angstrom, metal: true, electrons: 1, bands: [{kind: cosine, hopping: 0.25 eV}]}}
temperature: [300, 400] K
electrons: {mesh: 8, window: 0.9 eV}
scattering: {relaxation_time: 10 fs}
fermi_surface: {file: x.frmsf, colour: lifetime}
output: x.h5
'''
MALFORMED = [
    (BANDS, 'x.frmsf', 'x.dat', 'says no format'),
    (BANDS, 'x.frmsf', 'x.bxsf', 'energies alone'),
    (BANDS, 'velocity_vector', 'lifetime', 'come from scattering'),
    (BANDS, ', energy: 7 eV', '', 'needs its energy'),
    (BANDS, 'x.frmsf', 'nowhere/x.frmsf', 'cannot write'),
    (BANDS, 'colour:', 'color:', 'colour'),
    (LIFETIMES, 'colour: lifetime', 'colour: lifetime, mesh: 9', 'leave fermi_surface.mesh out'),
    (OPTICS, 'broadening: 0.1 eV', 'broadening: 0.1 eV, adaptive: 2', 'given twice'),
    (OPTICS, UNCOUPLED, '{model: {lattice_constant: 4 angstrom, bands: [{kind: cosine, hopping: 0.25 eV}]}}', 'no transitions'),
    (OPTICS, 'mesh: 12', 'mesh: 12, position: maybe', 'position'),
    (OPTICS, 'temperature: 300 K', 'frequency: 1 THz', 'belongs to transport'),
    (ELLIPSOID, '[0.05, 0.1] eV', '[0.05, 0.5] eV', 'extent'),
    (ELLIPSOID, '[0.05, 0.1] eV', '-0.2 eV', 'no band reaches'),
    (ELLIPSOID, DIRECTIONS.tolist().__str__(), '[0, 0, 0]', 'no length'),
    (ELLIPSOID, 'field: 2 T', 'field: 2 eV', 'field'),
    (ELLIPSOID, 'output:', 'solve: rta\noutput:', 'belongs to transport'),
    (ELLIPSOID, 'output:', 'temperature: 300 K\noutput:', 'given twice'),
    (ELLIPSOID, 'energy: [0.05, 0.1] eV, from: conduction, ', '', 'orbits need energies'),
    (COSINE, 'energy: 1.1 eV,', 'energy: 1.1 eV, from: valence,', 'no band edges'),
    (SHEET, 'mesh: 12', 'mesh: 12, directions: [1, 0, 0]', 'along z alone'),
    (ELLIPSOID, 'slices: 8', 'slices: 8, sclices: 9', "slices"),
]
problems = []


def check(ok, text):
    if not ok:
        problems.append(text)


def run(deck, ranks=1):
    """status, standard error, folder/x.h5"""
    folder = tempfile.mkdtemp(dir=FOLDER.name)
    with open(os.path.join(folder, 'deck.yaml'), 'w') as file:
        file.write(deck)
    words = ([] if ranks == 1 else ['mpirun', '--oversubscribe', '-n', str(ranks)]) + [UMKLAPP, 'run', 'deck.yaml']
    done = subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return done.returncode, done.stderr, os.path.join(folder, 'x.h5')


def uncoupled():
    with h5py.File(SILICON) as silicon, h5py.File(UNCOUPLED, 'w') as bands:
        bands.attrs.update(silicon.attrs)
        bands.attrs.update({'coupling_electron_vectors': 0, 'coupling_phonon_vectors': 0})
        for group in ('crystal', 'electrons', 'phonons'):
            silicon.copy(group, bands)


def read(deck, group, ranks=1):
    status, text, path = run(deck, ranks)
    check(status == 0, f'{group}: status {status}: {text[:300]}')
    if status:
        return None
    with h5py.File(path) as file:
        found = {}
        file[group].visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def ellipsoids():
    """m_c = sqrt(det M / b.M.b), A = 2 pi m_c E, A'' = - 2 pi sqrt(det M / (b.M.b)^3), in atomic units."""
    one, three = (read(ELLIPSOID, 'orbits', ranks) for ranks in (1, 3))
    if one is None or three is None:
        return
    b = DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1)[:, None]
    along = np.einsum('di,ni,n,nj,dj->d', b, AXES, MASS, AXES, b)
    d, energy = one['orbit/direction_index'], one['energy'][one['orbit/energy_index']]
    mass = np.sqrt(MASS.prod() / along)[d]
    check(len(d) == 8, f'{len(d)} orbits of an ellipsoid at 2 energies and 4 directions')
    if len(d) != 8:
        return
    off = lambda name, exact: np.abs(one[name] / exact - 1).max()
    area = 2 * np.pi * mass * energy / 27.211386245988 / 0.529177210903**2
    check(off('orbit/mass', mass) < 1e-8, f'mass of an ellipsoid: {off("orbit/mass", mass):.1e}')
    check(off('orbit/mass_difference', mass) < 1e-6, f'mass from areas: {off("orbit/mass_difference", mass):.1e}')
    check(off('orbit/area', area) < 1e-8, f'area of an ellipsoid: {off("orbit/area", area):.1e}')
    check(off('orbit/frequency', area * 1e20 * 1.054571817e-34 / (2 * np.pi * 1.602176634e-19)) < 1e-8, 'frequency of oscillations')
    check(off('orbit/cyclotron_frequency', 2 * 1.602176634e-19 / (2 * np.pi * 9.1093837015e-31 * mass) * 1e-9) < 1e-8, 'cyclotron frequency')
    check(off('orbit/curvature', -2 * np.pi * np.sqrt(MASS.prod() / along**3)[d]) < 1e-4, 'curvature of the area')
    check(np.abs(np.sort(one['valley/mass'], axis=1) - np.sort(MASS)).max() < 1e-7, 'masses at the bottom')
    for name in one:
        if not name.startswith('surface'):
            check(np.allclose(one[name], three[name], rtol=1e-10, atol=1e-9, equal_nan=True), f'{name} differs between 1 and 3 ranks')
    kane = read(ELLIPSOID.replace('from: conduction', 'from: valence'), 'orbits')
    if kane is not None:
        exact = -0.3 * (1 + 2 * 1.5 * kane['energy_given'][kane['orbit/energy_index']])
        check(len(exact) == 8 and np.abs(kane['orbit/mass'] / exact - 1).max() < 1e-8, 'orbits of holes in a Kane band')


def potentials():
    """Energies from carriers: the chemical potential of a degenerate gas in six valleys; every valley's orbit has its ellipsoid's mass."""
    found = read(POTENTIAL, 'orbits')
    if found is None:
        return
    gas = (3 * np.pi**2 * np.array([1e25, 2e25]) / 6)**(2 / 3) * 1.054571817e-34**2 / (2 * 9.1093837015e-31 * (0.9 * 0.19**2)**(1 / 3) * 1.602176634e-19)
    check(np.abs(found['energy'] / gas - 1).max() < 0.03, f'chemical potentials {found["energy"]}, {gas}')
    index = lambda group: list(zip(found[f'{group}/band'], found[f'{group}/energy_index']))
    expected = dict(zip(index('valley'), found['valley/cyclotron_mass'][:, 0]))
    got = dict(zip(index('orbit'), found['orbit/mass']))
    check(len(got) == 12 and all(abs(got[x] / expected[x] - 1) < 1e-8 for x in got), f'masses of six valleys {got}, {expected}')


def cosine():
    """A neck's orbit of electrons and a belly's of holes; tilted, open orbits along b_2."""
    found = read(COSINE, 'orbits')
    if found is None:
        return
    along = found['orbit/direction_index'] == 0
    mass, area = found['orbit/mass'][along], found['orbit/area'][along]
    check(len(mass) == 2 and mass.min() < 0 < mass.max(), f'neck and belly: masses {mass}')
    check(not np.any(found['open/direction_index'] == 0) and np.any(found['open/direction_index'] == 1), 'open orbits')
    check(np.all(np.abs(found['open/period']) == [0, 1, 0]), f'open orbits along {found["open/period"]}')
    # area where 4 t (sin^2 x/2 + sin^2 y/2) < E - 2 t (1 - cos k_z) in the planes k_z = 0 and pi, by quadrature
    x = (np.arange(20000) + 0.5) * np.pi / 20000
    for kz, sign in ((np.pi, 1), (0, -1)):
        left = 1.1 - 0.5 * (1 - np.cos(kz)) - 0.5 * (1 - np.cos(x))
        filled = 4 * np.mean(np.arccos(np.clip(1 - left / 0.5, -1, 1)) * (left > 0)) * np.pi / 16
        exact = filled if sign > 0 else (2 * np.pi / 4)**2 - filled
        got = area[np.sign(mass) == sign]
        check(len(got) == 1 and abs(got[0] / exact - 1) < 1e-5, f'area at k_z = {kz:.2f}: {got}, {exact}')


def sheet():
    """In two dimensions the mass of a closed orbit is the density of states: 2 pi m = (2 pi)^2 g."""
    found = read(SHEET, 'orbits')
    if found is None:
        return
    check(len(found['orbit/mass']) == 1 and len(found['open/period']) == 2, f'{len(found["orbit/mass"])} closed and {len(found["open/period"])} open orbits of a sheet')
    x = np.linspace(0, np.pi, 400001)
    area = lambda e: 4 * np.trapz(np.arccos(np.clip(1 - np.maximum(e - 0.1 * (1 - np.cos(x)), 0) / 0.5, -1, 1)), x)
    exact = (area(0.1001) - area(0.0999)) / 2e-4 / (2 * np.pi) / 16 * 27.211386245988 * 0.529177210903**2
    check(abs(found['orbit/mass'][0] / exact - 1) < 1e-4, f'mass in a sheet: {found["orbit/mass"]}, {exact}')


def valleys():
    """Extrapolated to the minimum, the masses are those of the ellipsoid there."""
    found = read(VALLEY, 'orbits', 2)
    if found is None:
        return
    expected = np.sort(found['valley/cyclotron_mass'][:6, 0])
    mass = [np.sort(found['orbit/mass'][found['orbit/energy_index'] == e]) for e in (0, 1)]
    check(len(mass[0]) == 6 and len(mass[1]) == 6, f'orbits of six valleys: {mass}')
    if not problems:
        off = np.abs((2 * mass[0] - mass[1]) / expected - 1).max()
        check(off < 3e-4, f'{mass} against {expected} at the bottom: {off:.1e}')
    check(np.abs(found['orbit/mass_difference'] / found['orbit/mass'] - 1).max() < 1e-6, 'mass and areas of silicon')


def optics():
    """Sum rule; the transform against a quadrature; cubic; nothing below the gap; the same on 1 and 2 ranks."""
    one, two = (read(OPTICS, 'optical', ranks) for ranks in (1, 2))
    if one is None or two is None:
        return
    total = one['sum/interband'] + one['sum/drude']
    check(np.abs(np.diag(total[0, 0]) / np.diag(one['sum/total'][0, 0]) - 1).max() < 5e-3, f'sum rule: {total[0, 0]}, {one["sum/total"][0, 0]}')
    check(4 < total[0, 0, 0, 0] < 8, f'{total[0, 0, 0, 0]} of the 8 valence electrons')
    energy, sigma = one['energy'], one['conductivity_interband'][0, 0, ..., 0] + 1j * one['conductivity_interband'][0, 0, ..., 1]
    check(np.abs(sigma - sigma[:, :1, :1] * np.eye(3)).max() < 1e-10 * np.abs(sigma).max(), 'not cubic')
    check(np.abs(sigma.real[energy < 1.9]).max() < 1e-6 * sigma.real.max(), 'absorption below the direct gap')
    fine = np.arange(0.005, 30, 0.01)
    s1 = np.interp(fine, energy, sigma[:, 0, 0].real) * (fine < 9)
    static = 1 + 2 / np.pi * np.sum(s1 / fine**2) * 0.01 / 1.602176634e-19 * 1.054571817e-34 / 8.8541878128e-12
    epsilon = one['dielectric_function'][0, 0, :, 0, 0]
    check(abs(epsilon[0, 0] / static - 1) < 0.03 and abs(epsilon[1, 0] / epsilon[0, 0] - 1) < 1e-3, f'static dielectric constant {epsilon[:2, 0]}, {static}')
    at = 40  # 2 eV
    middle = fine[np.abs(fine - energy[at]) > 1e-6]
    principal = -2 * energy[at] / np.pi * np.sum(np.interp(middle, energy, sigma[:, 0, 0].real) * (middle < 9) / (middle**2 - energy[at]**2)) * 0.01
    check(abs(principal / sigma[at, 0, 0].imag - 1) < 0.03, f'Kramers and Kronig: {principal}, {sigma[at, 0, 0].imag}')
    bare = read(OPTICS.replace('mesh: 12', 'mesh: 12, position: false'), 'optical')
    if bare is not None:
        check(abs((bare['sum/interband'] + bare['sum/drude'])[0, 0, 0, 0] / bare['sum/total'][0, 0, 0, 0] - 1) < 5e-3, 'sum rule without the position matrix')
    for name in one:
        check(np.allclose(one[name], two[name], rtol=1e-10, atol=1e-10 * np.abs(one[name]).max()), f'{name} differs between 1 and 2 ranks')


def parse(name, ranks, deck):
    """The numbers of a .frmsf or .bxsf file: sizes, reciprocal vectors, blocks [.., band, i, j, k], Fermi energy of a .bxsf."""
    status, text, path = run(deck, ranks)
    check(status == 0, f'{name}: status {status}: {text[:300]}')
    if status:
        return None
    check(not [f for f in os.listdir(os.path.dirname(path)) if f.endswith('.part')], 'a temporary file stays')
    with open(os.path.join(os.path.dirname(path), name)) as file:
        words = file.read().split()
    if name.endswith('.frmsf'):
        n, nb, start = [int(x) for x in words[:3]], int(words[4]), 14
        check(words[3] == '1', 'frmsf: the mesh holds Gamma')
        values = np.array(words[start:], dtype=float)
        return n, np.array(words[5:14], dtype=float).reshape(3, 3), values.reshape(-1, nb, *n), 0.0
    fermi = float(words[words.index('Energy:') + 1])
    at = words.index('BEGIN_BANDGRID_3D_bands') + 1
    nb, n = int(words[at]), [int(x) for x in words[at + 1:at + 4]]
    lattice = np.array(words[at + 7:at + 16], dtype=float).reshape(3, 3)
    values, at = [], at + 16
    for b in range(nb):
        check(words[at] == 'BAND:' and int(words[at + 1]) == b + 1, 'bxsf: bands in order')
        values.append(np.array(words[at + 2:at + 2 + np.prod(n)], dtype=float).reshape(n))
        at += 2 + int(np.prod(n))
    check(words[at:] == ['END_BANDGRID_3D', 'END_BLOCK_BANDGRID_3D'], 'bxsf: the end')
    return n, lattice, np.array([values]), fermi


def drawn():
    """Energies of both formats against a sum over lattice vectors, on a mesh that is not a cube; velocities against its gradient; lifetimes of a run."""
    with h5py.File(SILICON) as file:
        lattice, R = file['crystal/lattice'][()] * 0.529177210903, file['electrons/vectors'][()]
        H = file['electrons/hamiltonian'][..., 0] + 1j * file['electrons/hamiltonian'][..., 1]
    frmsf, bxsf = parse('x.frmsf', 2, BANDS), parse('x.bxsf', 1, BANDS.replace(UNCOUPLED, SILICON).replace('x.frmsf, colour: velocity_vector', 'x.bxsf'))
    if frmsf is None or bxsf is None:
        return
    check(frmsf[0] == [4, 5, 6] and bxsf[0] == [5, 6, 7] and len(frmsf[2]) == 4, f'sizes {frmsf[0]}, {bxsf[0]}')
    check(np.abs(frmsf[1] @ lattice.T - 2 * np.pi * np.eye(3)).max() < 1e-8 and np.array_equal(frmsf[1], bxsf[1]), 'reciprocal vectors')
    shifted = bxsf[2][0] - bxsf[3]
    check(abs(bxsf[3] - 7) < 1e-9 and np.abs(shifted[:, :-1, :-1, :-1] - frmsf[2][0]).max() < 1e-8, 'the two formats differ')
    check(np.array_equal(shifted[:, -1], shifted[:, 0]) and np.array_equal(shifted[:, :, -1], shifted[:, :, 0]) and np.array_equal(shifted[..., -1], shifted[..., 0]), 'bxsf: the end points are the first ones')
    for i, j, k in ((1, 2, 5), (3, 0, 1), (2, 4, 3)):
        phase = np.exp(2j * np.pi * (R @ (np.array([i, j, k]) / frmsf[0])))
        energy, U = np.linalg.eigh(np.einsum('r,rab->ab', phase, H))
        check(np.abs(energy * 27.211386245988 - 7 - frmsf[2][0][:, i, j, k]).max() < 1e-6, f'energies at {i} {j} {k}')
        gradient = np.einsum('r,rc,rab->cab', 1j * phase, R @ lattice / 0.529177210903, H)
        speed = np.real(np.einsum('an,cab,bn->cn', U.conj(), gradient, U)) * 2187691.26364
        apart = np.min(np.abs(np.subtract.outer(energy, energy)) + np.eye(len(energy)), axis=1) > 1e-4
        check(np.abs(speed - frmsf[2][1:, :, i, j, k])[:, apart].max() < 1, f'velocities at {i} {j} {k}')
    for ranks in (1, 2):
        found = parse('x.frmsf', ranks, LIFETIMES)
        if found is not None:
            inside = found[2][1] > 0
            check(inside.any() and np.allclose(found[2][1][inside], 10, rtol=1e-8), f'lifetimes {found[2][1][inside][:3]} on {ranks} ranks')
            check(np.abs(found[2][0][~inside]).min() > 0.89, 'lifetimes are missing in the window')


def malformed():
    for deck, old, new, message in MALFORMED:
        check(old in deck, old)
        status, text, path = run(deck.replace(old, new, 1))
        check(status == 2 and message in text and text.count('\n') == 1 and not os.path.exists(path), f'{message}: status {status}: {text[:300]}')


uncoupled()
for part in (valleys,) if SET == 'slow' else (ellipsoids, potentials, cosine, sheet, optics, drawn, malformed):
    part()
print('\n'.join(problems))
sys.exit(1 if problems else 0)
