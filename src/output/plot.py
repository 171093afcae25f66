#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of an umklapp results file: plot.py RESULTS.h5

Writes PNG files beside the results, named after them, one per quantity, and prints their names. Exit status 2 when the
file is not one of results, 1 when matplotlib or h5py is missing.
"""
import os
import sys

try:
    import h5py
    import matplotlib
    import numpy as np
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
except ImportError as missing:
    sys.exit(f'umklapp: plots need {missing.name}: apt install python3-numpy python3-h5py python3-matplotlib')

# One colour per series, dark enough on white, told apart without colour vision by lightness too (Okabe and Ito).
COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000']
BOLTZMANN = 8.617333262e-5  # eV/K
LEVELS = {'rta': ('relaxation time', '--'), 'full': ('full', '-'), 'drag': ('with drag', '-.')}
STYLE = {
    'figure.figsize': (4.8, 3.6), 'figure.dpi': 100, 'savefig.dpi': 200, 'savefig.bbox': 'tight', 'font.size': 10,
    'font.family': 'DejaVu Sans', 'mathtext.fontset': 'dejavusans', 'axes.linewidth': 0.8, 'axes.labelsize': 10,
    'xtick.direction': 'in', 'ytick.direction': 'in', 'xtick.top': True, 'ytick.right': True, 'xtick.minor.visible': True,
    'ytick.minor.visible': True, 'lines.linewidth': 1.6, 'lines.markersize': 4.5, 'legend.frameon': False, 'legend.fontsize': 8.5,
    'axes.prop_cycle': matplotlib.cycler(color=COLOURS)}

# name in the file -> quantity, units as drawn, factor to them, logarithmic, file name. Sheet values keep the units of the file.
TENSORS = {
    'mobility': ('mobility', r'cm$^2$/Vs', 1, True, 'mobility'),
    'conductivity': ('conductivity', 'S/m', 1, True, 'conductivity'),
    'seebeck': ('Seebeck coefficient', r'$\mathrm{\mu}$V/K', 1e6, False, 'seebeck'),
    'electronic_thermal_conductivity': ('electronic thermal conductivity', 'W/mK', 1, True, 'kappa-electronic'),
    'lattice_thermal_conductivity': ('lattice thermal conductivity', 'W/mK', 1, True, 'kappa-lattice'),
    'lorenz': ('Lorenz number', r'$10^{-8}$ W$\Omega$/K$^2$', 1e8, False, 'lorenz')}
SHEET = {'S': 'S', 'W/K': 'W/K'}


class Pictures:
    """Names and saves the pictures of one file."""

    def __init__(self, results):
        self.stem = os.path.splitext(results)[0]
        self.count = 0

    def save(self, figure, name):
        path = f'{self.stem}.png' if self.stem.endswith('-' + name) else f'{self.stem}-{name}.png'
        try:
            figure.savefig(path)
        except OSError as error:
            sys.stderr.write(f'umklapp: {path}: cannot write: {error.strerror}\n')
            sys.exit(2)
        plt.close(figure)
        self.count += 1
        print(path)


def units(dataset):
    text = dataset.attrs.get('units', '')
    return text.decode() if isinstance(text, bytes) else text


def density_units(file):
    sheet = 'points/carrier_density' in file and units(file['points/carrier_density']) == 'cm^-2'
    return r'cm$^{-2}$' if sheet else r'cm$^{-3}$'


def scientific(x):
    """1.0e16 -> 10^16 in mathtext."""
    if x == 0 or not np.isfinite(x):
        return '0' if x == 0 else '-'
    exponent = int(np.floor(np.log10(abs(x)) + 1e-9))
    mantissa = x / 10.0**exponent
    if abs(mantissa - 1) < 5e-3:
        return rf'$10^{{{exponent}}}$'
    return rf'${mantissa:.2g}\times10^{{{exponent}}}$'


def diagonal(tensor):
    """[nT, nC, nB, nF, 3, 3(, 2)] -> mean of the diagonal at the first field and frequency, [nT, nC], and its three elements."""
    while tensor.ndim > 6:
        tensor = tensor[..., 0]
    tensor = tensor[:, :, 0, 0]
    elements = np.array([tensor[..., i, i] for i in range(3)])
    with np.errstate(invalid='ignore'):
        count = np.sum(np.isfinite(elements), axis=0)
        mean = np.where(count > 0, np.nansum(elements, axis=0) / np.maximum(count, 1), np.nan)
    return mean, elements


def plain_log(axis, values):
    """Ticks 100, 200, 500 rather than powers, where a logarithmic axis spans less than two decades."""
    values = values[np.isfinite(values) & (values > 0)]
    if not len(values) or values.max() / values.min() > 100:
        return
    span = values.max() / values.min()
    subs = (1, 1.5, 2, 3, 4, 5, 7) if span < 6 else (1, 2, 3, 5) if span < 30 else (1, 2, 5)
    axis.set_major_locator(matplotlib.ticker.LogLocator(subs=subs))
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda x, _: f'{x:g}'))
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def draw_series(axes, x, series, log_x, log_y):
    """series: list of (style, colour, y)."""
    every = np.concatenate([np.ravel(s[2]) for s in series])
    every = every[np.isfinite(every)]
    log_y = log_y and len(every) > 0 and every.min() > 0
    marker = 'o' if len(x) < 30 else None
    for style, colour, y in series:
        axes.plot(x, y, style, color=colour, marker=marker, markerfacecolor='white' if style == '--' else colour)
    if log_x:
        axes.set_xscale('log')
        plain_log(axes.xaxis, np.asarray(x))
    if log_y:
        axes.set_yscale('log')
        plain_log(axes.yaxis, every)
    elif len(every) and every.min() < 0 < every.max():
        axes.axhline(0, color='0.6', linewidth=0.8, zorder=0)


def draw_legend(axes, levels, colours, title):
    """Levels by line style; where there are several series, their colours beside the picture."""
    Line = matplotlib.lines.Line2D
    names = list(LEVELS)
    single = not colours
    styles = [Line([], [], linestyle=LEVELS[level][1], color=COLOURS[names.index(level)] if single else 'black', label=LEVELS[level][0]) for level in levels]
    if single:
        axes.legend(handles=styles)
        return
    heads = [Line([], [], linestyle='none', label=title)]
    lines = [Line([], [], color=colour, label=text) for text, colour in colours]
    axes.legend(handles=heads + lines + (styles if len(levels) > 1 else []), loc='center left', bbox_to_anchor=(1.01, 0.5), handlelength=1.8)


def chosen(n, most=6):
    """At most `most` positions of n, ends included."""
    return sorted(set(np.round(np.linspace(0, n - 1, min(n, most))).astype(int)))


def plot_tensor(file, name, temperature, density, pictures):
    quantity, unit, factor, logarithmic, stem = TENSORS[name]
    levels = [(level, diagonal(file[f'transport/{level}/{name}'][()] * factor)[0])
              for level in LEVELS if f'transport/{level}/{name}' in file]
    levels = [(level, values) for level, values in levels if np.any(np.isfinite(values))]
    if not levels:
        return
    label = f'{quantity} ({SHEET.get(units(file[f"transport/{levels[0][0]}/{name}"]), unit)})'
    per_volume = density_units(file)
    n_t, n_c = levels[0][1].shape
    names = [level for level, _ in levels]
    if n_t > 1:
        figure, axes = plt.subplots()
        picked = list(zip(COLOURS, chosen(n_c)))
        series = [(LEVELS[level][1], colour if n_c > 1 else COLOURS[list(LEVELS).index(level)], values[:, c])
                  for colour, c in picked for level, values in levels]
        draw_series(axes, temperature, series, logarithmic, logarithmic)
        axes.set_xlabel('temperature (K)')
        axes.set_ylabel(label)
        draw_legend(axes, names, [(scientific(density[0, c]), colour) for colour, c in picked] if n_c > 1 else [], per_volume)
        pictures.save(figure, f'{stem}-temperature')
    if n_c > 1:
        figure, axes = plt.subplots()
        picked = list(zip(COLOURS, chosen(n_t)))
        series = [(LEVELS[level][1], colour if n_t > 1 else COLOURS[list(LEVELS).index(level)], values[t])
                  for colour, t in picked for level, values in levels]
        draw_series(axes, np.abs(density[0]), series, True, logarithmic)
        axes.set_xlabel(f'carrier density ({per_volume})')
        axes.set_ylabel(label)
        draw_legend(axes, names, [(f'{temperature[t]:g}', colour) for colour, t in picked] if n_t > 1 else [], 'K')
        pictures.save(figure, f'{stem}-density')


def channel_text(name):
    return 'electron-phonon' if name == 'electron_phonon' else name.replace('_', ' ')


def plot_rates(file, temperature, density, pictures):
    """Scattering rates of the states against energy, every channel and the total, at the temperature nearest 300 K."""
    group = file['electrons']
    if 'rate' not in group or 'energy' not in group:
        return
    energy = group['energy'][()]
    t = int(np.argmin(np.abs(temperature - 300)))
    rates = {name: group['rate'][name][t, 0] for name in group['rate']}
    total = rates.pop('total', None)
    if total is None:
        total = sum(rates.values())
    zero, origin = energy_zero(file, energy, t)
    figure, axes = plt.subplots()
    size = 2.5 if len(energy) > 300 else 5
    shown = {name: r for name, r in rates.items() if np.any(r > 0)}
    for (name, rate), colour in zip(sorted(shown.items()), COLOURS):
        if len(shown) > 1:
            axes.plot(energy - zero, np.where(rate > 0, rate, np.nan), '.', color=colour, markersize=size, label=channel_text(name), rasterized=True)
    axes.plot(energy - zero, np.where(total > 0, total, np.nan), '.', color='black' if len(shown) > 1 else COLOURS[0], markersize=size,
              label='total' if len(shown) > 1 else channel_text(next(iter(shown), 'total')), rasterized=True)
    axes.set_yscale('log')
    good = [r[r > 0] for r in (*shown.values(), total) if np.any(r > 0)]
    if good:
        low, high = min(np.quantile(r, 0.005) for r in good), max(r.max() for r in good)
        axes.set_ylim(max(low / 2, high * 1e-4), high * 3)
        plain_log(axes.yaxis, np.array(axes.get_ylim()))
    axes.set_xlabel(f'energy {origin} (eV)')
    axes.set_ylabel(r'scattering rate (ps$^{-1}$)')
    title = f'{temperature[t]:g} K'
    if np.isfinite(density[t, 0]):
        title += ', ' + scientific(density[t, 0]) + ' ' + density_units(file)
    axes.legend(title=title, markerscale=10 / size, handletextpad=0.2)
    pictures.save(figure, 'rates')


def energy_zero(file, energy, t):
    """Energies are shown from the edge of the carriers' band when the chemical potential lies in a gap, else from it."""
    mu = file['points/chemical_potential'][()][t, 0] if 'points/chemical_potential' in file else np.nan
    if not np.isfinite(mu):
        return 0.0, ''
    if energy.min() > mu:
        return energy.min(), 'above the band edge'
    if energy.max() < mu:
        return energy.max(), 'from the band edge'
    return mu, 'from the chemical potential'


