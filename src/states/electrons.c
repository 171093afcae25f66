/*
  Electron states in the window: found on the wedge, each rank its share; then the full-zone points near the window as images of the
  wedge points that carry states, with the corners of tetrahedra around them if asked.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "states_impl.h"
#include <stdlib.h>
#include <string.h>

#define BATCH 64

typedef struct { /* what a rank finds among its wedge points */
  PetscInt   nk, nstates, capacity, clipped;
  int32_t   *wedge, *band, *k; /* [nk], [nstates], [nstates] */
  PetscReal *energy, *velocity;
} Found;

static bool in_window(PetscReal e, PetscInt band, const StatesWindow *w)
{
  if (band < w->band[0] || band >= w->band[1]) return false;
  for (PetscInt i = 0; i < w->n; i++)
    if (e >= w->energy[i][0] && e <= w->energy[i][1]) return true;
  return false;
}

static PetscErrorCode wedge_points(KMesh mesh, PetscInt n, const int32_t *wedge, PetscReal *k)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < n; i++) MeshPoint(mesh, mesh->wedge[wedge[i]], k + 3 * i);
  PetscFunctionReturn(0);
}

/* A model's box has no periodic images: on an even mesh the points of its faces lack their partners under -k. */
static bool on_face(KMesh mesh, PetscInt64 linear)
{
  PetscInt i[3];
  MeshIndices(mesh, linear, i);
  for (int c = 0; c < 3; c++)
    if (mesh->n[c] > 1 && 2 * i[c] == mesh->n[c]) return true;
  return false;
}

static PetscErrorCode found_add(Found *f, PetscInt band, PetscReal energy, const PetscReal velocity[3])
{
  PetscFunctionBeginUser;
  if (f->nstates == f->capacity) {
    f->capacity = PetscMax(1024, 2 * f->capacity);
    PetscCall(PetscRealloc(sizeof(int32_t) * (size_t)f->capacity, &f->band));
    PetscCall(PetscRealloc(sizeof(int32_t) * (size_t)f->capacity, &f->k));
    PetscCall(PetscRealloc(sizeof(PetscReal) * (size_t)f->capacity, &f->energy));
    PetscCall(PetscRealloc(sizeof(PetscReal[3]) * (size_t)f->capacity, &f->velocity));
  }
  f->band[f->nstates]   = (int32_t)band;
  f->k[f->nstates]      = (int32_t)f->nk;
  f->energy[f->nstates] = energy;
  PetscCall(PetscArraycpy(f->velocity + 3 * f->nstates, velocity, 3));
  f->nstates++;
  PetscFunctionReturn(0);
}

static PetscErrorCode found_free(Found *f)
{
  PetscFunctionBeginUser;
  PetscCall(PetscFree(f->wedge));
  PetscCall(PetscFree(f->band));
  PetscCall(PetscFree(f->k));
  PetscCall(PetscFree(f->energy));
  PetscCall(PetscFree(f->velocity));
  PetscFunctionReturn(0);
}

/* The window's states among this rank's wedge points. */
static PetscErrorCode search_local(States s, const StatesWindow *window, Found *f)
{
  PetscInt   begin, end, nbands;
  PetscReal *e, *v, *k;
  int32_t    index[BATCH];
  bool       box;
  Progress   progress;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(s->material, &nbands, NULL, NULL, NULL));
  PetscCall(MaterialIsBox(s->material, &box));
  StatesShare(s->comm, s->mesh->nwedge, &begin, &end);
  PetscCall(PetscMalloc3(BATCH * nbands, &e, 3 * BATCH * nbands, &v, 3 * BATCH, &k));
  PetscCall(PetscMalloc1(end - begin, &f->wedge));
  ProgressBegin(&progress, "electron states", (PetscReal)(end - begin));
  for (PetscInt at = begin; at < end; at += BATCH) {
    PetscInt n   = PetscMin(BATCH, end - at);
    bool     any = false;
    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    ProgressUpdate(&progress, (PetscReal)(at - begin));
    for (PetscInt i = 0; i < n; i++) index[i] = (int32_t)(at + i);
    PetscCall(wedge_points(s->mesh, n, index, k));
    PetscCall(MaterialElectrons(s->material, n, k, e, NULL, NULL));
    for (PetscInt i = 0; i < n * nbands && !any; i++) any = in_window(e[i], i % nbands, window);
    if (!any) continue;
    PetscCall(MaterialElectrons(s->material, n, k, e, v, NULL));
    for (PetscInt i = 0; i < n; i++) {
      const PetscInt before = f->nstates;
      const bool     face   = box && on_face(s->mesh, s->mesh->wedge[at + i]);
      for (PetscInt b = 0; b < nbands; b++) {
        if (!in_window(e[i * nbands + b], b, window)) continue;
        if (face) f->clipped++;
        else PetscCall(found_add(f, b, e[i * nbands + b], v + 3 * (i * nbands + b)));
      }
      if (f->nstates > before) f->wedge[f->nk++] = (int32_t)(at + i);
    }
  }
  ProgressEnd(&progress);
  PetscCall(PetscFree3(e, v, k));
  PetscFunctionReturn(0);
}

