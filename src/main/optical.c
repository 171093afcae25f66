/* The study `optical`: deck, results, report. See optical.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "optical.h"

static const DeckKey keys[] = {
  {"optical", DECK_SECTION, .help = "study: optical conductivity and dielectric function from transitions between the bands, beside the Drude weight of the bands themselves"},
  {"optical.energy", DECK_REAL_LIST, .unit = "eV", .fallback = "0:8:0.02 eV", .min = 0, .max = 1e3, .min_count = 1, .help = "photon energies hbar omega (0.1 eV, 24 THz)"},
  {"optical.mesh", DECK_INT3, .fallback = "24", .min = 1, .max = 1024, .help = "k mesh of the transitions"},
  {"optical.broadening", DECK_REAL, .unit = "eV", .positive = true, .help = "standard deviation of the delta functions, the same for all; default: adaptive"},
  {"optical.adaptive", DECK_REAL, .fallback = "1.5", .min = 0.1, .max = 100, .help = "adaptive broadening: times the standard deviation of the transition's energy over a mesh cell"},
  {"optical.position", DECK_BOOL, .help = "include the term of the Wannier functions' position matrix in the velocities; default: when the material has one"},
  {"optical.relaxation_time", DECK_REAL, .unit = "fs", .positive = true, .help = "adds the intraband part D tau / (1 - i omega tau); without it the Drude weight D is given alone"},
  {NULL}};

PetscErrorCode OpticalRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

static PetscErrorCode GetStudy(Deck deck, OpticalStudy *s)
{
  PetscInt spin;
  bool     optics, position, given;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetCrystal(s->material, &s->crystal));
  PetscCall(MaterialGetSizes(s->material, &s->nbands, NULL, NULL, &spin));
  PetscCall(MaterialHasOptics(s->material, &optics, &position));
  if (!optics) PetscCall(DeckError(deck, "material", "the bands of a model have no transitions between them: 'optical' needs interpolated bands"));
  PetscCall(DeckGetSection(deck, "optical", &s->section));
  s->position = position;
  PetscCall(DeckHas(s->section, "position", &given));
  if (given) PetscCall(DeckGetBool(s->section, "position", &s->position));
  if (s->position && !position) PetscCall(DeckError(s->section, "position", "this material has no position matrix"));
  PetscCall(DeckGetRealList(s->section, "energy", &s->nenergies, &s->energy));
  PetscCall(DeckGetReal(s->section, "broadening", &s->width, &given));
  if (!given) s->width = 0;
  PetscCall(DeckHas(s->section, "adaptive", &position));
  if (given && position) PetscCall(DeckError(s->section, "adaptive", "broadening is given twice: keep optical.broadening or optical.adaptive"));
  PetscCall(DeckGetReal(s->section, "adaptive", &s->adaptive, NULL));
  PetscCall(DeckGetReal(s->section, "relaxation_time", &s->tau, &given));
  if (!given) s->tau = 0;
  s->spin = (int)spin;
  PetscFunctionReturn(0);
}

/* Mesh, carriers, and bins that reach beyond the widest transition. */
static PetscErrorCode SetUp(Deck deck, OpticalStudy *s)
{
  PetscInt  n[3];
  Carriers  carriers;
  PetscReal k[3] = {0}, widest = 0, *energy;

  PetscFunctionBeginUser;
  PetscCall(DeckGetInt3(s->section, "mesh", n, NULL));
  if (s->crystal->dimension == 2) n[2] = 1;
  PetscCall(ScanCreate(deck, s->material, SPECIES_ELECTRON, &s->scan));
  PetscCall(MeshCreate(PETSC_COMM_WORLD, s->crystal, n, true, &s->mesh));
  PetscCall(CarriersCreate(PETSC_COMM_WORLD, s->material, s->mesh, &carriers));
  PetscCall(ScanSolveCarriers(&s->scan, carriers, s->material));
  PetscCall(CarriersDestroy(&carriers));
  s->npoints = s->scan.nT * s->scan.nC;
  s->scale   = s->spin / (s->crystal->volume * (PetscReal)s->mesh->size);
  PetscCall(PetscMalloc1(s->nbands, &energy));
  for (PetscInt i = 0; i < s->mesh->nwedge; i += PetscMax(1, s->mesh->nwedge / 200)) {
    MeshPoint(s->mesh, s->mesh->wedge[i], k);
    PetscCall(MaterialElectrons(s->material, 1, k, energy, NULL, NULL));
    widest = PetscMax(widest, energy[s->nbands - 1] - energy[0]);
  }
  PetscCall(PetscFree(energy));
  s->bin   = s->width > 0 ? PetscMin(s->width / 4, 4e-3 * UMK_EV) : 4e-3 * UMK_EV;
  s->nbins = (PetscInt)ceil((1.25 * widest + 10 * s->width + 1 * UMK_EV) / s->bin);
  PetscFunctionReturn(0);
}

