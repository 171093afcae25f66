/* Coarse meshes of EPW's files, worked out from the lengths of their lists of lattice vectors. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "epw_meshes.h"

#define MAX_MESH 16

static PetscErrorCode make_shifts(const EpwText *x, EpwList list, bool use_ws, PetscInt *n, PetscReal **shift)
{
  const PetscReal *c = x->centre_shift, *t = x->tau_shift;
  PetscInt         at = 0;

  PetscFunctionBeginUser;
  *n = !use_ws ? 1 : list == EPW_LIST_K ? x->nb * x->nb : list == EPW_LIST_Q ? x->nat * x->nat : x->nb * x->nb * x->nat;
  PetscCall(PetscCalloc1(3 * *n, shift));
  if (!use_ws) PetscFunctionReturn(0);
  for (PetscInt a = 0; a < (list == EPW_LIST_Q ? x->nat : x->nb); a++)
    for (PetscInt b = 0; b < (list == EPW_LIST_Q ? x->nat : x->nb); b++)
      for (PetscInt na = 0; na < (list == EPW_LIST_G ? x->nat : 1); na++, at++)
        for (int i = 0; i < 3; i++)
          (*shift)[3 * at + i] = list == EPW_LIST_K ? c[3 * b + i] - c[3 * a + i] : list == EPW_LIST_Q ? t[3 * b + i] - t[3 * a + i] : t[3 * na + i] - 0.5 * (c[3 * a + i] + c[3 * b + i]);
  PetscFunctionReturn(0);
}

PetscErrorCode EpwMakeList(const EpwText *x, EpwList list, bool use_ws, const PetscInt mesh[3], PetscInt count, WignerSeitz *ws)
{
  PetscReal *shift;
  PetscInt   n;

  PetscFunctionBeginUser;
  PetscCall(make_shifts(x, list, use_ws, &n, &shift));
  PetscCall(WignerSeitzCreate((const PetscReal(*)[3])x->at, mesh, n, shift, count, ws));
  PetscCall(PetscFree(shift));
  if (ws->nR != count) PetscCall(WignerSeitzDestroy(ws));
  PetscFunctionReturn(0);
}

/* Does this mesh with this use_ws give as many electron (or phonon and coupling) vectors as the files have? */
static PetscErrorCode mesh_fits(const EpwText *x, bool electrons, bool use_ws, const PetscInt mesh[3], bool *fits)
{
  WignerSeitz ws;

  PetscFunctionBeginUser;
  *fits = false;
  if (mesh[0] * mesh[1] * mesh[2] > x->nrr[electrons ? 0 : 1]) PetscFunctionReturn(0);
  PetscCall(EpwMakeList(x, electrons ? EPW_LIST_K : EPW_LIST_Q, use_ws, mesh, x->nrr[electrons ? 0 : 1], &ws));
  *fits = ws.R != NULL;
  PetscCall(WignerSeitzDestroy(&ws));
  if (!*fits || electrons) PetscFunctionReturn(0);
  PetscCall(EpwMakeList(x, EPW_LIST_G, use_ws, mesh, x->nrr[2], &ws));
  *fits = ws.R != NULL;
  PetscCall(WignerSeitzDestroy(&ws));
  PetscFunctionReturn(0);
}

typedef struct {
  PetscInt n, mesh[8][3]; /* n counts all, the first eight are named */
} Candidates;

static PetscErrorCode add_if_fits(const EpwText *x, bool electrons, bool use_ws, const PetscInt mesh[3], Candidates *c)
{
  bool fits;

  PetscFunctionBeginUser;
  PetscCall(mesh_fits(x, electrons, use_ws, mesh, &fits));
  if (!fits) PetscFunctionReturn(0);
  if (c->n < 8) PetscCall(PetscArraycpy(c->mesh[c->n], mesh, 3));
  c->n++;
  PetscFunctionReturn(0);
}