/* Exclusive prefix sums and totals of two counts. */
static PetscErrorCode offsets(MPI_Comm comm, const PetscInt mine[2], PetscInt before[2], PetscInt total[2])
{
  PetscFunctionBeginUser;
  before[0] = before[1] = 0;
  PetscCallMPI(MPI_Exscan(mine, before, 2, MPIU_INT, MPI_SUM, comm));
  PetscCallMPI(MPI_Allreduce(mine, total, 2, MPIU_INT, MPI_SUM, comm));
  PetscFunctionReturn(0);
}

static PetscErrorCode share_block(States s, size_t size, PetscInt total, PetscInt before, PetscInt mine, const void *data, const void *address)
{
  SharedArray array;
  char       *p;
  PetscFunctionBeginUser;
  PetscCall(StatesNewArray(s, size * (size_t)total, &array, &p));
  if (mine > 0) memcpy(p + size * (size_t)before, data, size * (size_t)mine);
  PetscCall(SharedArrayCombine(array, size * (size_t)before, size * (size_t)(before + mine)));
  *(void **)address = p;
  PetscFunctionReturn(0);
}

/* Wedge states of all ranks, numbered in the order of the wedge. */
static PetscErrorCode gather_states(States s, Found *f)
{
  PetscInt   mine[2] = {f->nk, f->nstates}, before[2], total[2], range[2] = {PETSC_MAX_INT, PETSC_MAX_INT};
  int32_t   *first;
  PetscReal *star;
  PetscFunctionBeginUser;
  PetscCall(offsets(s->comm, mine, before, total));
  PetscCall(PetscMalloc2(f->nk + 1, &first, f->nstates, &star));
  for (PetscInt a = f->nstates - 1; a >= 0; a--) {
    first[f->k[a]] = (int32_t)(before[1] + a);
    star[a]        = s->mesh->star[f->wedge[f->k[a]]];
    range[0]       = PetscMin(range[0], f->band[a]);
    range[1]       = PetscMin(range[1], -f->band[a]);
    f->k[a] += (int32_t)before[0];
  }
  s->nk      = total[0];
  s->nstates = total[1];
  PetscCall(share_block(s, sizeof(int32_t), s->nk, before[0], f->nk, f->wedge, &s->wedge));
  PetscCall(share_block(s, sizeof(int32_t), s->nstates, before[1], f->nstates, f->k, &s->k));
  PetscCall(share_block(s, sizeof(int32_t), s->nstates, before[1], f->nstates, f->band, &s->band));
  PetscCall(share_block(s, sizeof(PetscReal), s->nstates, before[1], f->nstates, f->energy, &s->energy));
  PetscCall(share_block(s, sizeof(PetscReal) * 3, s->nstates, before[1], f->nstates, f->velocity, &s->velocity));
  PetscCall(share_block(s, sizeof(PetscReal), s->nstates, before[1], f->nstates, star, &s->star));
  int rank, size;
  PetscCallMPI(MPI_Comm_rank(s->comm, &rank));
  PetscCallMPI(MPI_Comm_size(s->comm, &size));
  first[f->nk] = (int32_t)s->nstates; /* the last rank closes the list */
  PetscCall(share_block(s, sizeof(int32_t), s->nk + 1, before[0], f->nk + (rank == size - 1), first, &s->first));
  PetscCall(PetscFree2(first, star));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, range, 2, MPIU_INT, MPI_MIN, s->comm));
  s->band_first = s->nstates ? range[0] : 0;
  s->nb         = s->nstates ? -range[1] - range[0] + 1 : 0;
  PetscFunctionReturn(0);
}

/* Bands of a model that meet do not mix. */
static PetscErrorCode find_spread(States s)
{
  PetscInt   nbands;
  const int *valley;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetValleys(s->material, &valley));
  PetscCall(MaterialGetSizes(s->material, &nbands, NULL, NULL, NULL));
  PetscCall(SpreadFill(s, nbands, valley ? NULL : MaterialVelocityMatrix));
  PetscFunctionReturn(0);
}