def plot_mean_free_path(file, temperature, pictures):
    """Share of the conductivity, sum of weight f(1-f) F.v, that states with a mean free displacement |F| below a length carry."""
    group = file['electrons']
    if not all(name in group for name in ('mean_free_displacement', 'velocity', 'weight', 'energy')):
        return
    level = next((name for name in ('full', 'rta') if name in group['mean_free_displacement']), None)
    if level is None:
        return
    displacement = group['mean_free_displacement'][level]
    energy, velocity, weight = (group[name][()] for name in ('energy', 'velocity', 'weight'))
    mu = file['points/chemical_potential'][()]
    figure, axes = plt.subplots()
    shortest = np.inf
    for colour, t in zip(COLOURS, chosen(len(temperature), 5)):
        f = displacement[t, 0]
        length = np.linalg.norm(f, axis=-1)
        occupation = 0.25 / np.cosh(np.clip((energy - mu[t, 0]) / (2 * BOLTZMANN * temperature[t]), -300, 300))**2
        share = np.abs(np.einsum('ij,ij->i', f, velocity)) * weight * occupation
        order = np.argsort(length)
        cumulative = np.cumsum(share[order])
        if not np.isfinite(cumulative[-1]) or cumulative[-1] == 0:
            continue
        axes.step(length[order], cumulative / cumulative[-1], where='post', color=colour, label=f'{temperature[t]:g} K')
        shortest = min(shortest, length[order][np.argmax(cumulative > 0.002 * cumulative[-1])])
    if not np.isfinite(shortest):
        plt.close(figure)
        return
    axes.set_xscale('log')
    axes.set_xlim(left=shortest)
    plain_log(axes.xaxis, np.array(axes.get_xlim()))
    axes.set_ylim(0, 1.03)
    axes.set_xlabel('mean free path (nm)')
    axes.set_ylabel('cumulative share of the conductivity')
    axes.legend()
    pictures.save(figure, 'mean-free-path')


