#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of an umklapp results file: plot.py RESULTS.h5

Writes PNG files beside the results, named after them, one per quantity, and prints their names. Exit status 2 when the
file is not one of results, 1 when matplotlib or h5py is missing.
"""
import os
import sys

from plot_common import BOLTZMANN, COLOURS, LEVELS, STYLE, Pictures, channel_text, chosen, density_units, diagonal, draw_legend, draw_series, h5py, np, plain_log, plt, scientific, units
from plot_drag import plot_drag
from plot_fields import plot_fields
from plot_lattice import plot_lattice
from plot_electron_studies import plot_masses, plot_optical, plot_orbits
from plot_studies import plot_focusing, plot_wave_packet

# name in the file -> quantity, units as drawn, factor to them, logarithmic, file name. Sheet values keep the units of the file.
TENSORS = {
    'mobility': ('mobility', r'cm$^2$/Vs', 1, True, 'mobility'),
    'conductivity': ('conductivity', 'S/m', 1, True, 'conductivity'),
    'seebeck': ('Seebeck coefficient', r'$\mathrm{\mu}$V/K', 1e6, False, 'seebeck'),
    'electronic_thermal_conductivity': ('electronic thermal conductivity', 'W/mK', 1, True, 'kappa-electronic'),
    'lattice_thermal_conductivity': ('lattice thermal conductivity', 'W/mK', 1, True, 'kappa-lattice'),
    'lorenz': ('Lorenz number', r'$10^{-8}$ W$\Omega$/K$^2$', 1e8, False, 'lorenz')}
SHEET = {'S': 'S', 'W/K': 'W/K'}


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


def plot_transport(file, pictures):
    temperature = file['points/temperature'][()]
    density = np.atleast_2d(file['points/carrier_density'][()]) if 'points/carrier_density' in file else np.full((len(temperature), 1), np.nan)
    for name in TENSORS:
        plot_tensor(file, name, temperature, density, pictures)
    if 'electrons' in file:
        plot_rates(file, temperature, density, pictures)
        plot_mean_free_path(file, temperature, pictures)
    if 'phonons' in file:
        plot_lattice(file, temperature, pictures)
    plot_drag(file, temperature, density, pictures)
    plot_fields(file, temperature, density, pictures)


FORMAT_VERSION = 1  # RESULTS_FORMAT_VERSION of output.h


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
        version = file.attrs.get('format_version', FORMAT_VERSION)
        if version != FORMAT_VERSION:
            sys.stderr.write(f'umklapp: {path}: results of format version {version}; this program reads {FORMAT_VERSION}: use the program that wrote them\n')
            sys.exit(2)
        if not any(name in file for name in ('points', 'path', 'wave_packet', 'focusing', 'orbits', 'optical')):
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
        if 'orbits' in file:
            plot_orbits(file, pictures)
            plot_masses(file, pictures)
        if 'optical' in file:
            plot_optical(file, pictures)
    if not pictures.count:
        print('nothing to draw: one temperature and one density; give lists, or write_states: true for rates and mean free paths')


main()
