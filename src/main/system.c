/*
  From deck to solver: material -> mesh -> carriers -> states -> channels -> collision -> transport, for a run and for tests of what lies between.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "run.h"

#define DEFAULT_PHONON_MESH 16
/* Lowest phonon energies unless the deck says: partners of electrons, whose force constants may be less than perfect (5 cm^-1); unknowns. */
#define LOWEST_PARTNER (0.62e-3 / UMK_HARTREE_EV)
#define LOWEST_UNKNOWN (0.01e-3 / UMK_HARTREE_EV)

/* Who is out of equilibrium: phonons alone where the material has no bands or only channels of phonons are named, both where the deck names carriers
   and a channel of phonons alone, or asks for drag. */
static PetscErrorCode ChooseSpecies(System *r)
{
  Deck      scattering, carriers;
  PetscInt  nbands, nmodes, n, *levels;
  unsigned  acts;
  bool      has_carriers, drag = false;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "scattering", &scattering));
  PetscCall(DeckGetSection(r->deck, "carriers", &carriers));
  PetscCall(MaterialGetSizes(r->material, &nbands, &nmodes, NULL, NULL));
  PetscCall(ChannelsActOn(scattering, &acts));
  PetscCall(DeckHas(r->deck, "carriers", &has_carriers));
  PetscCall(DeckGetChoiceList(r->deck, "solve", &n, &levels));
  for (PetscInt i = 0; i < n; i++) drag = drag || levels[i] == LEVEL_DRAG;
  PetscCall(PetscFree(levels));
  const bool electrons = has_carriers || (acts & CHANNEL_ON_ELECTRONS), phonons = (acts & CHANNEL_ON_PHONONS) != 0;
  r->both    = nbands > 0 && (drag || (electrons && phonons));
  r->species = nbands == 0 || (phonons && !r->both) ? SPECIES_PHONON : SPECIES_ELECTRON;
  if ((r->both || r->species == SPECIES_PHONON) && nmodes == 0) PetscCall(DeckError(scattering, "", "this material has no phonons"));
  if (nbands == 0 && drag) PetscCall(DeckError(r->deck, "solve", "drag takes electrons and phonons: this material has no bands"));
  if (nbands == 0 && has_carriers) PetscCall(DeckError(carriers, "", "this material has no bands: leave `carriers` out"));
  if (nbands == 0 && (acts & CHANNEL_ON_ELECTRONS)) PetscCall(DeckError(scattering, "", "a mechanism of electrons, and this material has no bands"));
  PetscFunctionReturn(0);
}

static PetscErrorCode MakeMesh(System *r, const PetscInt n[3], KMesh *mesh)
{
  Crystal  crystal;
  PetscInt size[3] = {n[0], n[1], n[2]}, symmetry;

  PetscFunctionBeginUser;
  PetscCall(StageBegin("mesh"));
  PetscCall(MaterialGetCrystal(r->material, &crystal));
  if (crystal->dimension == 2) size[2] = 1;
  PetscCall(DeckGetChoice(r->deck, "symmetry", &symmetry));
  PetscCall(MeshCreateInField(r->comm, crystal, size, symmetry == 0, r->scan.fields.nB, (const PetscReal(*)[3])r->scan.fields.B, mesh));
  Log(1, "mesh      %d x %d x %d, %d points in the wedge, %d operations", (int)size[0], (int)size[1], (int)size[2], (int)(*mesh)->nwedge, (int)(*mesh)->nops);
  PetscFunctionReturn(0);
}

static PetscErrorCode MakePhonons(System *r, KMesh mesh, PetscReal lowest, States *states)
{
  Deck      phonons;
  PetscReal omega_min;
  bool      given;

  PetscFunctionBeginUser;
  PetscCall(StageBegin("states"));
  PetscCall(DeckGetSection(r->deck, "phonons", &phonons));
  PetscCall(DeckHas(phonons, "minimum_frequency", &given));
  PetscCall(DeckGetReal(phonons, "minimum_frequency", &omega_min, NULL));
  PetscCall(StatesCreatePhonons(r->comm, r->material, mesh, given ? omega_min : lowest, states));
  Log(1, "phonons   %d modes on %d wedge points", (int)(*states)->nstates, (int)(*states)->nk);
  PetscFunctionReturn(0);
}

