/*
  The study `wave_packet`: packets of single modes moved through the lattice by its real-space force constants; the velocity of the centre of
  energy, from a straight line through its positions, against the group velocity d omega / d q of the interpolated phonons.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "packet.h"
#include "study.h"

#define TAIL       4.0 /* the box's radius, in widths, that a packet needs */
#define NPROFILES  5
#define NBINS      160
#define BIN_WIDTHS 0.1 /* width of a bin of the profile, in packet widths */

static const DeckKey keys[] = {
  {"wave_packet", DECK_SECTION, .help = "study: wave packets moved through the lattice by its force constants; their energy velocity against the group velocity"},
  {"wave_packet.modes", DECK_SECTION_LIST, .required = true, .min_count = 1, .help = "one packet each"},
  {"wave_packet.modes[].q", DECK_VECTOR, .required = true, .help = "wave vector, fractional coordinates of the reciprocal lattice"},
  {"wave_packet.modes[].branch", DECK_INT, .required = true, .min = 1, .max = 3000, .help = "branch, counted from 1 in ascending frequency"},
  {"wave_packet.width", DECK_REAL, .unit = "nm", .required = true, .positive = true, .help = "standard deviation of the energy density in space"},
  {"wave_packet.box", DECK_INT3, .min = 1, .max = 4096, .help = "cells of the periodic crystal along each lattice vector; default: just large enough for the width"},
  {"wave_packet.distance", DECK_REAL, .fallback = "3", .min = 0.1, .max = 1000, .help = "how far a packet travels, in widths"},
  {"wave_packet.samples", DECK_INT, .fallback = "21", .min = 5, .max = 10001, .help = "times at which the centre is measured"},
  {"wave_packet.step", DECK_REAL, .fallback = "0.8", .min = 0.01, .max = 2, .help = "time step times the largest angular frequency; the velocity of that mode is wrong by 1.2e-4 (step / 0.8)^4"},
  {NULL}};

PetscErrorCode WavePacketRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

typedef struct {
  Material      material;
  Crystal       crystal;
  PetscInt      n, nsamples, box[3];
  PetscReal     width, distance, step, omega_max;
  Packet       *packet;   /* [n] */
  PacketSample *sample;   /* [n][nsamples] */
  PetscReal    *velocity; /* [n][3] of the energy, from the fit */
  PetscReal    *position, *profile, *profile_time; /* [n][NBINS] along the path; [n][NPROFILES][NBINS]; [n][NPROFILES] */
  PetscInt     *steps;    /* [n] */
} PacketStudy;

/* --- input ------------------------------------------------------------------------------------------------ */

static PetscErrorCode GetBox(Deck deck, PacketStudy *s)
{
  bool given;

  PetscFunctionBeginUser;
  PetscCall(DeckGetInt3(deck, "box", s->box, &given));
  if (given) {
    const PetscReal radius = PacketBoxRadius(s->crystal, s->box);
    if (radius < TAIL * s->width)
      PetscCall(DeckError(deck, "box", "a packet of width %.4g nm needs a box of radius %.4g nm (4 widths); this one has %.4g nm: a larger box, or a width up to %.4g nm", s->width * UMK_BOHR_M * 1e9,
                          TAIL * s->width * UMK_BOHR_M * 1e9, radius * UMK_BOHR_M * 1e9, radius / TAIL * UMK_BOHR_M * 1e9));
    PetscFunctionReturn(0);
  }
  for (int i = 0; i < 3; i++) s->box[i] = (PetscInt)ceil(2 * TAIL * s->width / Norm3(s->crystal->a[i]));
  while (PacketBoxRadius(s->crystal, s->box) < TAIL * s->width && PetscMax(s->box[0], PetscMax(s->box[1], s->box[2])) <= 4096)
    for (int i = 0; i < 3; i++) s->box[i]++;
  if ((PetscReal)s->box[0] * s->box[1] * s->box[2] > 1e9) PetscCall(DeckError(deck, "width", "a packet of this width needs a box of %d x %d x %d cells", (int)s->box[0], (int)s->box[1], (int)s->box[2]));
  PetscFunctionReturn(0);
}

/* Length of q folded to its shortest image. */
static PetscReal ShortestQ(Crystal crystal, const PetscReal q[3])
{
  PetscReal shortest = HUGE_VAL;

  for (int i = 0; i < 125; i++) {
    const PetscReal x[3] = {q[0] - rint(q[0]) + i / 25 - 2, q[1] - rint(q[1]) + i / 5 % 5 - 2, q[2] - rint(q[2]) + i % 5 - 2};
    PetscReal       cart[3];

    MatTVec3(crystal->b, x, cart);
    shortest = PetscMin(shortest, Norm3(cart));
  }
  return shortest;
}

