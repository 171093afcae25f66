/* The points of a run: temperatures and carriers of the deck, chemical potentials, the energy window. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run.h"

static const DeckKey keys[] = {
  {"temperature", DECK_REAL_LIST, .unit = "K", .positive = true, .max = 1e5, .min_count = 1, .help = "temperatures: scalar, list or first:last:step"},
  {"carriers", DECK_SECTION, .help = "one of electrons, holes, net (sheet_electrons, ... in two dimensions), chemical_potential; a metal may leave it out"},
  {"carriers.electrons", DECK_REAL_LIST, .unit = "cm^-3", .positive = true, .max = 1e26, .help = "electrons in the conduction bands (a metal: in all bands)"},
  {"carriers.holes", DECK_REAL_LIST, .unit = "cm^-3", .positive = true, .max = 1e26, .help = "holes in the valence bands"},
  {"carriers.net", DECK_REAL_LIST, .unit = "cm^-3", .min = -1e26, .max = 1e26, .help = "electrons minus holes (donors minus acceptors); 0 is intrinsic"},
  {"carriers.sheet_electrons", DECK_REAL_LIST, .unit = "cm^-2", .positive = true, .max = 1e18, .help = "two dimensions: electrons per area"},
  {"carriers.sheet_holes", DECK_REAL_LIST, .unit = "cm^-2", .positive = true, .max = 1e18, .help = "two dimensions: holes per area"},
  {"carriers.sheet_net", DECK_REAL_LIST, .unit = "cm^-2", .min = -1e18, .max = 1e18, .help = "two dimensions: electrons minus holes per area"},
  {"carriers.chemical_potential", DECK_REAL_LIST, .unit = "eV", .min = -1e4, .max = 1e4, .help = "given instead of a density"},
  {"magnetic_field", DECK_FIELD_LIST, .unit = "T", .fallback = "0 T", .min = -1e5, .max = 1e5, .min_count = 1, .help = "magnetic fields: strengths along z, or vectors; a sheet feels the field along z alone"},
  {"frequency", DECK_REAL_LIST, .unit = "THz", .fallback = "0 THz", .min = 0, .max = 1e6, .min_count = 1, .help = "frequencies of the field and the gradient, omega/2 pi; any but 0 makes the tensors complex"},
  {"solve", DECK_CHOICE_LIST, .choices = "rta|full|drag", .fallback = "[rta, full]", .help = "levels: relaxation times; the whole collision operator of the electrons, or of the phonons; drag: of both together"},
  {NULL}};

PetscErrorCode ScanRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

static const struct {
  const char *name;
  ScanKind    kind;
  int         dimension; /* 2: per area; 3: per volume; 0: either */
} given[] = {{"electrons", SCAN_ELECTRONS, 3}, {"holes", SCAN_HOLES, 3}, {"net", SCAN_NET, 3}, {"sheet_electrons", SCAN_ELECTRONS, 2}, {"sheet_holes", SCAN_HOLES, 2}, {"sheet_net", SCAN_NET, 2}, {"chemical_potential", SCAN_POTENTIAL, 0}};
#define NGIVEN ((int)(sizeof(given) / sizeof(given[0])))

/* Densities per area as amounts per unit of the crystal's volume; per volume they need a thickness in two dimensions. */
static PetscErrorCode convert_sheet(Deck carriers, Material m, int which, Scan *s)
{
  Crystal crystal;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetCrystal(m, &crystal));
  if (given[which].dimension == 2 && crystal->dimension != 2) PetscCall(DeckError(carriers, given[which].name, "this material is three-dimensional: give carriers per volume, e.g. {electrons: 1e16 cm^-3}"));
  if (given[which].dimension == 3 && crystal->dimension == 2 && crystal->thickness == 0.0)
    PetscCall(DeckError(carriers, given[which].name, "a sheet without thickness has carriers per area: {sheet_%s: 1e12 cm^-2}", given[which].name));
  for (PetscInt i = 0; given[which].dimension == 2 && crystal->thickness > 0.0 && i < s->nC; i++) s->carriers[i] /= crystal->thickness;
  PetscFunctionReturn(0);
}

