# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the studies of electrons: orbits, optical spectra."""
import itertools

from plot_common import COLOURS, matplotlib, np, plt


def zone_edges(b):
    """Edges of the first zone: pairs of corners that share two faces."""
    steps = np.array([x for x in itertools.product((-1, 0, 1), repeat=3) if any(x)])
    lattice = steps @ b
    corners = []
    for trio in itertools.combinations(lattice, 3):
        matrix = np.array(trio)
        if abs(np.linalg.det(matrix)) < 1e-9 * np.abs(matrix).max()**3:
            continue
        corner = np.linalg.solve(matrix, 0.5 * np.sum(matrix**2, axis=1))
        if np.all(lattice @ corner <= 0.5 * np.sum(lattice**2, axis=1) * (1 + 1e-9)) and not any(np.allclose(corner, c, atol=1e-6) for c in corners):
            corners.append(corner)
    half = 0.5 * np.sum(lattice**2, axis=1)
    faces = [frozenset(np.flatnonzero(np.abs(lattice @ c - half) < 1e-6 * half)) for c in corners]
    edges = []
    for (c, f), (d, g) in itertools.combinations(zip(corners, faces), 2):
        shared = lattice[sorted(f & g)]
        if len(shared) >= 2 and np.linalg.matrix_rank(shared, tol=1e-6) == 2:
            edges.append((c, d))
    return np.array(edges)


def shaded(corner, speed, norm, light):
    """Colours of triangles by speed, darker away from the light."""
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1), 1e-300)[:, None]
    colour = matplotlib.colormaps['viridis'](norm(speed.mean(axis=1)))
    colour[:, :3] *= (0.55 + 0.45 * np.abs(normal @ light))[:, None]
    return colour


def draw_surface(axes, group, surfaces, energy_index, limits):
    speeds = np.concatenate([s['speed'][()].ravel() for s in surfaces])
    norm = matplotlib.colors.Normalize(speeds.min(), max(speeds.max(), speeds.min() * 1.001))
    light = np.array([0.4, -0.6, 0.7])
    for surface in surfaces:
        corner, speed = surface['corner'][()], surface['speed'][()]
        axes.add_collection3d(matplotlib_3d().Poly3DCollection(corner, facecolors=shaded(corner, speed, norm, light / np.linalg.norm(light)), edgecolors='none', alpha=0.55))
    directions = group['direction'][()]
    for d, colour in zip(range(len(directions)), itertools.cycle([COLOURS[1], COLOURS[3], '#000000', COLOURS[0], COLOURS[4]])):
        label = 'B along ' + ' '.join(f'{x:.3g}' for x in directions[d])
        for kind, style in (('orbit', '-'), ('open', '--')):
            chosen = (group[f'{kind}/direction_index'][()] == d) & (group[f'{kind}/energy_index'][()] == energy_index)
            for line in group[f'{kind}/points'][()][chosen]:
                line = np.concatenate([line, line[:1]]) if kind == 'orbit' else line
                axes.plot(*line.T, style, color=colour, linewidth=1.3, label=label)
                label = None
    axes.set(xlim=limits[0], ylim=limits[1], zlim=limits[2])
    axes.set_box_aspect([b - a for a, b in limits])
    return norm


def matplotlib_3d():
    from mpl_toolkits.mplot3d import art3d
    return art3d