static PetscErrorCode GetMode(Deck mode, const PacketStudy *s, Packet *p)
{
  PetscInt nm, branch;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(s->material, NULL, &nm, NULL, NULL));
  PetscCall(DeckGetVector(mode, "q", p->q, NULL));
  PetscCall(DeckGetInt(mode, "branch", &branch, NULL));
  if (branch > nm) PetscCall(DeckError(mode, "branch", "there is no branch %d: this material has %d", (int)branch, (int)nm));
  p->branch = branch - 1;
  p->width  = s->width;
  PetscCall(PacketFind(s->material, p));
  if (p->first < 3 && ShortestQ(s->crystal, p->q) * s->width < 3)
    PetscCall(DeckError(mode, "q", "an acoustic packet of width %.4g nm holds Gamma when |q| is below 3 / width: a wider packet, or a larger q", s->width * UMK_BOHR_M * 1e9));
  if (p->omega <= 0) PetscCall(DeckError(mode, "branch", "branch %d is unstable at this q (imaginary frequency): no packet of it travels", (int)branch));
  if (Norm3(p->velocity) < 1e-3 * p->omega * Norm3(s->crystal->a[0]) / (2 * UMK_PI))
    PetscCall(DeckError(mode, "q", "branch %d has no group velocity here (%.3g m/s): its packet goes nowhere", (int)branch, Norm3(p->velocity) * UMK_VELOCITY_M_S));
  PetscFunctionReturn(0);
}

/* Largest frequency on a mesh, with a little to spare. */
static PetscErrorCode LargestFrequency(Material m, PetscReal *largest)
{
  PetscInt   nm;
  PetscReal *omega;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(m, NULL, &nm, NULL, NULL));
  PetscCall(PetscMalloc1(nm, &omega));
  *largest = 0;
  for (int i = 0; i < 512; i++) {
    const PetscReal q[3] = {i / 64 / 8., i / 8 % 8 / 8., i % 8 / 8.};
    PetscCall(MaterialPhonons(m, 1, q, omega, NULL, NULL));
    *largest = PetscMax(*largest, omega[nm - 1]);
  }
  *largest *= 1.02;
  PetscCall(PetscFree(omega));
  PetscFunctionReturn(0);
}

static PetscErrorCode GetStudy(Deck deck, Material m, PacketStudy *s)
{
  Deck mode;

  PetscFunctionBeginUser;
  s->material = m;
  PetscCall(MaterialGetCrystal(m, &s->crystal));
  if (s->crystal->dimension != 3) PetscCall(DeckError(deck, "", "packets move in three dimensions; this material has two"));
  PetscCall(DeckGetReal(deck, "width", &s->width, NULL));
  PetscCall(DeckGetReal(deck, "distance", &s->distance, NULL));
  PetscCall(DeckGetReal(deck, "step", &s->step, NULL));
  PetscCall(DeckGetInt(deck, "samples", &s->nsamples, NULL));
  PetscCall(DeckGetSectionCount(deck, "modes", &s->n));
  PetscCall(GetBox(deck, s));
  PetscCall(LargestFrequency(m, &s->omega_max));
  PetscCall(PetscCalloc4(s->n, &s->packet, s->n * s->nsamples, &s->sample, 3 * s->n, &s->velocity, s->n, &s->steps));
  PetscCall(PetscCalloc3(s->n * NBINS, &s->position, s->n * NPROFILES * NBINS, &s->profile, s->n * NPROFILES, &s->profile_time));
  for (PetscInt i = 0; i < s->n; i++) {
    PetscCall(DeckGetSectionAt(deck, "modes", i, &mode));
    PetscCall(GetMode(mode, s, &s->packet[i]));
  }
  PetscFunctionReturn(0);
}

/* --- motion ------------------------------------------------------------------------------------------------ */

/* Slope of the straight line through the centres. */
static void FitVelocity(PetscInt n, const PacketSample *x, PetscReal velocity[3])
{
  PetscReal mean = 0, square = 0;

  for (PetscInt i = 0; i < n; i++) mean += x[i].time / n;
  for (PetscInt i = 0; i < n; i++) square += (x[i].time - mean) * (x[i].time - mean);
  for (int c = 0; c < 3; c++) {
    velocity[c] = 0;
    for (PetscInt i = 0; i < n; i++) velocity[c] += (x[i].time - mean) / square * x[i].centre[c];
  }
}

