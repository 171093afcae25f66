# SPDX-License-Identifier: GPL-3.0-or-later
"""What all pictures of plot.py share: style, names, axes."""
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


def channel_text(name):
    return 'electron-phonon' if name == 'electron_phonon' else name.replace('_', ' ')