/* Phonons alone: all modes of their mesh. */
static PetscErrorCode MakeLattice(System *r)
{
  Deck     phonons;
  PetscInt n[3];
  bool     given, refine;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "phonons", &phonons));
  PetscCall(DeckGetInt3(phonons, "mesh", n, &given));
  if (!given) n[0] = n[1] = n[2] = DEFAULT_PHONON_MESH;
  PetscCall(DeckHas(phonons, "refine", &refine));
  if (refine) PetscCall(DeckError(phonons, "refine", "only beside electrons: phonons alone are all on one mesh"));
  PetscCall(MakeMesh(r, n, &r->mesh));
  PetscCall(MakePhonons(r, r->mesh, LOWEST_UNKNOWN, &r->phonons));
  PetscCall(ScanSolveCarriers(&r->scan, NULL, r->material));
  PetscFunctionReturn(0);
}

/* Mesh, carriers and the states of the window. */
static PetscErrorCode MakeElectrons(System *r)
{
  Deck         electrons, phonons, scattering;
  PetscInt     n[3], nq[3], nmodes;
  StatesWindow window;
  bool         needed, has_mesh, refine;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "electrons", &electrons));
  PetscCall(DeckGetSection(r->deck, "phonons", &phonons));
  PetscCall(DeckGetSection(r->deck, "scattering", &scattering));
  PetscCall(DeckGetInt3(electrons, "mesh", n, NULL));
  PetscCall(MakeMesh(r, n, &r->mesh));
  PetscCall(StageBegin("carriers"));
  PetscCall(CarriersCreate(r->comm, r->material, r->mesh, &r->carriers));
  PetscCall(ScanSolveCarriers(&r->scan, r->carriers, r->material));
  PetscCall(ScanWindow(&r->scan, electrons, r->carriers, r->material, &window));
  PetscCall(StageBegin("states"));
  PetscCall(StatesCreateElectrons(r->comm, r->material, r->mesh, &window, r->context.delta.scheme == DELTA_TETRAHEDRON, &r->electrons));
  for (PetscInt i = 0; i < window.n; i++) Log(1, "window    %.4f ... %.4f eV", window.energy[i][0] * UMK_HARTREE_EV, window.energy[i][1] * UMK_HARTREE_EV);
  Log(1, "states    %d on %d wedge points, %d points in the zone", (int)r->electrons->nstates, (int)r->electrons->nk, (int)r->electrons->npoints);
  PetscCall(DeckHas(phonons, "refine", &refine));
  if (refine && !r->both) PetscCall(DeckError(phonons, "refine", "only where electrons and phonons are both out of equilibrium: a channel of phonons, or solve: drag"));
  PetscCall(DeckGetInt3(phonons, "mesh", nq, &has_mesh));
  for (int i = 0; i < 3 && has_mesh && !r->both; i++)
    if (nq[i] != n[i]) PetscCall(DeckError(phonons, "mesh", "phonons in equilibrium are taken at k' - k, on the electrons' mesh [%d, %d, %d]: leave phonons.mesh out or make it equal", (int)n[0], (int)n[1], (int)n[2]));
  PetscCall(ChannelsNeedPhonons(scattering, &needed));
  if (!needed && !r->both) PetscFunctionReturn(0);
  PetscCall(MaterialGetSizes(r->material, NULL, &nmodes, NULL, NULL));
  if (nmodes == 0) PetscCall(DeckError(scattering, "", "this material has no phonons"));
  PetscCall(MakePhonons(r, r->mesh, refine ? LOWEST_UNKNOWN : LOWEST_PARTNER, &r->phonons));
  PetscFunctionReturn(0);
}

