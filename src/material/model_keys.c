/*
  The deck's material.model section: its keys and how they become bands.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model.h"
#include <string.h>

const DeckKey ModelKeys[] = {
  {"material.model", DECK_SECTION, .help = "a model material written out in the deck"},
  {"material.model.dimension", DECK_INT, .fallback = "3", .min = 2, .max = 3, .help = "2 or 3"},
  {"material.model.lattice_constant", DECK_REAL, .unit = "angstrom", .positive = true, .help = "cubic (2D: square) cell; without a cell valleys live in a box that just holds them"},
  {"material.model.lattice", DECK_CHOICE, .choices = "simple_cubic|fcc|bcc", .fallback = "simple_cubic", .help = "with lattice_constant: primitive cell of the cubic lattice"},
  {"material.model.cell", DECK_VECTOR_LIST, .unit = "angstrom", .min_count = 2, .max_count = 3, .help = "lattice vectors (2D: two, in the xy plane)"},
  {"material.model.thickness", DECK_REAL, .unit = "nm", .positive = true, .help = "2D: thickness of the layer; without it results are sheet values"},
  {"material.model.extent", DECK_REAL, .unit = "eV", .fallback = "0.4 eV", .positive = true, .help = "the box holds all states within this energy of its band's edge"},
  {"material.model.spin", DECK_INT, .fallback = "2", .min = 1, .max = 2, .help = "spin degeneracy"},
  {"material.model.metal", DECK_BOOL, .fallback = "false", .help = "count all electrons from the bottom of the bands"},
  {"material.model.electrons", DECK_INT, .fallback = "0", .min = 0, .max = 1000, .help = "metal on a lattice: electrons per cell in the bands"},
  {"material.model.eps_infinity", DECK_REAL, .min = 1, .max = 1e6, .help = "high-frequency dielectric constant"},
  {"material.model.eps_zero", DECK_REAL, .min = 1, .max = 1e6, .help = "static dielectric constant"},
  {"material.model.strain", DECK_REAL_LIST, .min_count = 6, .max_count = 6, .help = "strain tensor [xx, yy, zz, yz, xz, xy]"},
  {"material.model.bands", DECK_SECTION_LIST, .min_count = 1, .help = "bands; one entry may stand for several valleys"},
  {"material.model.bands[].kind", DECK_CHOICE, .choices = "power|ellipsoid|kane|cosine", .required = true, .help = "shape of the band"},
  {"material.model.bands[].type", DECK_CHOICE, .choices = "conduction|valence", .fallback = "conduction", .help = "a valence band opens downwards"},
  {"material.model.bands[].edge", DECK_REAL, .unit = "eV", .fallback = "0 eV", .help = "energy of the extremum without strain"},
  {"material.model.bands[].mass", DECK_REAL_LIST, .unit = "m_e", .positive = true, .min_count = 1, .max_count = 3, .help = "ellipsoid, kane: one mass, [longitudinal, transverse] or three along the axes"},
  {"material.model.bands[].axis", DECK_VECTOR, .help = "direction of the first mass (one valley)"},
  {"material.model.bands[].axes", DECK_VECTOR_LIST, .min_count = 2, .max_count = 3, .help = "directions of all masses, orthogonal (one valley)"},
  {"material.model.bands[].valleys", DECK_VECTOR_LIST, .min_count = 1, .help = "several equal valleys: direction of the first mass of each"},
  {"material.model.bands[].family", DECK_CHOICE, .choices = "gamma|delta|L", .fallback = "gamma", .help = "several equal valleys: delta 6 along <100> (2D: 4), L 4 along <111>"},
  {"material.model.bands[].centre", DECK_STRING, .help = "bands of one name share their k origin and scatter into each other as one valley"},
  {"material.model.bands[].nonparabolicity", DECK_REAL, .unit = "1/eV", .min = 0, .max = 1e3, .help = "kane: alpha in eps (1 + alpha eps) = k.W.k/2"},
  {"material.model.bands[].energy", DECK_REAL, .unit = "eV", .positive = true, .help = "power: eps = energy (k/wavevector)^exponent"},
  {"material.model.bands[].wavevector", DECK_REAL, .unit = "1/angstrom", .positive = true, .help = "power: see energy"},
  {"material.model.bands[].exponent", DECK_REAL, .min = 0.1, .max = 12, .help = "power: see energy"},
  {"material.model.bands[].hopping", DECK_REAL_LIST, .unit = "eV", .min_count = 1, .max_count = 3, .help = "cosine: eps = 2 sum_c t_c (1 - cos k.a_c), one t or one per lattice vector"},
  {"material.model.bands[].dilation", DECK_REAL, .unit = "eV", .fallback = "0 eV", .help = "deformation potential Xi_d of the edge under strain"},
  {"material.model.bands[].uniaxial", DECK_REAL, .unit = "eV", .fallback = "0 eV", .help = "deformation potential Xi_u along the valley's axis"},
  {NULL}};

/* Keys that mean something for each kind only; a key of another kind is a mistake, not an ornament. */
static const struct {
  const char *key;
  int         kinds; /* bit per ModelKind */
  bool        required;
} belongs[] = {
  {"mass",            1 << MODEL_ELLIPSOID | 1 << MODEL_KANE, true },
  {"axis",            1 << MODEL_ELLIPSOID | 1 << MODEL_KANE, false},
  {"axes",            1 << MODEL_ELLIPSOID | 1 << MODEL_KANE, false},
  {"valleys",         1 << MODEL_ELLIPSOID | 1 << MODEL_KANE, false},
  {"nonparabolicity", 1 << MODEL_KANE,                        true },
  {"energy",          1 << MODEL_POWER,                       true },
  {"wavevector",      1 << MODEL_POWER,                       true },
  {"exponent",        1 << MODEL_POWER,                       true },
  {"hopping",         1 << MODEL_COSINE,                      true },
};
static const char *const kind_name[] = {"power", "ellipsoid", "kane", "cosine"};

