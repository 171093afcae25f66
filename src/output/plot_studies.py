# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the studies of phonons: wave packets, focusing."""
from plot_common import COLOURS, matplotlib, np, plt


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