/* Membership of mesh points in the region |q| <= radius of the coarse mesh's points: PhononPartition. */
static PetscErrorCode FillInside(const System *r, PetscReal radius, PetscReal *coarse, PetscReal *fine)
{
  const KMesh mesh = r->mesh, step = r->lattice.mesh;
  MeshStencil stencil;

  PetscFunctionBeginUser;
  for (PetscInt iw = 0; iw < step->nwedge; iw++) {
    PetscReal q[MESH_MAX_SHORTEST][3];
    MeshShortest(step, step->wedge[iw], q);
    coarse[iw] = Norm3(q[0]) <= radius * (1.0 + 1e-9) ? 1.0 : 0.0;
  }
  PetscCall(MeshStencilCreate(step, mesh, &stencil));
  for (PetscInt iw = 0; iw < mesh->nwedge; iw++) {
    PetscInt64       at[MESH_STENCIL_MAX];
    const PetscReal *weight;
    int              n;
    PetscCall(MeshStencilAt(stencil, mesh->wedge[iw], &n, at, &weight));
    fine[iw] = 0.0;
    for (int k = 0; k < n; k++) fine[iw] += weight[k] * coarse[step->wedge_of[at[k]]];
    if (fine[iw] > 1.0 - 1e-9) fine[iw] = 1.0;
    if (fine[iw] < 1e-9) fine[iw] = 0.0;
  }
  PetscCall(MeshStencilDestroy(&stencil));
  PetscFunctionReturn(0);
}

/* Phonons near q = 0 on the electrons' mesh. */
static PetscErrorCode MakeRefined(System *r)
{
  const PetscInt n[2] = {r->mesh->nwedge, r->lattice.mesh->nwedge};
  Deck       phonons;
  PetscReal  radius, *inside[2];
  PetscInt   whole = 0, nodes = 0;
  bool       given, writer;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "phonons", &phonons));
  PetscCall(DeckGetReal(phonons, "refine", &radius, &given));
  if (!given) PetscFunctionReturn(0);
  if (r->lattice.mesh->size == r->mesh->size) PetscCall(DeckError(phonons, "refine", "phonons are on the electrons' mesh [%d, %d, %d] already: give phonons.mesh a coarser one", (int)r->mesh->n[0], (int)r->mesh->n[1], (int)r->mesh->n[2]));
  for (int k = 0; k < 2; k++) {
    PetscCall(SharedArrayCreate(r->comm, sizeof(PetscReal) * (size_t)n[k], &r->refined.inside[k]));
    PetscCall(SharedArrayGet(r->refined.inside[k], &inside[k]));
  }
  PetscCall(SharedArrayIsOwner(r->refined.inside[0], &writer));
  if (writer) PetscCall(FillInside(r, radius, inside[1], inside[0]));
  for (int k = 0; k < 2; k++) PetscCall(SharedArrayFence(r->refined.inside[k]));
  for (PetscInt iw = 0; iw < n[0]; iw++) whole += inside[0][iw] == 1.0;
  for (PetscInt iw = 0; iw < n[1]; iw++) nodes += inside[1][iw] == 1.0;
  if (whole == nodes && nodes == 1) PetscCall(DeckError(phonons, "refine", "no point of the mesh but q = 0 lies within: the nearest are %.3g nm^-1 away", Norm3(r->lattice.mesh->crystal->b[0]) / (PetscReal)r->lattice.mesh->n[0] / (UMK_BOHR_M * 1e9)));
  Log(1, "refined   %d wedge points of the fine mesh stand for %d of the coarse one", (int)whole, (int)nodes);
  r->refined.partition = (PhononPartition){.coarse = r->lattice.phonons, .inside = inside[0]};
  r->lattice.partition = (PhononPartition){.inside = inside[1]};
  PetscFunctionReturn(0);
}

/* Phonons among themselves, beside electrons: on a mesh that divides theirs. */
static PetscErrorCode MakeBeside(System *r)
{
  Deck     phonons;
  PetscInt n[3];
  bool     given;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "phonons", &phonons));
  PetscCall(DeckGetInt3(phonons, "mesh", n, &given));
  for (int i = 0; i < 3; i++) {
    if (!given || (r->mesh->n[i] == 1 && i == 2)) n[i] = r->mesh->n[i];
    if (r->mesh->n[i] % n[i]) PetscCall(DeckError(phonons, "mesh", "the phonons' mesh must divide the electrons' [%d, %d, %d] in each direction", (int)r->mesh->n[0], (int)r->mesh->n[1], (int)r->mesh->n[2]));
  }
  PetscCall(MakeMesh(r, n, &r->lattice.mesh));
  if (r->lattice.mesh->nops != r->mesh->nops) PetscCall(DeckError(phonons, "mesh", "electrons' and phonons' meshes have different symmetry: give both the same proportions"));
  PetscCall(MakePhonons(r, r->lattice.mesh, LOWEST_UNKNOWN, &r->lattice.phonons));
  PetscFunctionReturn(0);
}

