/* The study `orbits`: deck, surfaces, the work dealt to ranks. See orbits.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include "orbits.h"
#include "run.h"

static const DeckKey keys[] = {
  {"orbits", DECK_SECTION, .help = "study: extremal orbits of constant-energy surfaces about a field: areas, cyclotron masses and frequencies"},
  {"orbits.directions", DECK_VECTOR_LIST, .fallback = "[0, 0, 1]", .min_count = 1, .max_count = 1000, .help = "directions of the field, Cartesian, any length"},
  {"orbits.field", DECK_REAL, .unit = "T", .fallback = "1 T", .positive = true, .help = "field at which cyclotron frequencies are given"},
  {"orbits.energy", DECK_REAL_LIST, .unit = "eV", .min = -1e4, .max = 1e4, .min_count = 1, .help = "energies of the surfaces; without them the chemical potentials of the deck's temperatures and carriers"},
  {"orbits.from", DECK_CHOICE, .choices = "zero|conduction|valence", .fallback = "zero", .help = "what orbits.energy counts from: the bands' own zero; up from the bottom of the conduction bands; down from the top of the valence bands"},
  {"orbits.mesh", DECK_INT3, .fallback = "24", .min = 4, .max = 512, .help = "mesh of the zone on which surfaces are looked for"},
  {"orbits.refine", DECK_INT, .fallback = "4", .min = 1, .max = 64, .help = "mesh cells near a surface are divided this many times"},
  {"orbits.slices", DECK_INT, .fallback = "24", .min = 4, .max = 4096, .help = "planes across each part of a surface"},
  {NULL}};

PetscErrorCode OrbitsRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

/* --- the deck ------------------------------------------------------------------------------------------------------------ */

