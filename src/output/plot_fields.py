# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of magnetic fields and frequencies: sigma(omega), Hall coefficient and magnetoresistance against B, Kohler's plot."""
from plot_common import COLOURS, LEVELS, chosen, draw_legend, np, plt, scientific, units


def text_of(temperature, density, t, c):
    return f'{temperature[t]:g} K, {scientific(density[t, c])}' if np.isfinite(density[t, c]) else f'{temperature[t]:g} K'


def settings(n_t, n_c, most=5):
    """A few of all settings of temperature and carriers, with their colours."""
    every = [(t, c) for t in range(n_t) for c in range(n_c)]
    return list(zip(COLOURS, [every[i] for i in chosen(len(every), most)]))


def lines(file):
    """Fields of each direction of the list: {direction: (positions, strengths)}, strengths ascending, both signs."""
    field = file['points/magnetic_field'][()]
    found = {}
    for i, b in enumerate(field):
        size = np.linalg.norm(b)
        if size == 0:
            continue
        unit = b / size + 0.0  # no -0
        if unit[np.argmax(np.abs(unit) > 1e-9)] < 0:
            unit, size = -unit + 0.0, -size
        found.setdefault(tuple(np.round(unit, 6)), []).append((size, i))
    return {unit: (np.array([i for _, i in sorted(v)]), np.array([s for s, _ in sorted(v)])) for unit, v in found.items() if len(v) > 1}


def around(tensor, unit):
    """The element [y, x] of an antisymmetric tensor when z is along the unit vector."""
    x, y, z = unit
    return x * tensor[..., 2, 1] + y * tensor[..., 0, 2] + z * tensor[..., 1, 0]


def still(tensor):
    """The first frequency; the real part."""
    return tensor[:, :, :, 0]


def plot_frequency(file, temperature, density, pictures):
    frequency = file['points/frequency'][()]
    phonons = 'carrier_density' not in file['points']
    name = 'lattice_thermal_conductivity' if phonons else 'conductivity'
    levels = [level for level in LEVELS if f'transport/{level}/{name}' in file]
    order = np.argsort(frequency)
    figure, axes = plt.subplots()
    for level in levels:
        tensor = file[f'transport/{level}/{name}'][()][:, :, 0]
        mean = np.trace(tensor, axis1=-3, axis2=-2) / (2 if np.all(tensor[..., 2, 2, :] == 0) else 3)
        for colour, (t, c) in settings(*mean.shape[:2], 4):
            axes.plot(frequency[order], mean[t, c, order, 0], LEVELS[level][1], color=colour)
            axes.plot(frequency[order], mean[t, c, order, 1], LEVELS[level][1], color=colour, alpha=0.45)
    positive = frequency[frequency > 0]
    if positive.max() / positive.min() > 30:
        axes.set_xscale('log')
        axes.set_xlim(positive.min(), positive.max())
    axes.set_xlabel('frequency (THz)')
    unit = units(file[f'transport/{levels[0]}/{name}'])
    axes.set_ylabel(f'{"lattice thermal conductivity" if phonons else "conductivity"} ({unit})')
    draw_legend(axes, levels, [(text_of(temperature, density, t, c), colour) for colour, (t, c) in settings(len(temperature), density.shape[1], 4)], 'pale: imaginary part')
    pictures.save(figure, 'frequency')


def plot_against_field(file, temperature, density, quantity, pictures):
    """Hall coefficient, or both magnetoresistances, against B; one picture for each direction of the field."""
    complex_ = file['points/frequency'][()].any()
    levels = [level for level in LEVELS if f'transport/{level}/hall_coefficient' in file]
    for number, (unit, (at, strength)) in enumerate(lines(file).items()):
        figure, axes = plt.subplots()
        for level in levels:
            group = file[f'transport/{level}']
            names = ['hall_coefficient'] if quantity == 'hall' else ['magnetoresistance_transverse', 'magnetoresistance_longitudinal']
            for name in names:
                values = group[name][()]
                values = still(values[..., 0] if complex_ else values)[:, :, at]
                values = around(values, unit) * np.sign(strength) if quantity == 'hall' else 100 * values
                if not np.any(np.isfinite(values)):
                    continue
                for colour, (t, c) in settings(*values.shape[:2]):
                    axes.plot(strength, values[t, c], LEVELS[level][1], color=colour, alpha=0.45 if name.endswith('longitudinal') else 1, marker='o' if len(at) < 30 else None, markersize=3)
                    if quantity == 'hall' and 'low_field' in group:
                        axes.plot([0], [around(group['low_field/hall_coefficient'][t, c, at[0]], unit) * np.sign(strength[0])], 'x', color=colour)
        axes.set_xlabel('B (T) along [' + ' '.join(f'{x:.3g}' for x in unit) + ']')
        axes.set_ylabel(f'Hall coefficient ({units(file[f"transport/{levels[0]}/hall_coefficient"])})'.replace('^3', '$^3$').replace('^2', '$^2$') if quantity == 'hall' else 'transverse magnetoresistance (%)')
        draw_legend(axes, levels, [(text_of(temperature, density, t, c), colour) for colour, (t, c) in settings(len(temperature), density.shape[1])], 'cross: first order in B' if quantity == 'hall' else 'pale: longitudinal')
        pictures.save(figure, quantity + (f'-{number + 1}' if number else ''))


def plot_kohler(file, temperature, density, pictures):
    """Transverse magnetoresistance against B/rho(0): one curve where all relaxation times scale alike. Needs several settings."""
    level = next(level for level in reversed(LEVELS) if f'transport/{level}/hall_coefficient' in file)
    complex_ = file['points/frequency'][()].any()
    field = np.linalg.norm(file['points/magnetic_field'][()], axis=1)
    if not np.any(field == 0) or density.size < 2:
        return
    ratio, rho = file[f'transport/{level}/magnetoresistance_transverse'][()], file[f'transport/{level}/resistivity'][()]
    if complex_:
        ratio, rho = ratio[..., 0], rho[..., 0]
    ratio, rho = still(ratio), still(rho)[:, :, np.argmin(field)]
    across = np.trace(rho, axis1=-2, axis2=-1) / (2 if np.all(rho[..., 2, 2] == 0) else 3)
    order = np.argsort(field)[np.sum(field == 0):]
    figure, axes = plt.subplots()
    for colour, (t, c) in settings(*across.shape):
        axes.plot(field[order] / across[t, c], ratio[t, c, order], 'o-', color=colour, markersize=3, label=text_of(temperature, density, t, c))
    if np.nanmin(ratio[:, :, order]) > 0:
        axes.set_xscale('log')
        axes.set_yscale('log')
    axes.set_xlabel(r'B/$\rho$(0) (T/' + units(file[f'transport/{level}/resistivity']).replace('Ohm', r'$\Omega$') + ')')
    axes.set_ylabel(r'$\Delta\rho/\rho$(0), transverse')
    axes.legend(title=LEVELS[level][0])
    pictures.save(figure, 'kohler')


def plot_fields(file, temperature, density, pictures):
    if file['points/frequency'][()].any() and len(file['points/frequency']) > 1:
        plot_frequency(file, temperature, density, pictures)
    if not any(f'transport/{level}/hall_coefficient' in file for level in LEVELS):
        return
    for quantity in ('hall', 'magnetoresistance'):
        plot_against_field(file, temperature, density, quantity, pictures)
    plot_kohler(file, temperature, density, pictures)