def label_text(label):
    return r'$\Gamma$' if label in ('G', 'Gamma', 'GAMMA') else label


def plot_dispersion(file, species, pictures):
    """Bands or branches along the path; the density of states beside."""
    group = file[f'path/{species}']
    quantity = 'energy' if species == 'electrons' else 'frequency'
    distance, values, tick = group['distance'][()], group[quantity][()], group['tick'][()]
    labels = group['tick'].attrs['labels']
    labels = (labels.decode() if isinstance(labels, bytes) else labels).split()
    top = group.attrs.get('valence_top_eV')
    zero = top if species == 'electrons' and top is not None else 0.0
    dos = file.get(f'dos/{species}')
    figure, axes = plt.subplots(1, 2 if dos else 1, sharey=True, squeeze=False, figsize=(6.0, 3.8) if dos else (4.8, 3.8),
                                gridspec_kw={'width_ratios': [3.2, 1], 'wspace': 0.06} if dos else None)
    left = axes[0, 0]
    left.plot(distance, values - zero, color=COLOURS[0], linewidth=1.3)
    for t in tick:
        left.axvline(distance[t], color='0.75', linewidth=0.8, zorder=0)
    if species == 'electrons' and top is not None or values.min() < 0:
        for a in axes[0]:
            a.axhline(0, color='0.6', linewidth=0.8, linestyle=':', zorder=0)
    left.set_xlim(distance[0], distance[-1])
    left.set_xticks(distance[tick], [label_text(x) for x in labels])
    left.tick_params(axis='x', which='both', length=0)
    if species == 'electrons':
        left.set_ylabel('energy (eV)' if top is None else 'energy from the valence top (eV)')
        conduction = group.attrs.get('conduction_bottom_eV')
        if top is not None and conduction is not None and conduction > top:
            for a in axes[0]:
                a.axhspan(0, conduction - top, color='0.94', zorder=-1)
    else:
        left.set_ylabel('frequency (THz)')
        left.set_ylim(bottom=min(0, values.min() * 1.05))
    if dos:
        right = axes[0, 1]
        right.fill_betweenx(dos[quantity][()] - zero, dos['density'][()], color=COLOURS[0], alpha=0.25, linewidth=0)
        right.plot(dos['density'][()], dos[quantity][()] - zero, color=COLOURS[0], linewidth=1.0)
        right.set_xlim(left=0)
        right.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(2, prune='lower'))
        right.set_xlabel('states / ' + ('eV' if species == 'electrons' else 'THz'))
    pictures.save(figure, 'bands' if species == 'electrons' else 'phonons')