/* --- results -------------------------------------------------------------------------------------------------------------------- */

static const int place[9] = {0, 5, 4, 5, 1, 3, 4, 3, 2}; /* of ij among xx yy zz yz xz xy */

typedef struct {
  PetscReal *sigma, *intraband, *epsilon, *joint; /* [npoints][nenergies][3][3][2]; joint [npoints][nenergies] */
} Spectra;

/* eps = 1 + 4 pi i sigma / omega; at omega = 0 the limit of the interband part, 1 + 8 integral Re sigma / w^2. */
static void Dielectric(const OpticalStudy *s, PetscInt p, PetscInt e, const Complex *inter, PetscReal *epsilon)
{
  const PetscReal omega = s->energy[e];

  for (int i = 0; i < 9; i++) {
    Complex value = i % 4 == 0;

    if (omega > 0) {
      const Complex intra = s->tau > 0 ? s->drude[6 * p + place[i]] * s->tau / (1 - I * omega * s->tau) : 0;
      value += 4 * UMK_PI * I * (inter[6 * e + place[i]] + intra) / omega;
    } else {
      for (PetscInt b = 0; b < s->nbins; b++) value += 8 * s->spectrum[(p * s->nbins + b) * OPTICAL_COLUMNS + place[i]] / pow((b + 0.5) * s->bin, 2);
      if (s->tau > 0) value = NAN;
    }
    epsilon[2 * i]     = creal(value);
    epsilon[2 * i + 1] = cimag(value);
  }
}

static PetscErrorCode MakeSpectra(const OpticalStudy *s, PetscReal si, Spectra *x)
{
  const PetscInt n = s->npoints * s->nenergies;
  Complex       *inter;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc4(18 * n, &x->sigma, 18 * n, &x->intraband, 18 * n, &x->epsilon, n, &x->joint));
  PetscCall(PetscMalloc1(6 * s->nenergies, &inter));
  for (PetscInt p = 0; p < s->npoints; p++) {
    OpticalSpectrum(s, p, inter, x->joint + p * s->nenergies);
    for (PetscInt e = 0; e < s->nenergies; e++) {
      const PetscInt at = 18 * (p * s->nenergies + e);

      for (int i = 0; i < 9; i++) {
        const Complex intra = s->tau > 0 ? si * s->drude[6 * p + place[i]] * s->tau / (1 - I * s->energy[e] * s->tau) : 0;
        x->sigma[at + 2 * i]         = si * creal(inter[6 * e + place[i]]);
        x->sigma[at + 2 * i + 1]     = si * cimag(inter[6 * e + place[i]]);
        x->intraband[at + 2 * i]     = creal(intra);
        x->intraband[at + 2 * i + 1] = cimag(intra);
      }
      Dielectric(s, p, e, inter, x->epsilon + at);
      x->joint[p * s->nenergies + e] *= UMK_EV;
    }
  }
  PetscCall(PetscFree(inter));
  PetscFunctionReturn(0);
}

static PetscErrorCode WriteSums(const OpticalStudy *s, Results r)
{
  static const char *const name[3] = {"/optical/sum/interband", "/optical/sum/drude", "/optical/sum/total"};
  static const char *const help[3] = {"(2/pi) integral of Re sigma between the bands, as electrons of mass m_e per cell", "Drude weight D of the bands, likewise", "what both must add up to: occupied bands' D_i v_j, likewise"};
  const PetscInt           dims[4] = {s->scan.nT, s->scan.nC, 3, 3};
  PetscReal               *value;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(9 * s->npoints, &value));
  for (int q = 0; q < 3; q++) {
    for (PetscInt i = 0; i < 9 * s->npoints; i++) {
      const PetscInt p = i / 9, c = place[i % 9];
      value[i] = s->crystal->volume * (q == 0 ? 2 / UMK_PI * OpticalIntegral(s, p, (int)c) : q == 1 ? s->drude[6 * p + c] : s->sum[6 * p + c]);
    }
    PetscCall(ResultsWriteArray(r, name[q], 4, dims, value, RESULTS_LABEL("1", "temperature, carriers, i, j", help[q])));
  }
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