static PetscErrorCode GetDirections(OrbitStudy *s)
{
  PetscFunctionBeginUser;
  PetscCall(DeckGetVectorList(s->section, "directions", &s->ndirections, &s->direction));
  for (PetscInt d = 0; d < s->ndirections; d++) {
    const PetscReal length = Norm3(s->direction[d]);

    if (!(length > 0)) PetscCall(DeckError(s->section, "directions", "direction %d of the field has no length", (int)d + 1));
    for (int c = 0; c < 3; c++) s->direction[d][c] /= length;
    if (s->crystal->dimension == 2 && hypot(s->direction[d][0], s->direction[d][1]) > 1e-9)
      PetscCall(DeckError(s->section, "directions", "a two-dimensional material has orbits about a field along z alone: directions: [0, 0, 1]"));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode Edge(const OrbitStudy *s, IsosurfaceMesh mesh, bool top, PetscReal *edge)
{
  PetscInt nvalence;
  bool     metal;

  PetscFunctionBeginUser;
  PetscCall(MaterialGetValenceBands(s->material, &nvalence, &metal));
  if (metal) PetscCall(DeckError(s->section, "from", "a metal has no band edges to count energies from"));
  if (top ? nvalence == 0 : nvalence == mesh->nbands) PetscCall(DeckError(s->section, "from", "this material has no %s bands", top ? "valence" : "conduction"));
  *edge = top ? -HUGE_VAL : HUGE_VAL;
  for (PetscInt b = top ? 0 : nvalence; b < (top ? nvalence : mesh->nbands); b++) {
    PetscReal e;
    PetscCall(ValleyEdge(mesh, b, top, &e));
    *edge = top ? PetscMax(*edge, e) : PetscMin(*edge, e);
  }
  PetscFunctionReturn(0);
}

/* Chemical potentials of the deck's temperatures and carriers. */
static PetscErrorCode FromCarriers(OrbitStudy *s, Deck deck, IsosurfaceMesh mesh)
{
  PetscInt n[3];
  Deck     electrons;
  KMesh    kmesh;
  Carriers carriers;
  Scan     scan;
  bool     given;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(deck, "electrons", &electrons));
  PetscCall(DeckHas(electrons, "mesh", &given));
  if (given) PetscCall(DeckGetInt3(electrons, "mesh", n, NULL));
  for (int c = 0; c < 3 && !given; c++) n[c] = mesh->n[c] * mesh->refine;
  if (s->crystal->dimension == 2) n[2] = 1;
  PetscCall(ScanCreate(deck, s->material, SPECIES_ELECTRON, &scan));
  PetscCall(MeshCreate(PETSC_COMM_WORLD, s->crystal, n, true, &kmesh));
  PetscCall(CarriersCreate(PETSC_COMM_WORLD, s->material, kmesh, &carriers));
  PetscCall(ScanSolveCarriers(&scan, carriers, s->material));
  s->nenergies = scan.nT * scan.nC;
  PetscCall(PetscMalloc1(s->nenergies, &s->given));
  for (PetscInt i = 0; i < s->nenergies; i++) s->given[i] = scan.point[i].mu;
  PetscCall(CarriersDestroy(&carriers));
  PetscCall(MeshDestroy(&kmesh));
  PetscCall(ScanDestroy(&scan));
  PetscFunctionReturn(0);
}

static PetscErrorCode GetEnergies(OrbitStudy *s, Deck deck, IsosurfaceMesh mesh)
{
  PetscReal edge = 0;
  PetscInt  from;
  bool      carriers, temperature, has;

  PetscFunctionBeginUser;
  PetscCall(DeckHas(s->section, "energy", &has));
  PetscCall(DeckHas(deck, "carriers", &carriers));
  PetscCall(DeckHas(deck, "temperature", &temperature));
  PetscCall(DeckGetChoice(s->section, "from", &from));
  if (has && (carriers || temperature)) PetscCall(DeckError(s->section, "energy", "energies are given twice: keep orbits.energy, or temperature and carriers"));
  if (!has && !temperature) PetscCall(DeckError(s->section, "", "orbits need energies: orbits.energy, or temperature and carriers"));
  if (!has && from) PetscCall(DeckError(s->section, "from", "'from' belongs to orbits.energy; chemical potentials need none"));
  if (has) PetscCall(DeckGetRealList(s->section, "energy", &s->nenergies, &s->given));
  else PetscCall(FromCarriers(s, deck, mesh));
  if (from) PetscCall(Edge(s, mesh, from == 2, &edge));
  if (from) Log(1, "edge      %s, %.6f eV", from == 2 ? "top of the valence bands" : "bottom of the conduction bands", edge / UMK_EV);
  PetscCall(PetscMalloc1(s->nenergies, &s->energy));
  for (PetscInt i = 0; i < s->nenergies; i++) s->energy[i] = from == 2 ? edge - s->given[i] : edge + s->given[i];
  PetscFunctionReturn(0);
}

/* --- surfaces --------------------------------------------------------------------------------------------------------------- */

/* Closed components move to the first zone as a whole. */
static PetscErrorCode PlaceComponents(OrbitSurface *o, Crystal crystal)
{
  Isosurface s = o->surface;
  PetscReal (*centre)[3], *count;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc1(s->ncomponents, &o->offset));
  PetscCall(PetscCalloc2(s->ncomponents, &centre, s->ncomponents, &count));
  for (PetscInt i = 0; i < 3 * s->ntriangles; i++) {
    const IsosurfaceTriangle *t = &s->triangle[i / 3];
    PetscReal                 k[3];

    IsosurfaceCorner(s, i / 3, (int)(i % 3), t->home, k);
    for (int c = 0; c < 3; c++) centre[t->component][c] += k[c];
    count[t->component]++;
  }
  for (PetscInt a = 0; a < s->ncomponents; a++) {
    PetscReal best = HUGE_VAL;

    for (int c = 0; c < 3; c++) centre[a][c] /= count[a];
    for (int i = 0; i < 125 && !s->open[a]; i++) {
      const PetscReal x[3] = {i / 25 - 2, i / 5 % 5 - 2, i % 5 - 2};
      PetscReal       G[3], moved[3];

      MatTVec3((const PetscReal(*)[3])crystal->b, x, G);
      for (int c = 0; c < 3; c++) moved[c] = centre[a][c] + G[c];
      if (Norm3(moved) > best * (1 - 1e-6)) continue;
      best = Norm3(moved);
      memcpy(o->offset[a], G, sizeof G);
    }
  }
  PetscCall(PetscFree2(centre, count));
  PetscFunctionReturn(0);
}

