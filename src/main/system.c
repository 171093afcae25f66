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
  PetscCall(MaterialGetCrystal(r->material, &crystal));
  if (crystal->dimension == 2) size[2] = 1;
  PetscCall(DeckGetChoice(r->deck, "symmetry", &symmetry));
  PetscCall(MeshCreate(r->comm, crystal, size, symmetry == 0, mesh));
  Log(1, "mesh      %d x %d x %d, %d points in the wedge, %d operations", (int)size[0], (int)size[1], (int)size[2], (int)(*mesh)->nwedge, (int)(*mesh)->nops);
  PetscFunctionReturn(0);
}

static PetscErrorCode MakePhonons(System *r, KMesh mesh, PetscReal lowest, States *states)
{
  Deck      phonons;
  PetscReal omega_min;
  bool      given;

  PetscFunctionBeginUser;
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
  bool     given;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "phonons", &phonons));
  PetscCall(DeckGetInt3(phonons, "mesh", n, &given));
  if (!given) n[0] = n[1] = n[2] = DEFAULT_PHONON_MESH;
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
  bool         needed, has_mesh;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "electrons", &electrons));
  PetscCall(DeckGetSection(r->deck, "phonons", &phonons));
  PetscCall(DeckGetSection(r->deck, "scattering", &scattering));
  PetscCall(DeckGetInt3(electrons, "mesh", n, NULL));
  PetscCall(MakeMesh(r, n, &r->mesh));
  PetscCall(CarriersCreate(r->comm, r->material, r->mesh, &r->carriers));
  PetscCall(ScanSolveCarriers(&r->scan, r->carriers, r->material));
  PetscCall(ScanWindow(&r->scan, electrons, r->carriers, r->material, &window));
  PetscCall(StatesCreateElectrons(r->comm, r->material, r->mesh, &window, r->context.delta.scheme == DELTA_TETRAHEDRON, &r->electrons));
  for (PetscInt i = 0; i < window.n; i++) Log(1, "window    %.4f ... %.4f eV", window.energy[i][0] * UMK_HARTREE_EV, window.energy[i][1] * UMK_HARTREE_EV);
  Log(1, "states    %d on %d wedge points, %d points in the zone", (int)r->electrons->nstates, (int)r->electrons->nk, (int)r->electrons->npoints);
  PetscCall(DeckGetInt3(phonons, "mesh", nq, &has_mesh));
  for (int i = 0; i < 3 && has_mesh && !r->both; i++)
    if (nq[i] != n[i]) PetscCall(DeckError(phonons, "mesh", "phonons in equilibrium are taken at k' - k, on the electrons' mesh [%d, %d, %d]: leave phonons.mesh out or make it equal", (int)n[0], (int)n[1], (int)n[2]));
  PetscCall(ChannelsNeedPhonons(scattering, &needed));
  if (!needed && !r->both) PetscFunctionReturn(0);
  PetscCall(MaterialGetSizes(r->material, NULL, &nmodes, NULL, NULL));
  if (nmodes == 0) PetscCall(DeckError(scattering, "", "this material has no phonons"));
  PetscCall(MakePhonons(r, r->mesh, LOWEST_PARTNER, &r->phonons));
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

static PetscErrorCode SetUpCollision(Collision collision, PetscInt nchannels, Channel *channels)
{
  CollisionCost cost;

  PetscFunctionBeginUser;
  PetscCall(CollisionSetUp(collision));
  PetscCall(CollisionGetCost(collision, &cost));
  Log(1, "processes %.4g, max/mean over ranks %.3f, %.1f MiB per rank", cost.processes, cost.imbalance, cost.bytes / 1048576.0);
  for (PetscInt i = 0; i < nchannels; i++)
    if (channels[i]->type->report) PetscCall(channels[i]->type->report(channels[i]));
  PetscFunctionReturn(0);
}

PetscErrorCode SystemMakeCollision(System *r)
{
  Deck           scattering, collision, solver;
  const unsigned species = r->both ? CHANNEL_ON_ELECTRONS | CHANNEL_ON_PHONONS : r->species == SPECIES_PHONON ? CHANNEL_ON_PHONONS : CHANNEL_ON_ELECTRONS;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(r->deck, "scattering", &scattering));
  PetscCall(DeckGetSection(r->deck, "collision", &collision));
  PetscCall(DeckGetSection(r->deck, "solver", &solver));
  r->context.material  = r->material;
  r->context.electrons = r->electrons;
  r->context.phonons   = r->phonons;
  PetscCall(ChannelsCreateFromDeck(scattering, &r->context, r->species == SPECIES_PHONON ? CHANNEL_ON_PHONONS : CHANNEL_ON_ELECTRONS, &r->nchannels, &r->channels));
  if (r->nchannels == 0) PetscCall(DeckError(r->deck, "scattering", "no scattering mechanism: nothing limits the %s", r->species == SPECIES_PHONON ? "flow of heat" : "current"));
  PetscCall(CollisionCreate(r->comm, collision, r->electrons, r->phonons, species, r->nchannels, r->channels, &r->collision));
  PetscCall(SetUpCollision(r->collision, r->nchannels, r->channels));
  if (!r->both) {
    PetscCall(TransportCreate(r->comm, solver, r->collision, SystemUnknowns(r), &r->transport));
    PetscFunctionReturn(0);
  }
  r->lattice.context = (ChannelContext){.material = r->material, .phonons = r->lattice.phonons, .delta = r->context.delta};
  PetscCall(ChannelsCreateFromDeck(scattering, &r->lattice.context, CHANNEL_ON_PHONONS, &r->lattice.nchannels, &r->lattice.channels));
  PetscCall(CollisionCreate(r->comm, collision, NULL, r->lattice.phonons, CHANNEL_ON_PHONONS, r->lattice.nchannels, r->lattice.channels, &r->lattice.collision));
  PetscCall(SetUpCollision(r->lattice.collision, r->lattice.nchannels, r->lattice.channels));
  PetscCall(DragCreate(r->comm, solver, r->collision, r->lattice.collision, &r->drag));
  PetscFunctionReturn(0);
}

PetscErrorCode SystemCreate(MPI_Comm comm, Deck deck, System *r)
{
  Deck        delta, material;
  const char *name;

  PetscFunctionBeginUser;
  *r      = (System){.comm = comm, .deck = deck};
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
  if (r->both) PetscCall(MakeBeside(r));
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
