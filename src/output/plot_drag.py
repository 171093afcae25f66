# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of drag: the Seebeck coefficient by species, and which phonons it comes from."""
from plot_common import COLOURS, chosen, density_units, diagonal, matplotlib, np, plain_log, plt, scientific

# part -> dataset, line, marker, text
PARTS = {
    'total': ('drag/seebeck', '-', 'o', 'with drag'),
    'electrons': ('drag/seebeck_electron', '--', None, 'electrons'),
    'phonons': ('drag/seebeck_phonon', ':', None, 'phonons'),
    'full': ('full/seebeck', 'none', 'x', 'full, without drag')}


def plot_parts(x, parts, series, axis, title, name, pictures):
    """parts: {part: [x, series]} in uV/K; series: [(position, text)], a colour each."""
    Line = matplotlib.lines.Line2D
    figure, axes = plt.subplots()
    for (position, _), colour in zip(series, COLOURS):
        for part, values in parts.items():
            _, line, marker, _ = PARTS[part]
            axes.plot(x, values[:, position], linestyle=line, marker=marker, color=colour, markersize=5.5 if marker == 'x' else 3.5)
    every = np.concatenate([v.ravel() for v in parts.values()])
    every = every[np.isfinite(every)]
    if len(every) and every.min() < 0 < every.max():
        axes.axhline(0, color='0.6', linewidth=0.8, zorder=0)
    axes.set_xscale('log')
    plain_log(axes.xaxis, np.asarray(x))
    axes.set_xlabel(axis)
    axes.set_ylabel(r'Seebeck coefficient ($\mathrm{\mu}$V/K)')
    styles = [Line([], [], linestyle=PARTS[p][1], marker=PARTS[p][2], color='black', markersize=4, label=PARTS[p][3]) for p in parts]
    heads = [Line([], [], linestyle='none', label=title)] + [Line([], [], color=c, label=t) for (_, t), c in zip(series, COLOURS)]
    axes.legend(handles=heads + styles, loc='center left', bbox_to_anchor=(1.01, 0.5), handlelength=2.2)
    pictures.save(figure, name)


def plot_seebeck(file, temperature, density, pictures):
    parts = {part: 1e6 * diagonal(file[f'transport/{where}'][()])[0] for part, (where, *_) in PARTS.items() if f'transport/{where}' in file}
    if not np.any(np.isfinite(parts['total'])):
        return
    n_t, n_c = parts['total'].shape
    unit = density_units(file)
    if n_t > 1:
        series = [(c, scientific(density[0, c])) for c in chosen(n_c, 3)]
        plot_parts(temperature, parts, series, 'temperature (K)', unit, 'seebeck-parts-temperature', pictures)
    if n_c > 1:
        series = [(t, f'{temperature[t]:g}') for t in chosen(n_t, 3)]
        plot_parts(np.abs(density[0]), {p: v.T for p, v in parts.items()}, series, f'carrier density ({unit})', 'K', 'seebeck-parts-density', pictures)


def plot_shares(file, temperature, density, by, pictures):
    """Share of the drag's Seebeck coefficient from modes up to a frequency or a mean free path, and of kappa for comparison; first density."""
    Line = matplotlib.lines.Line2D
    group = file['phonons/cumulative/drag']
    figure, axes = plt.subplots()
    handles, ends = [], []
    for colour, t in zip(COLOURS, chosen(len(temperature), 5)):
        x = file['phonons/cumulative/frequency'][()] if by == 'frequency' else group[by][t, 0]
        shown = False
        for quantity, line in (('kappa', '--'), ('seebeck', '-')):
            sums = group[f'{quantity}_below_{by}'][t, 0]
            if not np.isfinite(sums[-1]) or sums[-1] == 0:
                continue
            share = sums / sums[-1]
            axes.plot(x, share, line, color=colour, linewidth=1.0 if line == '--' else 1.6)
            ends += [x[np.argmax(np.abs(share) > 0.002)], x[len(x) - 1 - np.argmax(np.abs(share[::-1] - 1) > 0.001)]]
            shown = True
        if shown:
            handles.append(Line([], [], color=colour, label=f'{temperature[t]:g} K'))
    if not handles:
        plt.close(figure)
        return
    if by == 'frequency':
        axes.set_xlim(0, file['phonons/cumulative/frequency'][-1])
        axes.set_xlabel('frequency (THz)')
    else:
        axes.set_xscale('log')
        axes.set_xlim(min(ends), 1.2 * max(ends))
        plain_log(axes.xaxis, np.array(axes.get_xlim()))
        axes.set_xlabel('mean free path (nm)')
    low, high = axes.get_ylim()
    axes.set_ylim(min(0, low), max(1.03, high))
    axes.set_ylabel(r'share of modes up to it')
    handles += [Line([], [], color='black', linestyle='-', label='drag: $S$ of phonons'), Line([], [], color='black', linestyle='--', linewidth=1.0, label=r'heat: $\kappa$ of phonons')]
    if np.isfinite(density[0, 0]):
        axes.set_title(scientific(density[0, 0]) + ' ' + density_units(file), fontsize=10)
    axes.legend(handles=handles)
    pictures.save(figure, 'drag-frequency' if by == 'frequency' else 'drag-mean-free-path')


def plot_drag(file, temperature, density, pictures):
    if 'transport/drag/seebeck_phonon' in file:
        plot_seebeck(file, temperature, density, pictures)
    if 'phonons/cumulative/drag/seebeck_below_frequency' in file:
        for by in ('frequency', 'mean_free_path'):
            plot_shares(file, temperature, density, by, pictures)