/* Profiles lie on one axis: bins of the window about the current centre go to their place along the path from the start. */
static void KeepProfile(const PacketStudy *s, PetscInt i, PetscInt which, PetscReal travelled, PetscReal time, const PetscReal *bins)
{
  const PetscReal step  = BIN_WIDTHS * s->width;
  const PetscInt  shift = (PetscInt)lround(travelled / step);

  s->profile_time[i * NPROFILES + which] = time;
  for (PetscInt b = 0; b < NBINS; b++) {
    const PetscInt to = b + shift - NBINS / 4;
    if (to >= 0 && to < NBINS) s->profile[(i * NPROFILES + which) * NBINS + to] = bins[b];
  }
}

static PetscErrorCode MovePacket(PacketStudy *s, Lattice lattice, PetscInt i, PetscReal *energy)
{
  Packet         *p     = &s->packet[i];
  PacketSample   *x     = s->sample + i * s->nsamples;
  const PetscReal speed = Norm3(p->velocity), length = BIN_WIDTHS * s->width;
  const PetscReal axis[3] = {p->velocity[0] / speed, p->velocity[1] / speed, p->velocity[2] / speed};
  const PetscReal interval = s->distance * s->width / speed / (s->nsamples - 1);
  const PetscInt  steps    = (PetscInt)ceil(interval * s->omega_max / s->step);
  PetscReal       near[3], start[3], bins[NBINS];
  Progress        progress;
  char            stage[32];

  PetscFunctionBeginUser;
  s->steps[i] = steps * (s->nsamples - 1);
  PetscCall(PacketPrepare(s->material, p, lattice, p));
  PacketMiddle(s->crystal, s->box, start);
  memcpy(near, start, sizeof near);
  snprintf(stage, sizeof stage, "packet %d of %d", (int)i + 1, (int)s->n);
  ProgressBegin(&progress, stage, (PetscReal)s->nsamples);
  for (PetscInt t = 0; t < s->nsamples; t++) {
    PetscReal along[3];

    if (t) PetscCall(LatticeStep(lattice, interval / steps, steps));
    x[t].time = t * interval;
    /* the window moves on by whole bins, so that profiles of all times fall on one axis */
    const PetscReal travelled = t * interval * speed, whole = rint(travelled / length) * length;
    for (int c = 0; c < 3; c++) along[c] = start[c] + whole * axis[c];
    memcpy(near, along, sizeof near);
    PetscCall(PacketMeasure(s->material, lattice, near, energy, NBINS, axis, length, bins, &x[t]));
    for (int k = 0; k < NPROFILES; k++)
      if (t == (s->nsamples - 1) * k / (NPROFILES - 1)) KeepProfile(s, i, k, whole, x[t].time, bins);
    ProgressUpdate(&progress, (PetscReal)(t + 1));
  }
  ProgressEnd(&progress);
  for (PetscInt b = 0; b < NBINS; b++) s->position[i * NBINS + b] = (b + 0.5 - NBINS / 4) * length;
  FitVelocity(s->nsamples, x, s->velocity + 3 * i);
  PetscFunctionReturn(0);
}

/* --- results ------------------------------------------------------------------------------------------------ */

static PetscReal Difference(const PetscReal a[3], const PetscReal b[3])
{
  const PetscReal d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  return Norm3(d) / Norm3(b);
}