def plot_wave_packet(file, pictures):
    """Energy along the path at several times; the centre's way along the group velocity against time."""
    group = file['wave_packet']
    velocity, measured = group['group_velocity'][()], group['energy_velocity'][()]
    time, centre, q, branch = (group[name][()] for name in ('time', 'centre', 'q', 'branch'))
    position, when, density = (group[f'profile/{name}'][()] for name in ('position', 'time', 'density'))
    for i in range(len(q)):
        speed = np.linalg.norm(velocity[i])
        along = centre[i] @ velocity[i] / speed
        colours = plt.get_cmap('viridis')(np.linspace(0, 0.85, len(when[i])))
        figure, (left, right) = plt.subplots(1, 2, figsize=(8.6, 3.6), gridspec_kw={'wspace': 0.28})
        for t, line, colour in zip(when[i], density[i], colours):
            left.plot(position[i], line, color=colour, label=f'{t:.2f} ps', linewidth=1.3)
        shown = position[i][np.any(density[i] > 2e-3 * density[i].max(), axis=0)]
        left.set_xlim(shown[0], shown[-1])
        left.set_ylim(bottom=min(0, density[i].min()))
        left.set_xlabel('along the group velocity (nm)')
        left.set_ylabel(r'share of the energy (nm$^{-1}$)')
        left.legend()
        right.plot(time[i], along, 'o', color=COLOURS[0], label='centre of energy')
        right.plot(time[i], speed * 1e-3 * time[i], '-', color=COLOURS[1], linewidth=1.2, zorder=0, label=f'group velocity, {speed:.0f} m/s')
        right.set_xlabel('time (ps)')
        right.set_ylabel('way (nm)')
        off = np.linalg.norm(measured[i] - velocity[i]) / speed
        right.legend(title=f'energy velocity off by {100 * off:.2g} %', alignment='left')
        figure.suptitle(f'q = ({q[i][0]:g}, {q[i][1]:g}, {q[i][2]:g}), branch {branch[i]}', fontsize=10, y=0.96)
        pictures.save(figure, f'packet-{i + 1}')


