/* Paths through the zone: corners from the deck, or those usual for the lattice. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include "dispersion.h"

static const DeckKey keys[] = {
  {"path", DECK_SECTION, .help = "path of `bands` and `phonons` through the zone; default: a usual one of the lattice"},
  {"path.points", DECK_VECTOR_LIST, .min_count = 2, .max_count = KPATH_MAX_TICKS, .help = "corners, fractional coordinates of the reciprocal lattice"},
  {"path.labels", DECK_STRING, .help = "names of the corners, separated by spaces: G X W K G L"},
  {"path.count", DECK_INT, .fallback = "241", .min = 2, .max = 100000, .help = "number of points on the whole path"},
  {"dos", DECK_SECTION, .help = "density of states of `bands` and `phonons`"},
  {"dos.mesh", DECK_INT3, .min = 1, .max = 4096, .help = "mesh; default: that of the electrons or phonons section, or 24 x 24 x 24"},
  {"dos.count", DECK_INT, .fallback = "800", .min = 2, .max = 1000000, .help = "number of bins over the energies of all bands"},
  {NULL}};

PetscErrorCode DispersionRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

/* Lattices told apart by the Gram matrix a_i . a_j / |a|^2 of equally long vectors; the corners depend on it alone. */
typedef struct {
  const char *name;
  int         dimension;
  PetscReal   dot[3]; /* 12, 13, 23 */
  const char *labels;
  PetscInt    n;
  PetscReal   corner[8][3];
} UsualPath;

static const UsualPath usual[] = {
  {"fcc", 3, {0.5, 0.5, 0.5}, "G X W K G L", 6, {{0, 0, 0}, {0.5, 0, 0.5}, {0.5, 0.25, 0.75}, {0.375, 0.375, 0.75}, {0, 0, 0}, {0.5, 0.5, 0.5}}},
  {"bcc", 3, {-1. / 3, -1. / 3, -1. / 3}, "G H N G P H", 6, {{0, 0, 0}, {0.5, -0.5, 0.5}, {0, 0, 0.5}, {0, 0, 0}, {0.25, 0.25, 0.25}, {0.5, -0.5, 0.5}}},
  {"sc", 3, {0, 0, 0}, "G X M G R X", 6, {{0, 0, 0}, {0.5, 0, 0}, {0.5, 0.5, 0}, {0, 0, 0}, {0.5, 0.5, 0.5}, {0.5, 0, 0}}},
  {"square", 2, {0, 0, 0}, "G X M G", 4, {{0, 0, 0}, {0.5, 0, 0}, {0.5, 0.5, 0}, {0, 0, 0}}},
  {"hexagonal, 120 degrees", 2, {-0.5, 0, 0}, "G M K G", 4, {{0, 0, 0}, {0.5, 0, 0}, {1. / 3, 1. / 3, 0}, {0, 0, 0}}},
  {"hexagonal, 60 degrees", 2, {0.5, 0, 0}, "G M K G", 4, {{0, 0, 0}, {0.5, 0, 0}, {2. / 3, 1. / 3, 0}, {0, 0, 0}}},
};
static const UsualPath plain3 = {"any", 3, {0}, "A G B G C", 5, {{0.5, 0, 0}, {0, 0, 0}, {0, 0.5, 0}, {0, 0, 0}, {0, 0, 0.5}}};
static const UsualPath plain2 = {"any", 2, {0}, "A G B", 3, {{0.5, 0, 0}, {0, 0, 0}, {0, 0.5, 0}}};

static const UsualPath *FindUsual(Crystal c)
{
  const PetscReal square = Dot3(c->a[0], c->a[0]);

  for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
    const PetscReal *dot  = usual[i].dot;
    bool             same = c->dimension == usual[i].dimension && fabs(Dot3(c->a[1], c->a[1]) / square - 1) < 1e-4;
    same                  = same && fabs(Dot3(c->a[0], c->a[1]) / square - dot[0]) < 1e-4;
    if (c->dimension == 3) {
      same = same && fabs(Dot3(c->a[2], c->a[2]) / square - 1) < 1e-4;
      same = same && fabs(Dot3(c->a[0], c->a[2]) / square - dot[1]) < 1e-4 && fabs(Dot3(c->a[1], c->a[2]) / square - dot[2]) < 1e-4;
    }
    if (same) return &usual[i];
  }
  return c->dimension == 3 ? &plain3 : &plain2;
}