static PetscErrorCode read_carriers(Deck deck, Material m, Scan *s)
{
  Deck     carriers;
  PetscInt nvalence;
  int      which = -1;
  bool     metal;
  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(deck, "carriers", &carriers));
  PetscCall(MaterialGetValenceBands(m, &nvalence, &metal));
  s->kind = SCAN_NEUTRAL;
  for (int k = 0; k < NGIVEN; k++) {
    bool has;
    PetscCall(DeckHas(carriers, given[k].name, &has));
    if (!has) continue;
    if (which >= 0) PetscCall(DeckError(carriers, given[k].name, "carriers are given twice: keep one of %s and %s", given[which].name, given[k].name));
    which   = k;
    s->kind = given[k].kind;
    PetscCall(DeckGetRealList(carriers, given[k].name, &s->nC, &s->carriers));
  }
  if (which < 0 && !(metal && nvalence > 0)) PetscCall(DeckError(deck, "carriers", "give the carriers: electrons, holes or net (e.g. {electrons: 1e16 cm^-3}), or chemical_potential"));
  if (metal && (s->kind == SCAN_HOLES || s->kind == SCAN_NET)) PetscCall(DeckError(carriers, given[which].name, "a metal counts electrons: give carriers.electrons or carriers.chemical_potential"));
  if (s->kind == SCAN_HOLES && nvalence == 0) PetscCall(DeckError(carriers, given[which].name, "this material has no valence bands to hold holes"));
  if (which < 0) {
    s->nC = 1;
    PetscCall(PetscCalloc1(1, &s->carriers));
  } else PetscCall(convert_sheet(carriers, m, which, s));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_fields(Deck deck, Material m, Species species, TransportFields *f)
{
  Crystal crystal;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetCrystal(m, &crystal));
  PetscCall(DeckGetVectorList(deck, "magnetic_field", &f->nB, &f->B));
  PetscCall(DeckGetRealList(deck, "frequency", &f->nF, &f->omega));
  for (PetscInt i = 0; i < f->nB; i++) {
    f->magnetic = f->magnetic || Norm3(f->B[i]) > 0.0;
    if (crystal->dimension == 2 && (f->B[i][0] != 0.0 || f->B[i][1] != 0.0)) PetscCall(DeckError(deck, "magnetic_field", "a sheet feels the field along z alone: write strengths, e.g. [0, 1] T"));
    for (PetscInt j = 0; j < i; j++)
      if (f->B[i][0] == f->B[j][0] && f->B[i][1] == f->B[j][1] && f->B[i][2] == f->B[j][2]) PetscCall(DeckError(deck, "magnetic_field", "entries %d and %d are the same field", (int)j + 1, (int)i + 1));
  }
  if (f->magnetic && species == SPECIES_PHONON) PetscCall(DeckError(deck, "magnetic_field", "phonons feel no magnetic field: leave it out, or give carriers"));
  for (PetscInt i = 0; i < f->nF; i++) {
    f->omega[i] *= 2.0 * UMK_PI;
    f->alternating = f->alternating || f->omega[i] > 0.0;
    for (PetscInt j = 0; j < i; j++)
      if (f->omega[i] == f->omega[j]) PetscCall(DeckError(deck, "frequency", "entries %d and %d are the same frequency", (int)j + 1, (int)i + 1));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode ScanCreate(Deck deck, Material m, Species species, Scan *s)
{
  PetscInt n, *levels;
  PetscFunctionBeginUser;
  *s = (Scan){0};
  PetscCall(DeckGetRealList(deck, "temperature", &s->nT, &s->kT));
  if (s->nT == 0) PetscCall(DeckError(deck, "temperature", "a run needs temperatures, e.g. temperature: 300 K"));
  if (species == SPECIES_PHONON) {
    s->kind = SCAN_LATTICE;
    s->nC   = 1;
    PetscCall(PetscCalloc1(1, &s->carriers));
  } else PetscCall(read_carriers(deck, m, s));
  PetscCall(PetscCalloc1(s->nT * s->nC, &s->point));
  PetscCall(read_fields(deck, m, species, &s->fields));
  PetscCall(DeckGetChoiceList(deck, "solve", &n, &levels));
  for (PetscInt i = 0; i < n; i++) {
    s->nlevels += !s->level[levels[i]];
    s->level[levels[i]] = true;
  }
  PetscCall(PetscFree(levels));
  PetscFunctionReturn(0);
}

PetscErrorCode ScanDestroy(Scan *s)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(s->kT));
  PetscCall(PetscFree(s->carriers));
  PetscCall(PetscFree(s->point));
  PetscCall(PetscFree(s->fields.B));
  PetscCall(PetscFree(s->fields.omega));
  PetscFunctionReturn(0);
}