static PetscErrorCode WritePoints(const OpticalStudy *s, Results r)
{
  const PetscInt dims[2] = {s->scan.nT, s->scan.nC};
  PetscReal     *mu, *temperature, *energy;

  PetscFunctionBeginUser;
  PetscCall(PetscMalloc3(s->npoints, &mu, s->scan.nT, &temperature, s->nenergies, &energy));
  for (PetscInt p = 0; p < s->npoints; p++) mu[p] = s->scan.point[p].mu / UMK_EV;
  for (PetscInt t = 0; t < s->scan.nT; t++) temperature[t] = s->scan.kT[t] / UMK_KELVIN;
  for (PetscInt e = 0; e < s->nenergies; e++) energy[e] = s->energy[e] / UMK_EV;
  PetscCall(ResultsWriteArray(r, "/optical/temperature", 1, dims, temperature, RESULTS_LABEL("K", "temperature", "temperature")));
  PetscCall(ResultsWriteArray(r, "/optical/chemical_potential", 2, dims, mu, RESULTS_LABEL("eV", "temperature, carriers", "chemical potential")));
  PetscCall(ResultsWriteArray(r, "/optical/energy", 1, &s->nenergies, energy, RESULTS_LABEL("eV", "photon", "photon energy hbar omega")));
  PetscCall(PetscFree3(mu, temperature, energy));
  PetscFunctionReturn(0);
}

static PetscErrorCode Write(const OpticalStudy *s, Results r, const Spectra *x)
{
  const PetscInt  dims[6] = {s->scan.nT, s->scan.nC, s->nenergies, 3, 3, 2};
  const PetscReal gap     = s->gap / UMK_EV;
  const bool      sheet   = s->crystal->dimension == 2 && s->crystal->thickness == 0;
  const char     *unit = sheet ? "S" : "S/m", *axes = "temperature, carriers, photon, i, j, re/im";

  PetscFunctionBeginUser;
  PetscCall(WritePoints(s, r));
  PetscCall(ResultsWriteArray(r, "/optical/conductivity_interband", 6, dims, x->sigma, RESULTS_LABEL(unit, axes, "conductivity from transitions between bands, exp(-i omega t)")));
  if (s->tau > 0) PetscCall(ResultsWriteArray(r, "/optical/conductivity_intraband", 6, dims, x->intraband, RESULTS_LABEL(unit, axes, "D tau / (1 - i omega tau) of the deck's relaxation time")));
  if (!sheet) PetscCall(ResultsWriteArray(r, "/optical/dielectric_function", 6, dims, x->epsilon, RESULTS_LABEL("1", axes, "1 + i sigma / epsilon_0 omega, of both parts that the file holds")));
  PetscCall(ResultsWriteArray(r, "/optical/joint_density", 3, dims, x->joint, RESULTS_LABEL("1/eV", "temperature, carriers, photon", "joint density of states per cell, with spin, weighted with f_n - f_m")));
  PetscCall(WriteSums(s, r));
  if (isfinite(gap)) PetscCall(ResultsWriteArray(r, "/optical/direct_gap", 0, NULL, &gap, RESULTS_LABEL("eV", "", "least energy between the highest valence and the lowest conduction band at one k of the mesh")));
  PetscFunctionReturn(0);
}

/* --- the report ------------------------------------------------------------------------------------------------------------------ */

static PetscReal Trace(const PetscReal *tensor) { return (tensor[0] + tensor[8] + tensor[16]) / 3; }