static PetscErrorCode check_keys(Deck d, ModelKind kind)
{
  PetscFunctionBeginUser;
  for (size_t i = 0; i < sizeof(belongs) / sizeof(belongs[0]); i++) {
    const bool mine = belongs[i].kinds >> kind & 1;
    bool       has;
    PetscCall(DeckHas(d, belongs[i].key, &has));
    if (has && !mine) return DeckError(d, belongs[i].key, "'%s' means nothing for a band of kind %s", belongs[i].key, kind_name[kind]);
    if (!has && mine && belongs[i].required) return DeckError(d, "kind", "a band of kind %s needs '%s'", kind_name[kind], belongs[i].key);
  }
  PetscFunctionReturn(0);
}

static void normalize(PetscReal v[3])
{
  const PetscReal n = Norm3(v);
  for (int c = 0; c < 3; c++) v[c] /= n;
}

static void cross(const PetscReal a[3], const PetscReal b[3], PetscReal c[3])
{
  for (int i = 0; i < 3; i++) c[i] = a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3];
}

/* Complete a unit first axis to an orthonormal set; in 2D the third is z. */
static void complete_axes(int dimension, PetscReal axes[3][3])
{
  PetscReal z[3] = {0, 0, 0};
  int       least = 2;
  if (dimension == 3)
    for (int c = 1; c >= 0; c--)
      if (fabs(axes[0][c]) < fabs(axes[0][least]) - 1e-12) least = c;
  z[least] = 1.0;
  cross(z, axes[0], axes[1]);
  normalize(axes[1]);
  cross(axes[0], axes[1], axes[2]);
}

static PetscErrorCode check_direction(Deck d, const char *key, int dimension, PetscReal v[3])
{
  PetscFunctionBeginUser;
  if (!(Norm3(v) > 0.0)) return DeckError(d, key, "'%s' has a direction of zero length", key);
  if (dimension == 2 && fabs(v[2]) > 1e-12 * Norm3(v)) return DeckError(d, key, "'%s' leaves the plane of a two-dimensional material: z = %g", key, v[2]);
  normalize(v);
  PetscFunctionReturn(0);
}