PetscErrorCode ScanSolveCarriers(Scan *s, Carriers carriers, Material m)
{
  static const CarrierKind kinds[] = {CARRIERS_ELECTRONS, CARRIERS_HOLES, CARRIERS_NET};
  Crystal                  crystal;
  PetscInt                 nvalence;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetCrystal(m, &crystal));
  PetscCall(MaterialGetValenceBands(m, &nvalence, NULL));
  for (PetscInt t = 0; t < s->nT; t++)
    for (PetscInt i = 0; i < s->nC; i++) {
      StatesPoint *p = &s->point[t * s->nC + i];
      p->kT          = s->kT[t];
      p->mu          = s->carriers[i];
      if (s->kind == SCAN_LATTICE) continue;
      if (s->kind == SCAN_POTENTIAL) PetscCall(CarriersCount(carriers, p));
      else if (s->kind == SCAN_NEUTRAL) PetscCall(CarriersSolve(carriers, CARRIERS_ELECTRONS, nvalence / crystal->volume, p));
      else PetscCall(CarriersSolve(carriers, kinds[s->kind], s->carriers[i], p));
    }
  PetscFunctionReturn(0);
}

/* Electrons live in the conduction bands, holes in the valence bands; in a metal, or with both, in all. */
static PetscErrorCode window_bands(const Scan *s, Material m, PetscInt band[2])
{
  PetscInt nbands, nvalence;
  bool     metal;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(m, &nbands, NULL, NULL, NULL));
  PetscCall(MaterialGetValenceBands(m, &nvalence, &metal));
  band[0] = s->kind == SCAN_ELECTRONS && !metal ? nvalence : 0;
  band[1] = s->kind == SCAN_HOLES && !metal ? nvalence : nbands;
  PetscFunctionReturn(0);
}

static bool is_metal(Material m)
{
  PetscInt n;
  bool     metal = false;
  return MaterialGetValenceBands(m, &n, &metal) == 0 && metal;
}

PetscErrorCode ScanWindow(const Scan *s, Deck electrons, Carriers carriers, Material m, StatesWindow *w)
{
  PetscInt   count;
  PetscReal *value, edge[2]; /* valence, conduction */
  PetscFunctionBeginUser;
  PetscCall(DeckGetRealList(electrons, "window", &count, &value));
  PetscCall(CarriersGetEdges(carriers, &edge[0], &edge[1]));
  PetscCall(window_bands(s, m, w->band));
  if (count == 2) {
    if (!(value[0] < value[1])) PetscCall(DeckError(electrons, "window", "an absolute window needs emin < emax"));
    w->n            = 1;
    w->energy[0][0] = value[0];
    w->energy[0][1] = value[1];
  } else if (is_metal(m)) {
    w->n            = 1;
    w->energy[0][0] = HUGE_VAL;
    w->energy[0][1] = -HUGE_VAL;
    for (PetscInt i = 0; i < s->nT * s->nC; i++) {
      w->energy[0][0] = PetscMin(w->energy[0][0], s->point[i].mu - value[0]);
      w->energy[0][1] = PetscMax(w->energy[0][1], s->point[i].mu + value[0]);
    }
  } else {
    const bool low = s->kind != SCAN_ELECTRONS && isfinite(edge[0]), high = s->kind != SCAN_HOLES && isfinite(edge[1]) && !(low && edge[0] == edge[1]);
    w->n           = 0;
    if (!(value[0] > 0.0)) PetscCall(DeckError(electrons, "window", "the window must be positive"));
    for (int k = 0; k < 2; k++) {
      if (!(k == 0 ? low : high)) continue;
      w->energy[w->n][0]   = edge[k] - value[0];
      w->energy[w->n++][1] = edge[k] + value[0];
    }
  }
  PetscCall(PetscFree(value));
  PetscFunctionReturn(0);
}

PetscReal ScanDensity(const Scan *s, const StatesPoint *p)
{
  switch (s->kind) {
  case SCAN_ELECTRONS:
  case SCAN_NEUTRAL: return p->electrons;
  case SCAN_HOLES: return p->holes;
  default: return p->electrons + p->holes;
  }
}

CarrierKind ScanCarrierKind(const Scan *s)
{
  return s->kind == SCAN_ELECTRONS ? CARRIERS_ELECTRONS : s->kind == SCAN_HOLES ? CARRIERS_HOLES : CARRIERS_NET;
}