static PetscErrorCode MakeSurfaces(OrbitStudy *s, IsosurfaceMesh mesh)
{
  bool box;

  PetscFunctionBeginUser;
  PetscCall(MaterialIsBox(s->material, &box));
  PetscCall(PetscCalloc1(s->nenergies * mesh->nbands, &s->surface));
  for (PetscInt e = 0; e < s->nenergies; e++)
    for (PetscInt b = 0; b < mesh->nbands; b++) {
      OrbitSurface *o = &s->surface[s->nsurfaces];

      PetscCall(IsosurfaceCreate(mesh, b, s->energy[e], &o->surface));
      if (o->surface->ntriangles == 0) {
        PetscCall(IsosurfaceDestroy(&o->surface));
        continue;
      }
      if (box && o->surface->cut) PetscCall(DeckError(s->section, "energy", "the surface of band %d at %.6g eV leaves the box of the model: raise material.model.extent", (int)b + 1, s->energy[e] / UMK_EV));
      PetscCall(PlaceComponents(o, s->crystal));
      o->energy = e;
      s->nsurfaces++;
    }
  if (s->nsurfaces == 0) PetscCall(DeckError(s->section, "energy", "no band reaches the energies %.6g to %.6g eV on this mesh: check them, or make orbits.mesh finer", s->energy[0] / UMK_EV, s->energy[s->nenergies - 1] / UMK_EV));
  PetscFunctionReturn(0);
}

static PetscErrorCode FindValleys(OrbitStudy *s)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < s->nsurfaces; i++) s->nvalleys += s->surface[i].surface->ncomponents;
  PetscCall(PetscCalloc1(s->nvalleys, &s->valley));
  for (PetscInt i = 0, n = 0; i < s->nsurfaces; i++) {
    Isosurface is = s->surface[i].surface;

    for (PetscInt a = 0; a < is->ncomponents; a++, n++) {
      PetscReal low[3] = {HUGE_VAL, HUGE_VAL, HUGE_VAL}, high[3] = {-HUGE_VAL, -HUGE_VAL, -HUGE_VAL}, k[3];

      s->valley[n].surface   = i;
      s->valley[n].component = a;
      for (PetscInt t = 0; t < 3 * is->ntriangles; t++) {
        if (is->triangle[t / 3].component != a) continue;
        IsosurfaceCorner(is, t / 3, (int)(t % 3), is->triangle[t / 3].home, k);
        for (int c = 0; c < 3; c++) {
          low[c]  = PetscMin(low[c], k[c] + s->surface[i].offset[a][c]);
          high[c] = PetscMax(high[c], k[c] + s->surface[i].offset[a][c]);
        }
      }
      for (int c = 0; c < 3; c++) {
        k[c] = s->crystal->dimension == 2 && c == 2 ? 0 : 0.5 * (low[c] + high[c]);
        high[c] = c < s->crystal->dimension ? high[c] - low[c] : 0;
      }
      if (!is->open[a] || s->crystal->dimension == 2) PetscCall(ValleyFind(s->material, s->crystal, is->band, k, Norm3(high), &s->valley[n]));
    }
  }
  PetscFunctionReturn(0);
}

/* --- the search, dealt to ranks ------------------------------------------------------------------------------------------------ */