static PetscErrorCode read_axes(Deck d, int dimension, PetscReal axes[3][3])
{
  PetscReal(*list)[3];
  PetscInt n;
  PetscFunctionBeginUser;
  PetscCall(DeckGetVectorList(d, "axes", &n, &list));
  PetscReal copy[3][3] = {{0}};
  if (n <= 3) memcpy(copy, list, sizeof(PetscReal[3]) * (size_t)n);
  PetscCall(PetscFree(list));
  if (n != dimension) return DeckError(d, "axes", "axes needs %d vectors, not %d", dimension, (int)n);
  for (int i = 0; i < n; i++) PetscCall(check_direction(d, "axes", dimension, copy[i]));
  if (dimension == 2) cross(copy[0], copy[1], copy[2]);
  for (int i = 0; i < 3; i++)
    if (fabs(Dot3(copy[i], copy[(i + 1) % 3])) > 1e-6) return DeckError(d, "axes", "axes %d and %d are not orthogonal", i + 1, (i + 1) % 3 + 1);
  memcpy(axes, copy, sizeof(copy));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_masses(Deck d, int dimension, PetscReal mass[3])
{
  PetscReal *list;
  PetscInt   n;
  PetscFunctionBeginUser;
  PetscCall(DeckGetRealList(d, "mass", &n, &list));
  for (int c = 0; c < 3; c++) mass[c] = list[PetscMin(c, n - 1)];
  PetscCall(PetscFree(list));
  if (n > dimension) return DeckError(d, "mass", "%d masses in %d dimensions", (int)n, dimension);
  PetscFunctionReturn(0);
}

/* Parameters of the entry's shape; axes to be turned per valley. */
static PetscErrorCode read_shape(Deck d, int dimension, ModelBand *b)
{
  PetscInt i, n;
  PetscFunctionBeginUser;
  PetscCall(DeckGetChoice(d, "kind", &i));
  b->kind = (ModelKind)i;
  PetscCall(check_keys(d, b->kind));
  PetscCall(DeckGetChoice(d, "type", &i));
  b->valence = i == 1;
  PetscCall(DeckGetReal(d, "edge", &b->edge, NULL));
  for (int c = 0; c < 3; c++) {
    b->mass[c]    = 1.0;
    b->axes[c][c] = 1.0;
  }
  if (b->kind == MODEL_ELLIPSOID || b->kind == MODEL_KANE) PetscCall(read_masses(d, dimension, b->mass));
  if (b->kind == MODEL_KANE) PetscCall(DeckGetReal(d, "nonparabolicity", &b->alpha, NULL));
  if (b->kind == MODEL_POWER) {
    PetscCall(DeckGetReal(d, "energy", &b->energy, NULL));
    PetscCall(DeckGetReal(d, "wavevector", &b->wavevector, NULL));
    PetscCall(DeckGetReal(d, "exponent", &b->exponent, NULL));
  }
  if (b->kind == MODEL_COSINE) {
    PetscReal *t;
    PetscCall(DeckGetRealList(d, "hopping", &n, &t));
    for (int c = 0; c < dimension; c++) b->hopping[c] = n == 1 ? t[0] : c < n ? t[c] : 0.0;
    PetscCall(PetscFree(t));
    if (n != 1 && n != dimension) return DeckError(d, "hopping", "one hopping or %d, not %d", dimension, (int)n);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode family_axes(int family, int dimension, PetscInt *n, PetscReal (**axes)[3])
{
  PetscInt count = family == 0 ? 1 : family == 1 ? 2 * dimension : 4;
  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(count, axes));
  for (PetscInt i = 0; i < count; i++) {
    if (family == 0) (*axes)[i][0] = 1.0;
    else if (family == 1) (*axes)[i][i / 2] = i % 2 ? -1.0 : 1.0;
    else {
      const PetscReal one[4][3] = {{1, 1, 1}, {-1, 1, 1}, {1, -1, 1}, {1, 1, -1}};
      memcpy((*axes)[i], one[i], sizeof(one[i]));
    }
  }
  *n = count;
  PetscFunctionReturn(0);
}

/* Directions of the first mass of every valley of the entry; *fixed: all three axes are in b already. */
static PetscErrorCode read_valleys(Deck d, int dimension, ModelBand *b, PetscInt *n, PetscReal (**axes)[3], bool *fixed)
{
  const char *const keys[] = {"axis", "axes", "valleys", "family"};
  const char *used = NULL;
  PetscInt    family;
  bool        has[4];
  PetscFunctionBeginUser;
  for (int i = 0; i < 4; i++) {
    PetscCall(DeckHas(d, keys[i], &has[i]));
    if (has[i] && used) return DeckError(d, keys[i], "'%s' and '%s' exclude each other", used, keys[i]);
    if (has[i]) used = keys[i];
  }
  PetscCall(DeckGetChoice(d, "family", &family));
  if (family == 2 && dimension == 2) return DeckError(d, "family", "family L needs three dimensions");
  if (family > 0 && b->kind == MODEL_COSINE) return DeckError(d, "family", "a cosine band has no valleys");
  *fixed = has[1];
  if (has[2]) PetscCall(DeckGetVectorList(d, "valleys", n, axes));
  else PetscCall(family_axes((int)family, dimension, n, axes));
  if (has[0]) PetscCall(DeckGetVector(d, "axis", (*axes)[0], NULL));
  if (has[1]) PetscCall(read_axes(d, dimension, b->axes));
  for (PetscInt i = 0; i < *n; i++) PetscCall(check_direction(d, used ? used : "kind", dimension, (*axes)[i]));
  PetscFunctionReturn(0);
}

/* Shift of the edge: Xi_d Tr(e) + Xi_u n.e.n */
static PetscErrorCode strain_shift(Deck model, Deck d, const ModelBand *b, PetscReal *shift)
{
  PetscReal *e, dilation, uniaxial, en[3];
  PetscInt   n;
  PetscFunctionBeginUser;
  *shift = 0.0;
  PetscCall(DeckGetRealList(model, "strain", &n, &e));
  if (n == 6) {
    const PetscReal tensor[3][3] = {{e[0], e[5], e[4]}, {e[5], e[1], e[3]}, {e[4], e[3], e[2]}};
    PetscCall(DeckGetReal(d, "dilation", &dilation, NULL));
    PetscCall(DeckGetReal(d, "uniaxial", &uniaxial, NULL));
    MatVec3(tensor, b->axes[0], en);
    *shift = dilation * (e[0] + e[1] + e[2]) + uniaxial * Dot3(b->axes[0], en);
  }
  PetscCall(PetscFree(e));
  PetscFunctionReturn(0);
}

static void set_inverse_mass(ModelBand *b)
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      b->w[i][j] = 0.0;
      for (int c = 0; c < 3; c++) b->w[i][j] += b->axes[c][i] * b->axes[c][j] / b->mass[c];
    }
}