static int compare_int64(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return x < y ? -1 : x > y;
}

static PetscInt sort_unique(PetscInt n, int64_t *list)
{
  PetscInt kept = 0;
  qsort(list, (size_t)n, sizeof(int64_t), compare_int64);
  for (PetscInt i = 0; i < n; i++)
    if (kept == 0 || list[kept - 1] != list[i]) list[kept++] = list[i];
  return kept;
}

static bool find_sorted(PetscInt n, const int64_t *list, int64_t key)
{
  return bsearch(&key, list, (size_t)n, sizeof(int64_t), compare_int64) != NULL;
}

/* All images of the wedge points that carry states, sorted. Caller frees. */
static PetscErrorCode star_points(States s, PetscInt *n, int64_t **points)
{
  KMesh    mesh = s->mesh;
  PetscInt count = 0;
  PetscFunctionBeginUser;
  PetscCall(PetscMalloc1((size_t)s->nk * (size_t)mesh->nops + 1, points));
  for (PetscInt ik = 0; ik < s->nk; ik++) {
    PetscInt i[3];
    MeshIndices(mesh, mesh->wedge[s->wedge[ik]], i);
    for (PetscInt io = 0; io < mesh->nops; io++) (*points)[count++] = MeshImage(mesh, (int)io, i);
  }
  *n = sort_unique(count, *points);
  PetscFunctionReturn(0);
}

static int64_t offset_point(KMesh mesh, int64_t at, const int d[3], int sign)
{
  PetscInt i[3];
  MeshIndices(mesh, at, i);
  for (int c = 0; c < 3; c++) i[c] += sign * d[c];
  return MeshLinear(mesh, i);
}

/* Simplices that touch a point with states, each once: listed from its first such corner. corners: linear indices [n][4]. */
static PetscErrorCode touching_simplices(States s, PetscInt nstar, const int64_t *star, PetscInt *n, int64_t (**corners)[4], PetscReal **weight)
{
  KMesh    mesh = s->mesh;
  PetscInt count = 0;
  PetscFunctionBeginUser;
  PetscCheckInput((PetscInt64)nstar * mesh->ntetra * mesh->ncorners < INT32_MAX / 4, NULL, 0, "delta: tetrahedron: %lld corners of tetrahedra around %d points are too many: adaptive, a smaller window or a coarser mesh", (long long)nstar * mesh->ntetra * mesh->ncorners, (int)nstar);
  PetscCall(PetscMalloc2(nstar * mesh->ntetra * mesh->ncorners + 1, corners, nstar * mesh->ntetra * mesh->ncorners + 1, weight));
  for (PetscInt ip = 0; ip < nstar; ip++) {
    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    for (PetscInt t = 0; t < mesh->ntetra; t++)
      for (int v = 0; v < mesh->ncorners; v++) {
        int64_t base  = offset_point(mesh, star[ip], mesh->tetra[t][v], -1), corner[4];
        bool    first = true;
        for (int u = 0; u < 4; u++) corner[u] = offset_point(mesh, base, mesh->tetra[t][u], 1);
        for (int u = 0; u < v && first; u++) first = !find_sorted(nstar, star, corner[u]);
        if (!first) continue;
        memcpy((*corners)[count], corner, sizeof(corner));
        (*weight)[count++] = mesh->tetra_weight[t];
      }
  }
  *n = count;
  PetscFunctionReturn(0);
}

typedef struct { /* geometry of the points, built by one rank of each node */
  PetscInt   npoints, ntetra;
  int64_t   *point;
  int64_t  (*corner)[4];
  PetscReal *weight;
} Geometry;

static PetscErrorCode build_geometry(States s, bool halo, Geometry *g)
{
  int64_t *star;
  PetscFunctionBeginUser;
  PetscCall(star_points(s, &g->npoints, &star));
  g->ntetra = 0;
  if (!halo) {
    g->point = star;
    PetscFunctionReturn(0);
  }
  PetscCall(touching_simplices(s, g->npoints, star, &g->ntetra, &g->corner, &g->weight));
  PetscCall(PetscMalloc1(g->npoints + 4 * g->ntetra, &g->point));
  PetscCall(PetscArraycpy(g->point, star, g->npoints));
  memcpy(g->point + g->npoints, g->corner, sizeof(int64_t) * 4 * (size_t)g->ntetra);
  g->npoints = sort_unique(g->npoints + 4 * g->ntetra, g->point);
  PetscCall(PetscFree(star));
  PetscFunctionReturn(0);
}