def plot_orbits(file, pictures):
    """The surface of the highest energy, coloured by velocity, with its orbits: in the zone, and its first closed part from near."""
    group = file['orbits']
    energies = group['energy'][()]
    index = int(np.argmax(np.abs(group['energy_given'][()])))
    surfaces = [s for s in group['surface'].values() if s['energy_index'][()] == index]
    if not surfaces:
        return
    corner = np.concatenate([s['corner'][()].reshape(-1, 3) for s in surfaces])
    edges = zone_edges(group['reciprocal_lattice'][()])
    size = max(np.abs(edges).max(), np.abs(corner).max())
    figure = plt.figure(figsize=(11, 5.4))
    whole, near = (figure.add_subplot(1, 2, i, projection='3d', computed_zorder=False) for i in (1, 2))
    norm = draw_surface(whole, group, surfaces, index, [(-size, size)] * 3)
    whole.add_collection3d(matplotlib_3d().Line3DCollection(edges, colors='0.5', linewidths=0.8))
    whole.set_axis_off()
    chosen = group['orbit/energy_index'][()] == index
    points = group['orbit/points'][()][chosen]
    if len(points):
        bands, parts = group['orbit/band'][()][chosen], group['orbit/component'][()][chosen]
        part = points[(bands == bands[0]) & (parts == parts[0])].reshape(-1, 3)
        centre, reach = 0.5 * (part.max(axis=0) + part.min(axis=0)), 0.6 * np.ptp(part, axis=0).max()
    else:
        centre, reach = 0.5 * (corner.max(axis=0) + corner.min(axis=0)), 0.55 * np.ptp(corner, axis=0).max()
    inside = []
    for s in surfaces:
        keep = np.all(np.abs(s['corner'][()].mean(axis=1) - centre) < reach, axis=1)
        inside.append({'corner': Part(s['corner'][()][keep]), 'speed': Part(s['speed'][()][keep])})
    draw_surface(near, Near(group, centre, 1.2 * reach), [s for s in inside if len(s['speed'][()])], index, [(c - reach, c + reach) for c in centre])
    for name, axis in zip('xyz', (near.xaxis, near.yaxis, near.zaxis)):
        axis.set_major_locator(matplotlib.ticker.MaxNLocator(4))
        axis.set_label_text(rf'$k_{name}$ (1/$\mathrm{{\AA}}$)')
    whole.legend(loc='lower left', bbox_to_anchor=(-0.05, -0.08), fontsize=8)
    bar = figure.colorbar(matplotlib.cm.ScalarMappable(matplotlib.colors.Normalize(norm.vmin / 1e5, norm.vmax / 1e5), 'viridis'), ax=[whole, near], fraction=0.022, pad=0.05)
    bar.set_label(r'group velocity ($10^5$ m/s)')
    figure.suptitle(f'surface of {energies[index]:.4f} eV and its orbits' + (' (dashed: open)' if len(group['open/height']) else ''), fontsize=11, y=0.93)
    pictures.save(figure, 'orbits')


class Part:
    """An array that reads like a dataset."""

    def __init__(self, value):
        self.value = value

    def __getitem__(self, _):
        return self.value


class Near:
    """The group with those orbits alone that lie near a point."""

    def __init__(self, group, centre, reach):
        self.group, self.keep = group, {}
        for kind in ('orbit', 'open'):
            points = group[f'{kind}/points'][()]
            self.keep[kind] = np.all(np.abs(points - centre) < reach, axis=(1, 2)) if len(points) else np.zeros(0, bool)

    def __getitem__(self, name):
        kind = name.split('/')[0]
        return Part(self.group[name][()][self.keep[kind]]) if kind in self.keep else self.group[name]


def plot_masses(file, pictures):
    """Cyclotron masses against energy, one colour per direction, and the limit at the extremum."""
    group = file['orbits']
    given, directions = group['energy_given'][()], group['direction'][()]
    if len(given) < 2:
        return
    figure, axes = plt.subplots()
    index, direction, mass = group['orbit/energy_index'][()], group['orbit/direction_index'][()], group['orbit/mass'][()]
    limit = group['valley/cyclotron_mass'][()]
    for d, colour in zip(range(len(directions)), itertools.cycle(COLOURS)):
        own = direction == d
        axes.plot(given[index[own]], mass[own], 'o', color=colour, label=' '.join(f'{x:.3g}' for x in directions[d]))
        bottom = limit[:, d][np.isfinite(limit[:, d])]
        axes.plot(np.zeros(len(bottom)), bottom, 'x', color=colour)
    axes.set_xlabel('energy (eV); crosses: at the extremum')
    axes.set_ylabel(r'cyclotron mass ($m_e$)')
    axes.legend(title='field along')
    pictures.save(figure, 'masses')


def plot_optical(file, pictures):
    """Conductivity and dielectric function, mean of the diagonal, first temperature and carriers."""
    group = file['optical']
    energy = group['energy'][()]
    inside = lambda name: np.mean([group[name][0, 0, :, i, i, 0] + 1j * group[name][0, 0, :, i, i, 1] for i in range(3)], axis=0)
    panels = [('conductivity_interband', r'conductivity (10$^5$ S/m)', r'\sigma', 1e-5)]
    if 'dielectric_function' in group:
        panels.append(('dielectric_function', 'dielectric function', r'\epsilon', 1))
    figure, axes = plt.subplots(1, len(panels), squeeze=False, figsize=(4.6 * len(panels), 3.6), gridspec_kw={'wspace': 0.28})
    for (name, label, symbol, factor), a in zip(panels, axes[0]):
        value = inside(name) * factor
        a.plot(energy, value.real, color=COLOURS[0], label=rf'Re ${symbol}$')
        a.plot(energy, value.imag, color=COLOURS[1], label=rf'Im ${symbol}$')
        if 'direct_gap' in group:
            a.axvline(group['direct_gap'][()], color='0.6', linewidth=0.8, linestyle=':')
        a.axhline(0, color='0.6', linewidth=0.8)
        a.set(xlim=(energy[0], energy[-1]), xlabel='photon energy (eV)', ylabel=label)
        a.legend()
    pictures.save(figure, 'optical')