static PetscErrorCode SearchMine(OrbitStudy *s, OrbitList *mine)
{
  PetscInt turn = 0;
  int      rank, size;
  Progress progress;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  ProgressBegin(&progress, "orbits", (PetscReal)(s->nvalleys * s->ndirections));
  for (PetscInt i = 0; i < s->nsurfaces; i++)
    for (PetscInt a = 0; a < s->surface[i].surface->ncomponents; a++)
      for (PetscInt d = 0; d < s->ndirections; d++) {
        const bool sheet = s->crystal->dimension == 2;
        for (PetscInt j = sheet ? s->slices / 2 : 0; j < (sheet ? s->slices / 2 + 1 : s->slices); j++)
          if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
          else if (turn++ % size == rank) PetscCall(OrbitSearch(s, i, d, a, j, mine, &s->failures));
        ProgressUpdate(&progress, (PetscReal)turn / (PetscReal)(sheet ? 1 : s->slices));
      }
  ProgressEnd(&progress);
  PetscFunctionReturn(0);
}

static PetscErrorCode Gather(OrbitStudy *s, const OrbitList *mine)
{
  PetscMPIInt count = (PetscMPIInt)mine->n * ORBIT_REALS, *counts, *places;
  int         size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(PetscMalloc2(size, &counts, size, &places));
  PetscCallMPI(MPI_Allgather(&count, 1, MPI_INT, counts, 1, MPI_INT, PETSC_COMM_WORLD));
  count = 0;
  for (int i = 0; i < size; i++) {
    places[i] = count;
    count += counts[i];
  }
  s->list.n = s->list.capacity = count / ORBIT_REALS;
  PetscCall(PetscMalloc1(s->list.n, &s->list.orbit));
  PetscCallMPI(MPI_Allgatherv(mine->orbit, (PetscMPIInt)mine->n * ORBIT_REALS, MPIU_REAL, s->list.orbit, counts, places, MPIU_REAL, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Allreduce(MPI_IN_PLACE, &s->failures, 1, MPIU_INT, MPI_SUM, PETSC_COMM_WORLD));
  PetscCall(PetscFree2(counts, places));
  PetscFunctionReturn(0);
}

/* By surface, direction, kind, component, then height. */
static int Order(const void *x, const void *y)
{
  const Orbit    *a = x, *b = y;
  const PetscReal p[5] = {a->surface, a->direction, a->kind, a->component, a->height}, q[5] = {b->surface, b->direction, b->kind, b->component, b->height};

  for (int i = 0; i < 5; i++)
    if (p[i] != q[i]) return p[i] < q[i] ? -1 : 1;
  return 0;
}

/* The same orbit, perhaps in another zone: found from a plane that meets the component elsewhere. */
static bool Same(const OrbitStudy *s, const Orbit *a, const Orbit *b)
{
  PetscReal inverse[3][3], x[3];

  if (a->surface != b->surface || a->direction != b->direction || a->component != b->component || a->kind != b->kind || a->kind != WALK_CLOSED || fabs(a->area - b->area) > 1e-5 * a->area) return false;
  const PetscReal d[3] = {a->centre[0] - b->centre[0], a->centre[1] - b->centre[1], a->centre[2] - b->centre[2]};
  Invert3((const PetscReal(*)[3])s->crystal->b, inverse);
  MatTVec3((const PetscReal(*)[3])inverse, d, x);
  for (int c = 0; c < 3; c++)
    if (fabs(x[c] - floor(x[c] + 0.5)) > 1e-4 && (c < s->crystal->dimension) && a->extremal == 1) return false;
  return true;
}

/* Orbits of open components each move to the first zone by themselves. */
static void NearestZone(Crystal crystal, const Orbit *o, PetscReal offset[3])
{
  PetscReal middle[3] = {0}, best = HUGE_VAL;

  for (int p = 0; p < ORBIT_DRAWN; p++)
    for (int c = 0; c < 3; c++) middle[c] += o->point[p][c] / ORBIT_DRAWN;
  for (int i = 0; i < 343; i++) {
    const PetscReal x[3] = {i / 49 - 3, i / 7 % 7 - 3, i % 7 - 3};
    PetscReal       G[3];

    MatTVec3((const PetscReal(*)[3])crystal->b, x, G);
    const PetscReal moved[3] = {middle[0] + G[0], middle[1] + G[1], middle[2] + G[2]};
    if (Norm3(moved) > best * (1 - 1e-6)) continue;
    best = Norm3(moved);
    memcpy(offset, G, sizeof G);
  }
}

static void DropRepeats(OrbitStudy *s)
{
  PetscInt kept = 0;

  qsort(s->list.orbit, (size_t)s->list.n, sizeof(Orbit), Order);
  for (PetscInt i = 0; i < s->list.n; i++) {
    bool repeated = false;
    for (PetscInt j = kept - 1; j >= 0 && !repeated && s->list.orbit[j].surface == s->list.orbit[i].surface; j--) repeated = Same(s, &s->list.orbit[j], &s->list.orbit[i]);
    if (!repeated) s->list.orbit[kept++] = s->list.orbit[i];
  }
  s->list.n = kept;
  for (PetscInt i = 0; i < kept; i++) {
    Orbit             *o         = &s->list.orbit[i];
    const OrbitSurface *surface   = &s->surface[(PetscInt)o->surface];
    PetscReal          offset[3];

    memcpy(offset, surface->offset[(PetscInt)o->component], sizeof offset);
    if (surface->surface->open[(PetscInt)o->component]) NearestZone(s->crystal, o, offset);
    for (int c = 0; c < 3; c++) {
      o->centre[c] += offset[c];
      for (int p = 0; p < ORBIT_DRAWN; p++) o->point[p][c] += offset[c];
    }
    o->height += Dot3(offset, s->direction[(PetscInt)o->direction]);
  }
}

static PetscErrorCode Destroy(OrbitStudy *s)
{
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < s->nsurfaces; i++) {
    PetscCall(IsosurfaceDestroy(&s->surface[i].surface));
    PetscCall(PetscFree(s->surface[i].offset));
  }
  PetscCall(PetscFree(s->surface));
  PetscCall(PetscFree(s->valley));
  PetscCall(PetscFree(s->list.orbit));
  PetscCall(PetscFree(s->direction));
  PetscCall(PetscFree(s->energy));
  PetscCall(PetscFree(s->given));
  PetscFunctionReturn(0);
}