/* Allocate the point arrays and fill what needs no energies. */
static PetscErrorCode place_points(States s, bool halo)
{
  bool        owner;
  SharedArray a[6];
  int64_t    *point;
  int32_t    *wedge, (*tetra)[4];
  uint8_t    *op;
  PetscReal  *weight;
  PetscInt    sizes[2];
  Geometry    g = {0};
  PetscFunctionBeginUser;
  PetscCall(SharedArrayIsOwner(s->priv->array[0], &owner));
  PetscCall(ErrorAgree(s->comm, owner ? build_geometry(s, halo, &g) : 0));
  sizes[0] = g.npoints;
  sizes[1] = g.ntetra;
  PetscCallMPI(MPI_Bcast(sizes, 2, MPIU_INT, 0, s->comm));
  s->npoints = sizes[0];
  s->ntetra  = sizes[1];
  PetscCall(StatesNewArray(s, sizeof(int64_t) * (size_t)s->npoints, &a[0], &point));
  PetscCall(StatesNewArray(s, sizeof(int32_t) * (size_t)s->npoints, &a[1], &wedge));
  PetscCall(StatesNewArray(s, (size_t)s->npoints, &a[2], &op));
  PetscCall(StatesNewArray(s, sizeof(int32_t) * 4 * (size_t)s->ntetra, &a[3], &tetra));
  PetscCall(StatesNewArray(s, sizeof(PetscReal) * (size_t)s->ntetra, &a[4], &weight));
  s->point        = point;
  s->point_wedge  = wedge;
  s->point_op     = op;
  s->tetra        = (const int32_t(*)[4])tetra;
  s->tetra_weight = weight;
  if (owner) {
    for (PetscInt i = 0; i < s->npoints; i++) {
      point[i] = g.point[i];
      wedge[i] = s->mesh->wedge_of[point[i]];
      op[i]    = s->mesh->op_of[point[i]];
    }
    for (PetscInt t = 0; t < s->ntetra; t++) {
      weight[t] = g.weight[t];
      for (int v = 0; v < 4; v++) tetra[t][v] = (int32_t)StatesFindPoint(s, g.corner[t][v]);
    }
    PetscCall(PetscFree(g.point));
    if (halo) PetscCall(PetscFree2(g.corner, g.weight));
  }
  for (int i = 0; i < 5; i++) PetscCall(SharedArrayFence(a[i]));
  PetscFunctionReturn(0);
}

/* Position of a wedge point among those that carry states, or -1. */
static PetscInt find_k(States s, int32_t wedge)
{
  PetscInt low = 0, high = s->nk;
  while (low < high) {
    PetscInt middle = low + (high - low) / 2;
    if (s->wedge[middle] < wedge) low = middle + 1;
    else high = middle;
  }
  return low < s->nk && s->wedge[low] == wedge ? low : -1;
}

static PetscErrorCode is_model(Material m, bool *model)
{
  const int *valley;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetValleys(m, &valley));
  *model = valley != NULL;
  PetscFunctionReturn(0);
}

/* Energies and velocities of a point are its wedge point's, rotated: exactly symmetric. U, where wanted, is computed at the point itself. */
static PetscErrorCode fill_part(States s, PetscInt begin, PetscInt end, PetscReal *energy, PetscReal *velocity, int32_t *state, Complex *U)
{
  PetscReal   *e, *v, *k;
  PetscInt     nbands;
  Complex     *u;
  Progress     progress;
  const size_t nb = (size_t)s->nb;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(s->material, &nbands, NULL, NULL, NULL));
  PetscCall(PetscMalloc4(BATCH * nbands, &e, 3 * BATCH * nbands, &v, 3 * BATCH, &k, U ? BATCH * nbands * nbands : 1, &u));
  ProgressBegin(&progress, "points of the zone", (PetscReal)(end - begin));
  for (PetscInt at = begin; at < end; at += BATCH) {
    PetscInt n = PetscMin(BATCH, end - at);
    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    ProgressUpdate(&progress, (PetscReal)(at - begin));
    PetscCall(wedge_points(s->mesh, n, s->point_wedge + at, k));
    PetscCall(MaterialElectrons(s->material, n, k, e, v, NULL));
    for (PetscInt i = 0; i < n; i++) {
      const PetscReal(*S)[3] = MeshOpCart(s->mesh, s->point_op[at + i]);
      PetscInt ik            = find_k(s, s->point_wedge[at + i]);
      for (PetscInt b = 0; b < s->nb; b++) {
        size_t slot  = (size_t)(at + i) * nb + (size_t)b;
        energy[slot] = e[i * nbands + s->band_first + b];
        MatVec3(S, v + 3 * (i * nbands + s->band_first + b), velocity + 3 * slot);
        state[slot] = -1;
        for (int32_t st = ik < 0 ? 0 : s->first[ik]; ik >= 0 && st < s->first[ik + 1]; st++)
          if (s->band[st] == s->band_first + b) state[slot] = st;
      }
    }
    if (!U) continue;
    for (PetscInt i = 0; i < n; i++) MeshPoint(s->mesh, s->point[at + i], k + 3 * i);
    PetscCall(MaterialElectrons(s->material, n, k, e, NULL, u));
    for (PetscInt i = 0; i < n; i++)
      for (PetscInt c = 0; c < nbands; c++)
        for (PetscInt b = 0; b < s->nb; b++) U[((size_t)(at + i) * (size_t)nbands + (size_t)c) * nb + (size_t)b] = u[(i * nbands + c) * nbands + s->band_first + b];
  }
  ProgressEnd(&progress);
  PetscCall(PetscFree4(e, v, k, u));
  PetscFunctionReturn(0);
}