def lambert(v, frame):
    """Directions [..., 3] -> equal-area map of the hemisphere about frame[2]; NaN behind."""
    x, y, z = (v @ axis for axis in frame)
    scale = np.sqrt(1 / np.maximum(1 + z, 1e-9))
    front = np.where(z >= -1e-9, 1.0, np.nan)
    return x * scale * front, y * scale * front


def unlambert(x, y, frame):
    r = x**2 + y**2
    scale = np.sqrt(np.maximum(2 - r, 0))
    return (x * scale)[..., None] * frame[0] + (y * scale)[..., None] * frame[1] + (1 - r)[..., None] * frame[2]


def cube_pixel(v, n):
    """face, i, j of directions [..., 3], as the map of the file is laid out."""
    axis = np.argmax(np.abs(v), axis=-1)
    take = lambda k: np.take_along_axis(v, ((axis + k) % 3)[..., None], -1)[..., 0]
    height = np.abs(take(0))
    index = [np.clip(((np.arctan2(take(k), height) / (np.pi / 2) + 0.5) * n).astype(int), 0, n - 1) for k in (1, 2)]
    return 2 * axis + (take(0) < 0), index[0], index[1]


VIEWS = [('[001]', np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])),
         ('[111]', np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]]))]
MARKS = [('[001]', (0, 0, 1)), ('[100]', (1, 0, 0)), ('[010]', (0, 1, 0)), ('[110]', (1, 1, 0)), ('[101]', (1, 0, 1)), ('[011]', (0, 1, 1)), ('[111]', (1, 1, 1))]


def mark_directions(axes, frame, colour):
    for name, direction in MARKS:
        v = np.array(direction) / np.linalg.norm(direction)
        x, y = lambert(v, frame)
        if not np.isfinite(x) or v @ frame[2] < 0.05:
            continue
        axes.plot(x, y, '+', color=colour, markersize=5, markeredgewidth=0.8)
        axes.annotate(name, (x, y), xytext=(4, 4), textcoords='offset points', color=colour, fontsize=7.5)