typedef struct {
  PetscInt    n;
  const char *name[256];
  int         valley[256];
  int         next;
} Centres;

/* Valley number of valley iv of an entry: shared by entries of the same centre name, position by position. */
static PetscErrorCode valley_number(Centres *centres, const char *name, PetscInt iv, int *valley)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; name && i < centres->n; i++)
    if (!strcmp(centres->name[i], name)) {
      *valley = centres->valley[i] + (int)iv;
      centres->next = PetscMax(centres->next, *valley + 1);
      PetscFunctionReturn(0);
    }
  *valley = centres->next++;
  PetscFunctionReturn(0);
}

static PetscErrorCode append_entry(Deck model, Deck d, ModelMaterial *m, Centres *centres)
{
  ModelBand   b = {.kind = MODEL_POWER};
  const char *name = NULL;
  PetscReal(*axes)[3];
  PetscInt n;
  bool     fixed = false, named;
  int      first = centres->next;
  PetscFunctionBeginUser;
  PetscCall(read_shape(d, m->dimension, &b));
  PetscCall(read_valleys(d, m->dimension, &b, &n, &axes, &fixed));
  PetscCall(DeckGetString(d, "centre", &name, &named));
  if (!named) name = NULL;
  PetscCall(PetscRealloc(sizeof(ModelBand) * (size_t)(m->nbands + n), &m->band));
  for (PetscInt i = 0; i < n; i++) {
    ModelBand v = b;
    PetscReal shift;
    if (!fixed) {
      memcpy(v.axes[0], axes[i], sizeof(axes[i]));
      complete_axes(m->dimension, v.axes);
    }
    PetscCall(strain_shift(model, d, &v, &shift));
    v.edge += shift;
    set_inverse_mass(&v);
    PetscCall(valley_number(centres, name, i, &v.valley));
    m->band[m->nbands + i] = v;
  }
  if (name && m->band[m->nbands].valley == first) {
    if (centres->n == 256) return DeckError(d, "centre", "more than 256 named centres");
    centres->name[centres->n]   = name;
    centres->valley[centres->n] = first;
    centres->n++;
  }
  m->nbands += n;
  PetscCall(PetscFree(axes));
  PetscFunctionReturn(0);
}

/* Valence bands first, otherwise in the deck's order. */
static PetscErrorCode order_bands(ModelMaterial *m)
{
  ModelBand *sorted;
  PetscInt   n = 0;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1(m->nbands, &sorted));
  for (int pass = 1; pass >= 0; pass--) {
    for (PetscInt i = 0; i < m->nbands; i++)
      if (m->band[i].valence == (pass == 1)) sorted[n++] = m->band[i];
    if (pass == 1) m->nvalence = n;
  }
  PetscCall(PetscFree(m->band));
  m->band = sorted;
  PetscFunctionReturn(0);
}

