# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of heat carried by phonons: cumulative thermal conductivity, rates, shares of the modes."""
from plot_common import COLOURS, LEVELS, channel_text, chosen, density_units, np, plain_log, plt, scientific


def kappa_unit(file, level):
    text = file[f'transport/{level}/lattice_thermal_conductivity'].attrs['units']
    return text.decode() if isinstance(text, bytes) else text


def best_level(group):
    return next((level for level in ('drag', 'full', 'rta') if level in group), None)


def plot_cumulative_path(file, temperature, pictures):
    """Share of kappa carried by modes up to a mean free path, a colour per temperature."""
    group = file['phonons/cumulative']
    figure, axes = plt.subplots()
    lowest, highest = np.inf, 0
    levels = [level for level in ('rta', best_level(group)) if level in group]
    levels = levels[:1] if len(set(levels)) == 1 else levels
    for colour, t in zip(COLOURS, chosen(len(temperature), 5)):
        label = f'{temperature[t]:g} K'
        for level in reversed(levels):
            length = group[f'{level}/mean_free_path'][t, 0]
            kappa = group[f'{level}/kappa_below_mean_free_path'][t, 0]
            if not np.isfinite(kappa[-1]) or kappa[-1] <= 0:
                continue
            axes.plot(length, kappa / kappa[-1], '--' if level == 'rta' else '-', color=colour, label=label)
            label = None
            lowest = min(lowest, length[np.argmax(kappa > 0.002 * kappa[-1])])
            highest = max(highest, length[np.argmax(kappa > 0.999 * kappa[-1])])
    if not highest:
        plt.close(figure)
        return
    axes.set_xscale('log')
    axes.set_xlim(lowest, 1.2 * highest)
    plain_log(axes.xaxis, np.array(axes.get_xlim()))
    axes.set_ylim(0, 1.03)
    axes.set_xlabel('mean free path (nm)')
    axes.set_ylabel(r'share of $\kappa$ carried up to it')
    axes.legend(title=' '.join(f'{"- -" if LEVELS[level][1] == "--" else "—"} {LEVELS[level][0]}' for level in levels) if len(levels) > 1 else None, title_fontsize=8)
    pictures.save(figure, 'kappa-mean-free-path')


def plot_cumulative_frequency(file, temperature, pictures):
    """kappa carried by modes up to a frequency, and its density, at the temperature nearest 300 K."""
    group = file['phonons/cumulative']
    level = best_level(group)
    t = int(np.argmin(np.abs(temperature - 300)))
    frequency = group['frequency'][()]
    kappa = group[f'{level}/kappa_below_frequency'][t, 0]
    if not np.isfinite(kappa[-1]) or kappa[-1] <= 0:
        return
    unit = kappa_unit(file, level)
    figure, axes = plt.subplots()
    axes.plot(frequency, kappa, color=COLOURS[0])
    axes.set_xlim(0, frequency[-1])
    axes.set_ylim(0, 1.05 * kappa[-1])
    axes.set_xlabel('frequency (THz)')
    axes.set_ylabel(rf'$\kappa$ up to the frequency ({unit})', color=COLOURS[0])
    density = axes.twinx()
    width = 8
    centres = frequency[:len(frequency) // width * width].reshape(-1, width)
    edges = np.concatenate([[0], centres[:, -1]])
    steps = np.diff(np.concatenate([[0], kappa[width - 1::width]])) / np.diff(edges)
    density.stairs(steps, edges, color=COLOURS[1], linewidth=1.2)
    density.set_ylim(bottom=0)
    density.set_ylabel(rf'per frequency ({unit}/THz)', color=COLOURS[1])
    density.tick_params(top=False)
    axes.tick_params(right=False, which='both')
    axes.set_title(f'{temperature[t]:g} K, {LEVELS[level][0]}', fontsize=10)
    pictures.save(figure, 'kappa-frequency')


def plot_rates(file, temperature, pictures):
    """Scattering rates of the modes against frequency; normal and umklapp processes apart, at the temperature nearest 300 K and, beside carriers, the highest density."""
    group = file['phonons']
    t = int(np.argmin(np.abs(temperature - 300)))
    density = file['points/carrier_density'][t] if 'points/carrier_density' in file else np.array([np.nan])
    c = int(np.argmax(np.abs(density))) if np.all(np.isfinite(density)) else 0
    title = f'{temperature[t]:g} K' + (f', {scientific(density[c])} {density_units(file)}' if np.isfinite(density[c]) else '')
    frequency = group['frequency'][()]
    rates = {name: group['rate'][name][t, c] for name in group['rate']}
    split = [name for name in rates if any(other != name and other.startswith(name + '_') for other in rates)]
    shown = {name: rate for name, rate in rates.items() if name not in split and name != 'total' and np.any(rate > 0)}
    if not shown:
        return
    figure, axes = plt.subplots()
    size = 2.5 if len(frequency) > 300 else 5
    for (name, rate), colour in zip(sorted(shown.items()), COLOURS[1:]):
        axes.plot(frequency, np.where(rate > 0, rate, np.nan), '.', color=colour, markersize=size, label=channel_text(name), rasterized=True)
    total = rates['total']
    if len(shown) > 1:
        axes.plot(frequency, np.where(total > 0, total, np.nan), '.', color='black', markersize=size, label='total', rasterized=True, zorder=1)
    axes.set_yscale('log')
    high = max(rate.max() for rate in shown.values())
    low = min(np.quantile(rate[rate > 0], 0.01) for rate in shown.values())
    axes.set_ylim(max(low / 2, high * 1e-7), high * 4)
    plain_log(axes.yaxis, np.array(axes.get_ylim()))
    axes.set_xlim(left=0)
    axes.set_xlabel('frequency (THz)')
    axes.set_ylabel(r'scattering rate (ps$^{-1}$)')
    axes.legend(title=title, markerscale=10 / size, handletextpad=0.2, loc='center left', bbox_to_anchor=(1.01, 0.5))
    pictures.save(figure, 'phonon-rates' if 'electrons/rate' in file else 'rates')


def plot_branches(file, temperature, pictures):
    """What each branch carries, against temperature."""
    group = file['phonons/thermal_conductivity']
    level = best_level(group)
    branch = file['phonons/branch'][()].astype(int)
    kappa = group[level][:, 0]
    if len(temperature) < 2 or not np.all(np.isfinite(kappa)):
        return
    figure, axes = plt.subplots()
    total = kappa.sum(axis=1)
    optical = kappa[:, branch > 2].sum(axis=1)
    for b, colour in zip(range(3), COLOURS):
        axes.plot(temperature, kappa[:, branch == b].sum(axis=1) / total, 'o-', color=colour, label=f'branch {b + 1}')
    if np.any(branch > 2):
        axes.plot(temperature, optical / total, 'o-', color=COLOURS[3], label='optical branches')
    axes.set_ylim(0, 1)
    axes.set_xscale('log')
    plain_log(axes.xaxis, np.asarray(temperature))
    axes.set_xlabel('temperature (K)')
    axes.set_ylabel(r'share of $\kappa$, branches by frequency')
    axes.legend()
    pictures.save(figure, 'kappa-branches')


def plot_lattice(file, temperature, pictures):
    if 'phonons/cumulative' in file:
        plot_cumulative_path(file, temperature, pictures)
        plot_cumulative_frequency(file, temperature, pictures)
    if 'phonons/rate' in file and 'phonons/frequency' in file:
        plot_rates(file, temperature, pictures)
    if 'phonons/thermal_conductivity' in file:
        plot_branches(file, temperature, pictures)