/* The mesh given, or n x n x n (cubic), or any */
static PetscErrorCode find_meshes(const EpwText *x, bool electrons, bool use_ws, bool cubic, const PetscInt given[3], Candidates *c)
{
  const PetscInt count = x->nrr[electrons ? 0 : 1];

  PetscFunctionBeginUser;
  c->n = 0;
  if (given[0]) {
    PetscCall(add_if_fits(x, electrons, use_ws, given, c));
    PetscFunctionReturn(0);
  }
  if (cubic) {
    for (PetscInt n = 1; n <= MAX_MESH && n * n * n <= count; n++) PetscCall(add_if_fits(x, electrons, use_ws, (PetscInt[3]){n, n, n}, c));
    PetscFunctionReturn(0);
  }
  for (PetscInt i = 1; i <= MAX_MESH; i++)
    for (PetscInt j = 1; j <= MAX_MESH && i * j <= count; j++)
      for (PetscInt k = 1; k <= MAX_MESH && i * j * k <= count; k++)
        if (8 * i * j * k >= count) PetscCall(add_if_fits(x, electrons, use_ws, (PetscInt[3]){i, j, k}, c));
  PetscFunctionReturn(0);
}

/* Both settings of use_ws give the same vectors and weights: one atom, orbitals on it. */
static PetscErrorCode same_either_way(const EpwText *x, const PetscInt mesh_k[3], const PetscInt mesh_q[3], bool *same)
{
  PetscFunctionBeginUser;
  *same = true;
  for (EpwList l = EPW_LIST_K; l <= EPW_LIST_G; l++) {
    WignerSeitz with, without;

    PetscCall(EpwMakeList(x, l, true, l == EPW_LIST_K ? mesh_k : mesh_q, x->nrr[l], &with));
    PetscCall(EpwMakeList(x, l, false, l == EPW_LIST_K ? mesh_k : mesh_q, x->nrr[l], &without));
    *same = *same && with.R && without.R && WignerSeitzEqual(&with, &without);
    PetscCall(WignerSeitzDestroy(&with));
    PetscCall(WignerSeitzDestroy(&without));
  }
  PetscFunctionReturn(0);
}

static void describe(const Candidates *c, char text[160])
{
  size_t at = 0;

  text[0] = 0;
  for (PetscInt i = 0; i < PetscMin(c->n, 8); i++) at += (size_t)snprintf(text + at, 160 - at, "%s%dx%dx%d", i ? ", " : "", (int)c->mesh[i][0], (int)c->mesh[i][1], (int)c->mesh[i][2]);
}

PetscErrorCode EpwFindMeshes(const EpwText *x, const ImportOptions *o, WannierHead *h)
{
  Candidates k[2] = {{0}}, q[2] = {{0}};
  char       ks[160], qs[160];
  bool       fits[2] = {false, false}, same = false;
  int        ws;

  PetscFunctionBeginUser;
  for (int cubic = 1; cubic >= 0 && !fits[0] && !fits[1]; cubic--)
    for (ws = 0; ws < 2; ws++) {
      if (o->use_ws >= 0 && o->use_ws != ws) continue;
      PetscCall(find_meshes(x, true, ws, cubic, o->coarse_k, &k[ws]));
      if (k[ws].n) PetscCall(find_meshes(x, false, ws, cubic, o->coarse_q, &q[ws]));
      fits[ws] = k[ws].n && q[ws].n;
    }
  if (!fits[0] && !fits[1])
    return InputErrorAt(x->folder, 0, "no coarse meshes%s%s give the %d electron, %d phonon and %d coupling vectors of epwdata.fmt: %s", o->coarse_k[0] || o->coarse_q[0] ? " as given" : "",
                        o->use_ws >= 0 ? " with that use_ws" : "", (int)x->nrr[0], (int)x->nrr[1], (int)x->nrr[2], o->coarse_k[0] || o->coarse_q[0] || o->use_ws >= 0 ? "correct or leave out coarse_k, coarse_q, use_ws" : "give coarse_k, coarse_q and use_ws");
  ws = fits[1] && !fits[0];
  if (k[ws].n > 1 || q[ws].n > 1) {
    describe(&k[ws], ks);
    describe(&q[ws], qs);
    return InputErrorAt(x->folder, 0, "several coarse meshes fit the counts of epwdata.fmt (k: %s; q: %s): give coarse_k and coarse_q", ks, qs);
  }
  if (fits[0] && fits[1]) PetscCall(same_either_way(x, k[0].mesh[0], q[0].mesh[0], &same));
  if (fits[0] && fits[1] && !same) return InputErrorAt(x->folder, 0, "the counts of epwdata.fmt fit use_ws = false and true: give use_ws");
  h->use_ws = ws;
  PetscCall(PetscArraycpy(h->coarse_k, k[ws].mesh[0], 3));
  PetscCall(PetscArraycpy(h->coarse_q, q[ws].mesh[0], 3));
  PetscFunctionReturn(0);
}