/* Where the mean of the diagonal of Re sigma is larger than a little to either side. */
static void ReportPeaks(const OpticalStudy *s, PetscInt p, const PetscReal *sigma)
{
  char   text[256] = "";
  size_t at        = 0;

  for (PetscInt e = 3; e + 3 < s->nenergies && at + 32 < sizeof text; e++) {
    const PetscReal here = Trace(sigma + 18 * (p * s->nenergies + e));
    bool            peak = here > 0;

    for (PetscInt d = -3; d <= 3; d++) peak = peak && (d == 0 || here > Trace(sigma + 18 * (p * s->nenergies + e + d)));
    if (peak) at += (size_t)snprintf(text + at, sizeof text - at, "%s%.3f (%.3g)", at ? ", " : "", s->energy[e] / UMK_EV, here);
  }
  Log(1, "peaks     %s", at ? text : "none");
}

static PetscErrorCode Report(const OpticalStudy *s, const Spectra *x)
{
  static const ReportColumn columns[] = {{"temperature", "K", "%.1f"}, {"mu", "eV", "%.4f"}, {"interband", "per cell", "%.5f"}, {"Drude", "per cell", "%.4g"}, {"sum", "per cell", "%.5f"}, {"bands", "per cell", "%.5f"}, {"defect", NULL, "%.2e"}, {"eps(0)", NULL, "%.4f"}};
  ReportTable table;
  int         rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  Log(1, "mesh      %d x %d x %d, %d points of the wedge; velocities %s the position matrix", (int)s->mesh->n[0], (int)s->mesh->n[1], (int)s->mesh->n[2], (int)s->mesh->nwedge, s->position ? "with" : "without");
  if (isfinite(s->gap)) Log(1, "gap       least direct gap on the mesh %.4f eV at k = %.4f %.4f %.4f", s->gap / UMK_EV, s->gap_k[0], s->gap_k[1], s->gap_k[2]);
  ReportPeaks(s, 0, x->sigma);
  if (rank) PetscFunctionReturn(0);
  PetscCall(ReportTableCreate(8, columns, &table));
  for (PetscInt p = 0; p < s->npoints; p++) {
    PetscReal sum[3] = {0}, zero[18], epsilon;

    for (int c = 0; c < 3; c++) {
      sum[0] += s->crystal->volume * 2 / UMK_PI * OpticalIntegral(s, p, c) / 3;
      sum[1] += s->crystal->volume * s->drude[6 * p + c] / 3;
      sum[2] += s->crystal->volume * s->sum[6 * p + c] / 3;
    }
    epsilon = NAN;
    if (s->energy[0] == 0 && s->tau == 0) {
      memcpy(zero, x->epsilon + 18 * p * s->nenergies, sizeof zero);
      epsilon = Trace(zero);
    }
    PetscCall(ReportTableAddRow(table, (const PetscReal[8]){s->scan.point[p].kT / UMK_KELVIN, s->scan.point[p].mu / UMK_EV, sum[0], sum[1], sum[0] + sum[1], sum[2], (sum[0] + sum[1]) / sum[2] - 1, epsilon}, NULL));
  }
  Log(0, "\n");
  PetscCall(ReportTableLog(table));
  PetscCall(ReportTableDestroy(&table));
  Log(0, "\n");
  PetscFunctionReturn(0);
}

PetscErrorCode OpticalRun(Deck deck, Material m, Results r)
{
  const PetscReal si = UMK_CHARGE_C * UMK_CHARGE_C / (UMK_HBAR_JS * UMK_BOHR_M);
  OpticalStudy    s  = {.material = m};
  Spectra         x;

  PetscFunctionBeginUser;
  PetscCall(GetStudy(deck, &s));
  PetscCall(SetUp(deck, &s));
  PetscCall(OpticalSum(&s));
  PetscCall(MakeSpectra(&s, s.crystal->dimension == 2 && s.crystal->thickness == 0 ? si * UMK_BOHR_M : si, &x));
  PetscCall(Write(&s, r, &x));
  PetscCall(Report(&s, &x));
  PetscCall(PetscFree4(x.sigma, x.intraband, x.epsilon, x.joint));
  PetscCall(PetscFree(s.spectrum));
  PetscCall(PetscFree2(s.drude, s.sum));
  PetscCall(PetscFree(s.energy));
  PetscCall(ScanDestroy(&s.scan));
  PetscCall(MeshDestroy(&s.mesh));
  PetscFunctionReturn(0);
}