/* degrees */
static PetscReal Angle(const PetscReal a[3], const PetscReal b[3])
{
  const PetscReal c[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
  return atan2(Norm3(c), Dot3(a, b)) * 180 / UMK_PI;
}

/* Largest relative departure of the total energy from its first value. */
static PetscReal EnergyDrift(const PacketStudy *s, PetscInt i)
{
  const PacketSample *x     = s->sample + i * s->nsamples;
  PetscReal           drift = 0;

  for (PetscInt t = 0; t < s->nsamples; t++) drift = PetscMax(drift, fabs(x[t].energy / x[0].energy - 1));
  return drift;
}

static void MeanCurrent(const PacketStudy *s, PetscInt i, PetscReal v[3])
{
  for (int c = 0; c < 3; c++) {
    v[c] = 0;
    for (PetscInt t = 0; t < s->nsamples; t++) v[c] += s->sample[i * s->nsamples + t].current[c] / s->nsamples;
  }
}

static PetscErrorCode WriteModes(const PacketStudy *s, Results r)
{
  const PetscInt n = s->n, dims[2] = {n, 3};
  PetscInt      *branch;
  PetscReal     *x[9];

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(n, &branch));
  for (int k = 0; k < 9; k++) PetscCall(PetscMalloc1(3 * n, &x[k]));
  for (PetscInt i = 0; i < n; i++) {
    const Packet *p = &s->packet[i];
    PetscReal     current[3];

    MeanCurrent(s, i, current);
    branch[i] = p->branch + 1;
    x[4][i]   = p->omega * 1e-12 / (2 * UMK_PI * UMK_TIME_S);
    x[5][i]   = Norm3(s->velocity + 3 * i) / Norm3(p->velocity) - 1;
    x[6][i]   = Angle(s->velocity + 3 * i, p->velocity);
    x[7][i]   = Difference(s->velocity + 3 * i, p->velocity);
    x[8][i]   = EnergyDrift(s, i);
    for (int c = 0; c < 3; c++) {
      x[0][3 * i + c] = p->velocity[c] * UMK_VELOCITY_M_S;
      x[1][3 * i + c] = s->velocity[3 * i + c] * UMK_VELOCITY_M_S;
      x[2][3 * i + c] = p->mean_velocity[c] * UMK_VELOCITY_M_S;
      x[3][3 * i + c] = current[c] * UMK_VELOCITY_M_S;
    }
  }
  PetscCall(ResultsWriteIntegers(r, "/wave_packet/branch", 1, &n, branch, RESULTS_LABEL("1", "packet", "branch, counted from 1 in ascending frequency")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/group_velocity", 2, dims, x[0], RESULTS_LABEL("m/s", "packet, i", "d omega / d q of the mode, from the interpolated phonons")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/energy_velocity", 2, dims, x[1], RESULTS_LABEL("m/s", "packet, i", "straight line through the centre of energy against time")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/mean_group_velocity", 2, dims, x[2], RESULTS_LABEL("m/s", "packet, i", "group velocity averaged over the packet's wave vectors: what a packet of this width has")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/current_velocity", 2, dims, x[3], RESULTS_LABEL("m/s", "packet, i", "energy current between the atoms over energy, mean over the times")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/frequency", 1, &n, x[4], RESULTS_LABEL("THz", "packet", "frequency of the mode")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/speed_deviation", 1, &n, x[5], RESULTS_LABEL("1", "packet", "|energy velocity| / |group velocity| - 1")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/angle", 1, &n, x[6], RESULTS_LABEL("degree", "packet", "angle between energy velocity and group velocity")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/deviation", 1, &n, x[7], RESULTS_LABEL("1", "packet", "|energy velocity - group velocity| / |group velocity|")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/energy_drift", 1, &n, x[8], RESULTS_LABEL("1", "packet", "largest relative departure of the total energy from its first value")));
  for (PetscInt i = 0; i < n; i++) memcpy(x[0] + 3 * i, s->packet[i].q, sizeof s->packet[i].q);
  PetscCall(ResultsWriteArray(r, "/wave_packet/q", 2, dims, x[0], RESULTS_LABEL("1", "packet, i", "wave vector, fractional")));
  for (int k = 0; k < 9; k++) PetscCall(PetscFree(x[k]));
  PetscCall(PetscFree(branch));
  PetscFunctionReturn(0);
}

static PetscErrorCode WriteTimes(const PacketStudy *s, Results r)
{
  const PetscInt  total = s->n * s->nsamples, dims[3] = {s->n, s->nsamples, 3}, shape[3] = {s->n, NPROFILES, NBINS}, along[2] = {s->n, NBINS}, three = 3;
  const PetscReal picosecond = UMK_TIME_S * 1e12, nanometre = UMK_BOHR_M * 1e9, width = s->width * UMK_BOHR_M * 1e9;
  PetscReal      *time, *energy, *centre;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(total, &time, total, &energy, 3 * total, &centre));
  for (PetscInt i = 0; i < total; i++) {
    const PacketSample *first = s->sample + i / s->nsamples * s->nsamples, *x = s->sample + i;

    time[i]   = x->time * picosecond;
    energy[i] = x->energy / first->energy;
    for (int c = 0; c < 3; c++) centre[3 * i + c] = (x->centre[c] - first->centre[c]) * nanometre;
  }
  PetscCall(ResultsWriteArray(r, "/wave_packet/time", 2, dims, time, RESULTS_LABEL("ps", "packet, sample", "times of measurement")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/centre", 3, dims, centre, RESULTS_LABEL("nm", "packet, sample, i", "centre of energy, from where it was at first")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/energy", 2, dims, energy, RESULTS_LABEL("1", "packet, sample", "total energy over its first value")));
  for (PetscInt i = 0; i < s->n * NBINS; i++) s->position[i] *= nanometre;
  for (PetscInt i = 0; i < s->n * NPROFILES * NBINS; i++) s->profile[i] /= nanometre;
  for (PetscInt i = 0; i < s->n * NPROFILES; i++) s->profile_time[i] *= picosecond;
  PetscCall(ResultsWriteArray(r, "/wave_packet/profile/position", 2, along, s->position, RESULTS_LABEL("nm", "packet, bin", "along the group velocity, from the first centre")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/profile/time", 2, shape, s->profile_time, RESULTS_LABEL("ps", "packet, profile", "times of the profiles")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/profile/density", 3, shape, s->profile, RESULTS_LABEL("1/nm", "packet, profile, bin", "share of the energy per length along the group velocity")));
  PetscCall(ResultsWriteArray(r, "/wave_packet/width", 0, NULL, &width, RESULTS_LABEL("nm", "", "standard deviation of the energy density")));
  PetscCall(ResultsWriteIntegers(r, "/wave_packet/box", 1, &three, s->box, RESULTS_LABEL("1", "lattice vector", "cells of the periodic crystal")));
  PetscCall(PetscFree3(time, energy, centre));
  PetscFunctionReturn(0);
}

static PetscErrorCode Report(const PacketStudy *s)
{
  const ReportColumn columns[] = {{"q", NULL, NULL}, {"branch", NULL, "%.0f"}, {"frequency", "THz", "%.4f"}, {"group", "m/s", "%.1f"}, {"energy", "m/s", "%.1f"}, {"speed", "%", "%+.3f"},
                                  {"angle", "degree", "%.3f"}, {"deviation", "%", "%.3f"}, {"of width", "%", "%.3f"}, {"current", "%", "%.4f"}, {"drift", NULL, "%.1e"}};
  ReportTable        table;
  int                rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  if (rank) PetscFunctionReturn(0);
  PetscCall(ReportTableCreate(11, columns, &table));
  for (PetscInt i = 0; i < s->n; i++) {
    const Packet    *p = &s->packet[i];
    const PetscReal *v = s->velocity + 3 * i;
    char             q[48];
    const char      *text[11] = {q};
    PetscReal        current[3];

    MeanCurrent(s, i, current);
    snprintf(q, sizeof q, "%g %g %g", p->q[0], p->q[1], p->q[2]);
    const PetscReal row[11] = {0, (PetscReal)p->branch + 1, p->omega * 1e-12 / (2 * UMK_PI * UMK_TIME_S), Norm3(p->velocity) * UMK_VELOCITY_M_S, Norm3(v) * UMK_VELOCITY_M_S,
                               100 * (Norm3(v) / Norm3(p->velocity) - 1), Angle(v, p->velocity), 100 * Difference(v, p->velocity), 100 * Difference(p->mean_velocity, p->velocity),
                               100 * Difference(current, v), EnergyDrift(s, i)};
    PetscCall(ReportTableAddRow(table, row, text));
  }
  PetscCall(ReportTableLog(table));
  PetscCall(ReportTableDestroy(&table));
  Log(1, "          energy: velocity of the centre of energy; deviation from the group velocity, part of it of the finite width (mean over the packet);");
  Log(1, "          current: energy current between atoms against the motion of the centre; drift: of the total energy");
  PetscFunctionReturn(0);
}

PetscErrorCode WavePacketRun(Deck deck, Material m, Results r)
{
  const LatticeLayout *l;
  PacketStudy               s = {0};
  Lattice              lattice;
  PetscReal           *energy;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(deck, "wave_packet", &deck));
  PetscCall(GetStudy(deck, m, &s));
  PetscCall(LatticeCreate(PETSC_COMM_WORLD, m, s.box, &lattice));
  PetscCall(LatticeGetLayout(lattice, &l));
  Log(1, "lattice   %d x %d x %d cells, springs reach %d, %d, %d cells; %d packet%s of width %.3g nm", (int)s.box[0], (int)s.box[1], (int)s.box[2], (int)l->reach[0], (int)l->reach[1], (int)l->reach[2],
      (int)s.n, s.n > 1 ? "s" : "", s.width * UMK_BOHR_M * 1e9);
  PetscCall(PetscMalloc1((l->end - l->begin) * l->n[1] * l->n[2] * (l->nm / 3), &energy));
  for (PetscInt i = 0; i < s.n; i++) PetscCall(MovePacket(&s, lattice, i, energy));
  PetscCall(Report(&s));
  PetscCall(WriteModes(&s, r));
  PetscCall(WriteTimes(&s, r));
  PetscCall(PetscFree(energy));
  PetscCall(LatticeDestroy(&lattice));
  PetscCall(PetscFree4(s.packet, s.sample, s.velocity, s.steps));
  PetscCall(PetscFree3(s.position, s.profile, s.profile_time));
  PetscFunctionReturn(0);
}