States SystemUnknowns(const System *r) { return r->species == SPECIES_PHONON ? r->phonons : r->electrons; }

static PetscErrorCode SetUpCollision(const System *r, PetscInt which, Collision collision, PetscInt nchannels, Channel *channels)
{
  CollisionCost cost;

  PetscFunctionBeginUser;
  PetscCall(StageBegin("processes"));
  if (r->set_up) PetscCall(r->set_up(r->set_up_context, which, collision));
  else PetscCall(CollisionSetUp(collision));
  PetscCall(CollisionGetCost(collision, &cost));
  Log(1, "processes %.4g, max/mean over ranks %.3f, %.1f MiB per rank", cost.processes, cost.imbalance, cost.bytes / 1048576.0);
  for (PetscInt i = 0; i < nchannels; i++)
    if (channels[i]->type->report) PetscCall(channels[i]->type->report(channels[i]));
  PetscFunctionReturn(0);
}

#define LEAST_POINTS 24 /* of a sample */

PetscErrorCode SystemSetUpSample(void *ctx, PetscInt which, Collision collision)
{
  SystemSample *s = ctx;

  PetscFunctionBeginUser;
  PetscCall(CollisionSetUpSample(collision, s->point, s->seconds, s->bytes, LEAST_POINTS, which ? &s->lattice : &s->electrons));
  MemoryUsage(&s->memory, NULL);
  s->time = ProcessorTime();
  PetscFunctionReturn(0);
}

/* The phonons' own channels on the refined region, to follow the electrons' in one collision operator. */
static PetscErrorCode MakeRefinedChannels(System *r, Deck scattering)
{
  PetscFunctionBeginUser;
  if (!r->refined.partition.inside) PetscFunctionReturn(0);
  r->refined.context = (ChannelContext){.material = r->material, .phonons = r->phonons, .delta = r->context.delta, .partition = &r->refined.partition};
  PetscCall(ChannelsCreateFromDeck(scattering, &r->refined.context, CHANNEL_ON_PHONONS, &r->refined.nchannels, &r->refined.channels));
  PetscCall(PetscMalloc1(r->nchannels + r->refined.nchannels, &r->refined.all));
  PetscCall(PetscArraycpy(r->refined.all, r->channels, r->nchannels));
  PetscCall(PetscArraycpy(r->refined.all + r->nchannels, r->refined.channels, r->refined.nchannels));
  PetscFunctionReturn(0);
}