PetscErrorCode OrbitsRun(Deck deck, Material m, Results r)
{
  OrbitStudy     s    = {.material = m};
  OrbitList      mine = {0};
  PetscInt       n[3], refine;
  IsosurfaceMesh mesh;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(deck, "orbits", &s.section));
  PetscCall(MaterialGetCrystal(m, &s.crystal));
  PetscCall(DeckGetInt3(s.section, "mesh", n, NULL));
  PetscCall(DeckGetInt(s.section, "refine", &refine, NULL));
  PetscCall(DeckGetInt(s.section, "slices", &s.slices, NULL));
  PetscCall(DeckGetReal(s.section, "field", &s.field, NULL));
  PetscCall(GetDirections(&s));
  PetscCall(IsosurfaceMeshCreate(PETSC_COMM_WORLD, m, n, refine, &mesh));
  PetscCall(GetEnergies(&s, deck, mesh));
  PetscCall(MakeSurfaces(&s, mesh));
  PetscCall(IsosurfaceMeshDestroy(&mesh));
  PetscCall(FindValleys(&s));
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, SearchMine(&s, &mine)));
  PetscCall(Gather(&s, &mine));
  PetscCall(PetscFree(mine.orbit));
  DropRepeats(&s);
  if (s.failures > 0) LogWarning("%d curves could not be followed, near touching bands or necks: look at orbits.mesh and orbits.slices", (int)s.failures);
  PetscCall(OrbitsWrite(&s, r));
  PetscCall(OrbitsReport(&s));
  PetscCall(Destroy(&s));
  PetscFunctionReturn(0);
}