/* Fill the labels of the corners from words; their number must be that of the corners. */
static PetscErrorCode SetLabels(Deck path, const char *words, KPath *p)
{
  PetscInt n = 0;
  int      used, length;

  PetscFunctionBeginUser;
  for (used = 0; sscanf(words += used, " %*s%n", &length) == 0 && n <= p->nticks; n++) {
    if (n < p->nticks) sscanf(words, "%15s", p->label[n]);
    used   = length;
    length = 0;
    if (!words[used]) {
      n++;
      break;
    }
  }
  if (n != p->nticks) PetscCall(DeckError(path, "labels", "%d labels for %d points of the path", (int)n, (int)p->nticks));
  PetscFunctionReturn(0);
}

static PetscReal Length(Crystal c, const PetscReal from[3], const PetscReal to[3])
{
  const PetscReal step[3] = {to[0] - from[0], to[1] - from[1], to[2] - from[2]};
  PetscReal       cart[3];

  MatTVec3(c->b, step, cart);
  return Norm3(cart);
}

/* Points shared out among the segments by their length, at least one each; corners are points. */
static PetscErrorCode FillPoints(Crystal c, PetscInt count, const PetscReal (*corner)[3], KPath *p)
{
  const PetscInt nsegments = p->nticks - 1;
  PetscInt       steps[KPATH_MAX_TICKS];
  PetscReal      total = 0, done = 0;

  PetscFunctionBeginUser;
  for (PetscInt s = 0; s < nsegments; s++) total += Length(c, corner[s], corner[s + 1]);
  p->n = 1;
  for (PetscInt s = 0; s < nsegments; s++) {
    steps[s] = PetscMax(1, (PetscInt)lround((count - 1) * Length(c, corner[s], corner[s + 1]) / total));
    p->n += steps[s];
  }
  PetscCall(PetscMalloc2(p->n, &p->k, p->n, &p->distance));
  p->n = 0;
  for (PetscInt s = 0; s < nsegments; s++) {
    const PetscReal length = Length(c, corner[s], corner[s + 1]);
    p->tick[s]             = p->n;
    for (PetscInt i = 0; i < steps[s] + (s == nsegments - 1); i++, p->n++) {
      const PetscReal x = (PetscReal)i / steps[s];
      for (int d = 0; d < 3; d++) p->k[p->n][d] = (1 - x) * corner[s][d] + x * corner[s + 1][d];
      p->distance[p->n] = done + x * length;
    }
    done += length;
  }
  p->tick[nsegments] = p->n - 1;
  PetscFunctionReturn(0);
}

PetscErrorCode KPathCreate(Deck path, Crystal crystal, KPath *p)
{
  const UsualPath *choice = FindUsual(crystal);
  PetscReal(*given)[3]    = NULL;
  const char *labels      = choice->labels;
  PetscInt    count, ngiven;
  bool        named;

  PetscFunctionBeginUser;
  PetscCall(PetscMemzero(p, sizeof *p));
  PetscCall(DeckGetInt(path, "count", &count, NULL));
  PetscCall(DeckGetVectorList(path, "points", &ngiven, &given));
  p->nticks = ngiven ? ngiven : choice->n;
  PetscCall(DeckHas(path, "labels", &named));
  if (named) PetscCall(DeckGetString(path, "labels", &labels, NULL));
  if (named || !ngiven) PetscCall(SetLabels(path, labels, p));
  else
    for (PetscInt i = 0; i < ngiven; i++) snprintf(p->label[i], sizeof p->label[i], "%d", (int)i + 1);
  for (PetscInt i = 0; i + 1 < ngiven; i++) {
    if (Length(crystal, given[i], given[i + 1]) <= 0) PetscCall(DeckError(path, "points", "points %d and %d of the path are the same", (int)i + 1, (int)i + 2));
  }
  PetscCall(FillPoints(crystal, count, ngiven ? (const PetscReal(*)[3])given : choice->corner, p));
  PetscCall(PetscFree(given));
  PetscFunctionReturn(0);
}

PetscErrorCode KPathDestroy(KPath *p)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree2(p->k, p->distance));
  PetscFunctionReturn(0);
}