PetscErrorCode SystemMakeCollision(System *r)
{
  Deck           scattering, collision, solver;
  const unsigned species = r->both ? CHANNEL_ON_ELECTRONS | CHANNEL_ON_PHONONS : r->species == SPECIES_PHONON ? CHANNEL_ON_PHONONS : CHANNEL_ON_ELECTRONS;

  PetscFunctionBeginUser;
  PetscCall(StageBegin("channels"));
  PetscCall(DeckGetSection(r->deck, "scattering", &scattering));
  PetscCall(DeckGetSection(r->deck, "collision", &collision));
  PetscCall(DeckGetSection(r->deck, "solver", &solver));
  r->context.material  = r->material;
  r->context.electrons = r->electrons;
  r->context.phonons   = r->phonons;
  PetscCall(ChannelsCreateFromDeck(scattering, &r->context, r->species == SPECIES_PHONON ? CHANNEL_ON_PHONONS : CHANNEL_ON_ELECTRONS, &r->nchannels, &r->channels));
  if (r->nchannels == 0) PetscCall(DeckError(r->deck, "scattering", "no scattering mechanism: nothing limits the %s", r->species == SPECIES_PHONON ? "flow of heat" : "current"));
  PetscCall(MakeRefinedChannels(r, scattering));
  PetscCall(CollisionCreate(r->comm, collision, r->electrons, r->phonons, species, r->nchannels + r->refined.nchannels, r->refined.all ? r->refined.all : r->channels, &r->collision));
  PetscCall(SetUpCollision(r, 0, r->collision, r->nchannels + r->refined.nchannels, r->refined.all ? r->refined.all : r->channels));
  if (!r->both) {
    PetscCall(StageBegin("operator"));
    PetscCall(TransportCreate(r->comm, solver, r->collision, SystemUnknowns(r), &r->transport));
    PetscFunctionReturn(0);
  }
  PetscCall(StageBegin("channels"));
  r->lattice.context = (ChannelContext){.material = r->material, .phonons = r->lattice.phonons, .delta = r->context.delta, .partition = r->refined.partition.inside ? &r->lattice.partition : NULL};
  PetscCall(ChannelsCreateFromDeck(scattering, &r->lattice.context, CHANNEL_ON_PHONONS, &r->lattice.nchannels, &r->lattice.channels));
  PetscCall(CollisionCreate(r->comm, collision, NULL, r->lattice.phonons, CHANNEL_ON_PHONONS, r->lattice.nchannels, r->lattice.channels, &r->lattice.collision));
  PetscCall(SetUpCollision(r, 1, r->lattice.collision, r->lattice.nchannels, r->lattice.channels));
  PetscCall(StageBegin("operator"));
  PetscCall(DragCreate(r->comm, solver, r->collision, r->lattice.collision, r->refined.partition.inside, &r->drag));
  PetscFunctionReturn(0);
}

PetscErrorCode SystemCreate(MPI_Comm comm, Deck deck, System *r)
{
  Deck        delta, material;
  const char *name;

  PetscFunctionBeginUser;
  *r      = (System){.comm = comm, .deck = deck};
  PetscCall(StageBegin("material"));
  PetscCall(DeckGetSection(deck, "delta", &delta));
  PetscCall(DeltaFromDeck(delta, &r->context.delta));
  PetscCall(DeckGetSection(deck, "material", &material));
  PetscCall(MaterialCreateFromDeck(comm, material, &r->material));
  PetscCall(MaterialGetName(r->material, &name));
  Log(1, "material  %s", name);
  PetscCall(ChooseSpecies(r));
  PetscCall(ScanCreate(deck, r->material, r->species, &r->scan));
  PetscFunctionReturn(0);
}

PetscErrorCode SystemMakeStates(System *r)
{
  PetscFunctionBeginUser;
  PetscCall(r->species == SPECIES_PHONON ? MakeLattice(r) : MakeElectrons(r));
  if (r->both) {
    PetscCall(MakeBeside(r));
    PetscCall(MakeRefined(r));
    if (r->lattice.mesh->size < r->mesh->size) PetscCall(StatesFollowMesh(r->phonons, r->lattice.mesh, r->refined.partition.inside));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode SystemDestroy(System *r)
{
  PetscFunctionBeginUser;
  PetscCall(DragDestroy(&r->drag));
  PetscCall(CollisionDestroy(&r->lattice.collision));
  PetscCall(ChannelsDestroy(r->lattice.nchannels, &r->lattice.channels));
  PetscCall(StatesDestroy(&r->lattice.phonons));
  if (r->lattice.mesh) PetscCall(MeshDestroy(&r->lattice.mesh));
  PetscCall(TransportDestroy(&r->transport));
  PetscCall(CollisionDestroy(&r->collision));
  PetscCall(ChannelsDestroy(r->refined.nchannels, &r->refined.channels));
  PetscCall(PetscFree(r->refined.all));
  for (int k = 0; k < 2; k++)
    if (r->refined.inside[k]) PetscCall(SharedArrayDestroy(&r->refined.inside[k]));
  PetscCall(ChannelsDestroy(r->nchannels, &r->channels));
  PetscCall(StatesDestroy(&r->phonons));
  PetscCall(StatesDestroy(&r->electrons));
  if (r->carriers) PetscCall(CarriersDestroy(&r->carriers));
  PetscCall(MeshDestroy(&r->mesh));
  PetscCall(ScanDestroy(&r->scan));
  PetscCall(MaterialDestroy(&r->material));
  PetscCall(DeckDestroy(&r->deck));
  PetscFunctionReturn(0);
}