static PetscErrorCode fill_points(States s)
{
  PetscInt    begin, end, nbands;
  SharedArray a[4];
  PetscReal  *energy, *velocity;
  int32_t    *state;
  Complex    *U = NULL;
  bool        model = false;
  const size_t np = (size_t)s->npoints, nb = (size_t)s->nb;
  PetscFunctionBeginUser;
  PetscCall(MaterialGetSizes(s->material, &nbands, NULL, NULL, NULL));
  PetscCall(is_model(s->material, &model));
  PetscCall(StatesNewArray(s, sizeof(PetscReal) * np * nb, &a[0], &energy));
  PetscCall(StatesNewArray(s, sizeof(PetscReal) * np * nb * 3, &a[1], &velocity));
  PetscCall(StatesNewArray(s, sizeof(int32_t) * np * nb, &a[2], &state));
  const size_t ublock = sizeof(Complex) * (size_t)nbands * nb;
  if (!model) PetscCall(StatesNewArray(s, np * ublock, &a[3], &U));
  s->point_energy   = energy;
  s->point_velocity = velocity;
  s->point_state    = state;
  s->point_U        = U;
  StatesShare(s->comm, s->npoints, &begin, &end);
  PetscCall(ErrorAgree(s->comm, fill_part(s, begin, end, energy, velocity, state, U)));
  PetscCall(SharedArrayCombine(a[0], sizeof(PetscReal) * nb * (size_t)begin, sizeof(PetscReal) * nb * (size_t)end));
  PetscCall(SharedArrayCombine(a[1], 3 * sizeof(PetscReal) * nb * (size_t)begin, 3 * sizeof(PetscReal) * nb * (size_t)end));
  PetscCall(SharedArrayCombine(a[2], sizeof(int32_t) * nb * (size_t)begin, sizeof(int32_t) * nb * (size_t)end));
  if (!model) PetscCall(SharedArrayCombine(a[3], ublock * (size_t)begin, ublock * (size_t)end));
  PetscFunctionReturn(0);
}

PetscErrorCode StatesCreateElectrons(MPI_Comm comm, Material m, KMesh mesh, const StatesWindow *window, bool halo, States *states)
{
  States s;
  Found  found = {0};
  PetscFunctionBeginUser;
  PetscCall(PetscNew(&s));
  PetscCall(PetscNew(&s->priv));
  *states     = s;
  s->comm     = comm;
  s->species  = SPECIES_ELECTRON;
  s->mesh     = mesh;
  s->material = m;
  PetscCall(MaterialGetSizes(m, NULL, NULL, NULL, &s->spin));
  PetscCall(ErrorAgree(comm, search_local(s, window, &found)));
  PetscCall(gather_states(s, &found));
  PetscCall(found_free(&found));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &found.clipped, 1, MPIU_INT, MPI_SUM, comm));
  if (found.clipped > 0) LogWarning("the window reaches the faces of the model's box, where %d states are left out: raise material.model.extent or narrow electrons.window", (int)found.clipped);
  if (s->nstates == 0)
    return InputErrorAt(NULL, 0, "no electron states between %.6g and %.6g eV on the %dx%dx%d mesh: widen electrons.window or refine electrons.mesh", window->energy[0][0] * UMK_HARTREE_EV,
                        window->energy[window->n - 1][1] * UMK_HARTREE_EV, (int)mesh->n[0], (int)mesh->n[1], (int)mesh->n[2]);
  PetscCall(find_spread(s));
  PetscCall(place_points(s, halo));
  PetscCall(fill_points(s));
  PetscFunctionReturn(0);
}