PetscErrorCode ModelReadBands(Deck model, ModelMaterial *m)
{
  Centres  centres = {.n = 0};
  PetscInt entries, cosines = 0;
  PetscFunctionBeginUser;
  PetscCall(DeckGetSectionCount(model, "bands", &entries));
  for (PetscInt i = 0; i < entries; i++) {
    Deck d;
    PetscCall(DeckGetSectionAt(model, "bands", i, &d));
    PetscCall(append_entry(model, d, m, &centres));
  }
  for (PetscInt i = 0; i < m->nbands; i++) cosines += m->band[i].kind == MODEL_COSINE;
  if (cosines > 0 && cosines < m->nbands) return DeckError(model, "bands", "cosine bands (on a lattice) and valleys (in a box) cannot be mixed");
  m->box = m->nbands > 0 && cosines == 0;
  PetscCall(order_bands(m));
  PetscFunctionReturn(0);
}

/* The box: per direction the largest reach of any band, equal directions made exactly equal so that symmetry is found; a hair wider, so that states
   at the extent itself are not in or out of a window of that width by rounding. */
static void box_cell(const ModelMaterial *m, PetscReal a[3][3])
{
  const PetscReal unit[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  PetscReal       half[3]    = {0, 0, 0};
  for (PetscInt i = 0; i < m->nbands; i++)
    for (int c = 0; c < 3; c++) half[c] = PetscMax(half[c], ModelBandReach(&m->band[i], m->extent, unit[c]));
  for (int c = 1; c < 3; c++)
    for (int d = 0; d < c; d++)
      if (fabs(half[c] - half[d]) < 1e-9 * half[c]) half[c] = half[d];
  for (int c = 0; c < m->dimension; c++) a[c][c] = UMK_PI / (half[c] * (1.0 + 1e-6));
}

static void cubic_cell(int dimension, PetscInt lattice, PetscReal constant, PetscReal a[3][3])
{
  const PetscReal half = 0.5 * constant;
  for (int i = 0; i < dimension; i++)
    for (int c = 0; c < dimension; c++) {
      if (lattice == 0) a[i][c] = i == c ? constant : 0.0;
      else if (lattice == 1) a[i][c] = i == c ? 0.0 : half;
      else a[i][c] = i == c ? -half : half;
    }
}

PetscErrorCode ModelReadCell(Deck model, ModelMaterial *m, PetscReal a[3][3], PetscReal *thickness)
{
  PetscReal(*rows)[3], constant;
  PetscInt n, lattice;
  bool     cubic, thick;
  PetscFunctionBeginUser;
  memset(a, 0, sizeof(PetscReal[3][3]));
  PetscCall(DeckGetReal(model, "lattice_constant", &constant, &cubic));
  PetscCall(DeckGetVectorList(model, "cell", &n, &rows));
  if (n == m->dimension) memcpy(a, rows, sizeof(PetscReal[3]) * (size_t)n);
  PetscCall(PetscFree(rows));
  if (cubic && n > 0) return DeckError(model, "cell", "'lattice_constant' and 'cell' exclude each other");
  if (n > 0 && n != m->dimension) return DeckError(model, "cell", "cell needs %d vectors, not %d", m->dimension, (int)n);
  if (m->dimension == 2 && n == 2 && (a[0][2] != 0.0 || a[1][2] != 0.0)) return DeckError(model, "cell", "the vectors of a two-dimensional cell must lie in the xy plane");
  PetscCall(DeckGetChoice(model, "lattice", &lattice));
  if (lattice > 0 && (!cubic || m->dimension == 2)) return DeckError(model, "lattice", "'lattice' is for three dimensions and 'lattice_constant'");
  if (cubic) cubic_cell(m->dimension, lattice, constant, a);
  if (!cubic && n == 0) {
    if (m->has_phonons) return DeckError(model, "phonons", "phonons need 'lattice_constant' or 'cell', the cell of their atom");
    if (!m->box) return DeckError(model, "bands", "a cosine band needs 'lattice_constant' or 'cell'");
    box_cell(m, a);
  }
  PetscCall(DeckGetReal(model, "thickness", thickness, &thick));
  if (thick && m->dimension == 3) return DeckError(model, "thickness", "a three-dimensional material has no thickness");
  if (!thick) *thickness = 0.0;
  if (m->dimension == 2) a[2][2] = thick ? *thickness : 1.0;
  PetscFunctionReturn(0);
}