def plot_focusing(file, pictures):
    """The enhancement on hemispheres in logarithmic grey, and the caustics beside."""
    group = file['focusing']
    enhancement, lines = group['map/enhancement'][()], group['caustics/direction'][()]
    n = enhancement.shape[-1]
    grid = np.linspace(-1, 1, 900)
    x, y = np.meshgrid(grid, grid)
    figure, axes = plt.subplots(2, 2, figsize=(8.6, 8.2), gridspec_kw={'wspace': 0.04, 'hspace': 0.1})
    low, high = 0.1, max(10.0, np.quantile(enhancement, 0.999))
    for (name, frame), row in zip(VIEWS, axes):
        picture = enhancement[cube_pixel(unlambert(x, y, frame), n)]
        picture = np.where(x**2 + y**2 <= 1, np.maximum(picture, low), np.nan)
        image = row[0].imshow(picture, origin='lower', extent=(-1, 1, -1, 1), norm=matplotlib.colors.LogNorm(low, high), cmap='magma', interpolation='nearest')
        ends = np.stack(lambert(lines, frame), axis=-1)
        row[1].add_collection(matplotlib.collections.LineCollection(ends[np.all(np.isfinite(ends), axis=(1, 2))], colors=COLOURS[0], linewidths=0.8))
        for a, colour in zip(row, ('#7fd7ff', 'black')):
            mark_directions(a, frame, colour)
            a.add_patch(plt.Circle((0, 0), 1, fill=False, color='0.4', linewidth=0.8))
            a.set(xlim=(-1.02, 1.02), ylim=(-1.02, 1.02), aspect='equal')
            a.axis('off')
        row[0].set_title(f'enhancement, seen along {name}', fontsize=10)
        row[1].set_title('caustics' if len(lines) else 'no caustics', fontsize=10)
    bar = figure.colorbar(image, ax=axes, location='bottom', fraction=0.035, pad=0.03, aspect=45, extend='max')
    bar.set_label('flux over that of an isotropic crystal')
    frequency = group['frequency'][()]
    figure.suptitle(f'phonon focusing, branch {group["branch"][()]}, ' + (f'{frequency:g} THz' if frequency > 0 else 'long waves'), fontsize=11, y=0.94)
    pictures.save(figure, 'focusing')


def plot_transport(file, pictures):
    temperature = file['points/temperature'][()]
    density = np.atleast_2d(file['points/carrier_density'][()]) if 'points/carrier_density' in file else np.full((len(temperature), 1), np.nan)
    for name in TENSORS:
        plot_tensor(file, name, temperature, density, pictures)
    if 'electrons' in file:
        plot_rates(file, temperature, density, pictures)
        plot_mean_free_path(file, temperature, pictures)


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: plot.py RESULTS.h5')
    path = sys.argv[1]
    try:
        file = h5py.File(path, 'r')
    except OSError:
        reason = 'no such file' if not os.path.exists(path) else 'not a readable HDF5 file'
        sys.stderr.write(f'umklapp: {path}: {reason}\n')
        sys.exit(2)
    plt.rcParams.update(STYLE)
    pictures = Pictures(path)
    with file:
        if not any(name in file for name in ('points', 'path', 'wave_packet', 'focusing')):
            sys.stderr.write(f'umklapp: {path}: no results to plot in this file\n')
            sys.exit(2)
        for species in ('electrons', 'phonons'):
            if f'path/{species}' in file:
                plot_dispersion(file, species, pictures)
        if 'points' in file:
            plot_transport(file, pictures)
        if 'wave_packet' in file:
            plot_wave_packet(file, pictures)
        if 'focusing' in file:
            plot_focusing(file, pictures)
    if not pictures.count:
        print('nothing to draw: one temperature and one density; give lists, or write_states: true for rates and mean free paths')


main()
