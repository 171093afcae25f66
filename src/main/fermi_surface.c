/*
  Writers of .frmsf (FermiSurfer) and .bxsf (XCrySDen): docs/formats.md.

  Energies and velocities of the wedge are made by all ranks, one copy per node; rank 0 writes the whole zone from them under a temporary name.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "fermi_surface.h"
#include "study.h"

#define BATCH 64

static const DeckKey keys[] = {
  {"fermi_surface", DECK_SECTION, .help = "write bands for FermiSurfer (.frmsf) or XCrySDen (.bxsf): a study by itself, beside a transport run when the deck has scattering"},
  {"fermi_surface.file", DECK_STRING, .required = true, .help = "name of the file; its ending says the format unless that is given"},
  {"fermi_surface.format", DECK_CHOICE, .choices = "frmsf|bxsf", .help = "format of the file"},
  {"fermi_surface.colour", DECK_CHOICE, .choices = "none|velocity|velocity_vector|lifetime", .help = "frmsf: what colours the surface: nothing, speed (m/s), the velocity's three components, or the lifetime (fs) at a run's first temperature and carriers; default: velocity"},
  {"fermi_surface.mesh", DECK_INT3, .min = 2, .max = 1024, .help = "mesh of the bands; default: that of electrons.mesh, else 32"},
  {"fermi_surface.energy", DECK_REAL, .unit = "eV", .min = -1e4, .max = 1e4, .help = "Fermi energy in the file; default: the chemical potential of the first temperature and carriers"},
  {NULL}};

typedef enum { FORMAT_FRMSF, FORMAT_BXSF } Format;                            /* order of the deck's choices */
typedef enum { COLOUR_NONE, COLOUR_SPEED, COLOUR_VELOCITY, COLOUR_LIFETIME } Colour;

typedef struct {
  Deck       section;
  Material   material;
  Crystal    crystal;
  KMesh      mesh;
  PetscInt   nbands, planes;        /* planes: k_3 written; 2 for the one of two dimensions */
  Format     format;
  Colour     colour;
  PetscReal  fermi, *energy, *velocity; /* [nwedge][nbands], [nwedge][nbands][3] one copy per node */
  PetscReal *lifetime;              /* [nwedge][nbands] fs, rank 0 of a run; 0: not in its window */
  SharedArray energy_window, velocity_window;
} FermiSurface;

PetscErrorCode FermiSurfaceRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(keys));
  PetscFunctionReturn(0);
}

/* --- what is written --------------------------------------------------------------------------------------------------------------- */

static PetscErrorCode FillWedge(FermiSurface *f, PetscInt begin, PetscInt end)
{
  PetscReal k[BATCH][3];

  PetscFunctionBeginUser;
  for (PetscInt at = begin; at < end; at += BATCH) {
    const PetscInt n = PetscMin(BATCH, end - at);

    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    for (PetscInt i = 0; i < n; i++) MeshPoint(f->mesh, f->mesh->wedge[at + i], k[i]);
    PetscCall(MaterialElectrons(f->material, n, k[0], f->energy + at * f->nbands, f->velocity + 3 * at * f->nbands, NULL));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode MakeBands(FermiSurface *f)
{
  const size_t row = sizeof(PetscReal) * (size_t)f->nbands;
  PetscInt     begin, end;

  PetscFunctionBeginUser;
  PetscCall(SharedArrayCreate(PETSC_COMM_WORLD, row * (size_t)f->mesh->nwedge, &f->energy_window));
  PetscCall(SharedArrayCreate(PETSC_COMM_WORLD, 3 * row * (size_t)f->mesh->nwedge, &f->velocity_window));
  PetscCall(SharedArrayGet(f->energy_window, &f->energy));
  PetscCall(SharedArrayGet(f->velocity_window, &f->velocity));
  StatesShare(PETSC_COMM_WORLD, f->mesh->nwedge, &begin, &end);
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, FillWedge(f, begin, end)));
  PetscCall(SharedArrayCombine(f->energy_window, row * (size_t)begin, row * (size_t)end));
  PetscCall(SharedArrayCombine(f->velocity_window, 3 * row * (size_t)begin, 3 * row * (size_t)end));
  PetscFunctionReturn(0);
}

typedef enum { VALUE_ENERGY, VALUE_SPEED, VALUE_X, VALUE_Y, VALUE_Z, VALUE_LIFETIME } Value;

static PetscReal At(const FermiSurface *f, Value value, PetscInt64 linear, PetscInt band)
{
  const PetscInt   at = (PetscInt)f->mesh->wedge_of[linear] * f->nbands + band;
  const PetscReal *v  = f->velocity + 3 * at;
  PetscReal        turned[3];

  if (value == VALUE_ENERGY) return f->energy[at] / UMK_EV;
  if (value == VALUE_SPEED) return Norm3(v) * UMK_VELOCITY_M_S;
  if (value == VALUE_LIFETIME) return f->lifetime[at];
  MatVec3(MeshOpCart(f->mesh, f->mesh->op_of[linear]), v, turned);
  return turned[value - VALUE_X] * UMK_VELOCITY_M_S;
}

/* One band, the last index fastest; `more` repeats the first point of every axis at its end. */
static void WriteValues(const FermiSurface *f, FILE *file, Value value, PetscInt band, int more, PetscReal zero)
{
  const PetscInt *n = f->mesh->n;
  int             column = 0;

  for (PetscInt i = 0; i < n[0] + more; i++)
    for (PetscInt j = 0; j < n[1] + more; j++)
      for (PetscInt k = 0; k < f->planes + more; k++) fprintf(file, "%.10e%c", At(f, value, MeshLinear(f->mesh, (const PetscInt[3]){i, j, k}), band) - zero, ++column % 6 ? ' ' : '\n');
  if (column % 6) fprintf(file, "\n");
}

static void WriteLattice(const FermiSurface *f, FILE *file)
{
  for (int i = 0; i < 3; i++) fprintf(file, "%.12f %.12f %.12f\n", f->crystal->b[i][0] / UMK_BOHR_ANGSTROM, f->crystal->b[i][1] / UMK_BOHR_ANGSTROM, f->crystal->b[i][2] / UMK_BOHR_ANGSTROM);
}

static void WriteFrmsf(const FermiSurface *f, FILE *file)
{
  static const struct {
    int   n;
    Value value[3];
  } colour[] = {{0, {0}}, {1, {VALUE_SPEED}}, {3, {VALUE_X, VALUE_Y, VALUE_Z}}, {1, {VALUE_LIFETIME}}};

  fprintf(file, "%d %d %d\n1\n%d\n", (int)f->mesh->n[0], (int)f->mesh->n[1], (int)f->planes, (int)f->nbands);
  WriteLattice(f, file);
  for (PetscInt b = 0; b < f->nbands; b++) WriteValues(f, file, VALUE_ENERGY, b, 0, f->fermi / UMK_EV);
  for (int c = 0; c < colour[f->colour].n; c++)
    for (PetscInt b = 0; b < f->nbands; b++) WriteValues(f, file, colour[f->colour].value[c], b, 0, 0);
}

static void WriteBxsf(const FermiSurface *f, FILE *file)
{
  fprintf(file, "BEGIN_INFO\n  # energies in eV, reciprocal vectors in 1/angstrom; written by umklapp %s\n  Fermi Energy: %.10f\nEND_INFO\n", ProgramVersion(), f->fermi / UMK_EV);
  fprintf(file, "BEGIN_BLOCK_BANDGRID_3D\nbands_on_a_general_grid\nBEGIN_BANDGRID_3D_bands\n%d\n%d %d %d\n0.0 0.0 0.0\n", (int)f->nbands, (int)f->mesh->n[0] + 1, (int)f->mesh->n[1] + 1, (int)f->planes + 1);
  WriteLattice(f, file);
  for (PetscInt b = 0; b < f->nbands; b++) {
    fprintf(file, "BAND: %d\n", (int)b + 1);
    WriteValues(f, file, VALUE_ENERGY, b, 1, 0);
  }
  fprintf(file, "END_BANDGRID_3D\nEND_BLOCK_BANDGRID_3D\n");
}

/* Rank 0. */
static PetscErrorCode WriteFile(const FermiSurface *f, const char *name)
{
  char  temporary[PETSC_MAX_PATH_LEN + 8];
  FILE *file;

  snprintf(temporary, sizeof temporary, "%s.part", name);
  file = fopen(temporary, "w");
  if (!file) return DeckError(f->section, "file", "%s: cannot write: %s", name, strerror(errno));
  if (f->format == FORMAT_FRMSF) WriteFrmsf(f, file);
  else WriteBxsf(f, file);
  const bool bad = ferror(file) || fflush(file) || fsync(fileno(file));
  if (fclose(file) || bad || rename(temporary, name)) {
    const int why = errno;
    remove(temporary);
    return DeckError(f->section, "file", "%s: cannot write: %s", name, strerror(why));
  }
  return 0;
}

/* --- the deck ------------------------------------------------------------------------------------------------------------------------- */

static PetscErrorCode GetFormat(FermiSurface *f, bool run)
{
  const char *name, *dot;
  PetscInt    choice;
  bool        given;

  PetscFunctionBeginUser;
  PetscCall(DeckGetString(f->section, "file", &name, NULL));
  PetscCall(DeckHas(f->section, "format", &given));
  dot = strrchr(name, '.');
  if (given) {
    PetscCall(DeckGetChoice(f->section, "format", &choice));
    f->format = (Format)choice;
  } else if (dot && !strcmp(dot, ".frmsf")) f->format = FORMAT_FRMSF;
  else if (dot && !strcmp(dot, ".bxsf")) f->format = FORMAT_BXSF;
  else PetscCall(DeckError(f->section, "file", "the ending of '%s' says no format: end it in .frmsf or .bxsf, or give fermi_surface.format", name));
  PetscCall(DeckHas(f->section, "colour", &given));
  f->colour = f->format == FORMAT_FRMSF ? COLOUR_SPEED : COLOUR_NONE;
  if (given) {
    PetscCall(DeckGetChoice(f->section, "colour", &choice));
    f->colour = (Colour)choice;
  }
  if (f->format == FORMAT_BXSF && f->colour != COLOUR_NONE) PetscCall(DeckError(f->section, "colour", "a .bxsf file holds energies alone: write .frmsf for colours"));
  if (f->colour == COLOUR_LIFETIME && !run) PetscCall(DeckError(f->section, "colour", "lifetimes come from scattering: give the deck a transport run, or colour by velocity"));
  PetscFunctionReturn(0);
}

/* Mesh of the section, or `mesh` of a run. *own: made here. */
static PetscErrorCode GetMesh(FermiSurface *f, Deck deck, KMesh mesh, bool *own)
{
  PetscInt n[3] = {32, 32, 32};
  Deck     electrons;
  bool     given, set;

  PetscFunctionBeginUser;
  PetscCall(DeckHas(f->section, "mesh", &given));
  *own = given || !mesh;
  if (given) PetscCall(DeckGetInt3(f->section, "mesh", n, NULL));
  else if (!mesh) {
    PetscCall(DeckGetSection(deck, "electrons", &electrons));
    PetscCall(DeckHas(electrons, "mesh", &set));
    if (set) PetscCall(DeckGetInt3(electrons, "mesh", n, NULL));
  }
  f->mesh = mesh;
  if (f->crystal->dimension == 2) n[2] = 1;
  if (*own) PetscCall(MeshCreate(PETSC_COMM_WORLD, f->crystal, n, true, &f->mesh));
  f->planes = f->crystal->dimension == 2 ? 2 : f->mesh->n[2];
  PetscFunctionReturn(0);
}

static PetscErrorCode Potential(Deck deck, Material m, KMesh mesh, PetscReal *mu)
{
  Carriers carriers;
  Scan     scan;

  PetscFunctionBeginUser;
  PetscCall(ScanCreate(deck, m, SPECIES_ELECTRON, &scan));
  PetscCall(CarriersCreate(PETSC_COMM_WORLD, m, mesh, &carriers));
  PetscCall(ScanSolveCarriers(&scan, carriers, m));
  *mu = scan.point[0].mu;
  PetscCall(CarriersDestroy(&carriers));
  PetscCall(ScanDestroy(&scan));
  PetscFunctionReturn(0);
}

/* Rates of a run at its first point, as lifetimes of the mesh's wedge on rank 0. */
static PetscErrorCode MakeLifetimes(FermiSurface *f, const System *system)
{
  const States     s = system->electrons;
  const PetscReal *rate;
  const PetscInt  *local;
  PetscInt         begin, n, *state;
  PetscReal       *all;
  PetscMPIInt     *counts, *places, mine, total = 0;
  int              rank, size;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCallMPI(MPI_Comm_size(PETSC_COMM_WORLD, &size));
  PetscCall(CollisionSetPoint(system->collision, &system->scan.point[0]));
  PetscCall(CollisionGetRates(system->collision, -1, &rate));
  PetscCall(CollisionGetLocalStates(system->collision, SPECIES_ELECTRON, &begin, &n, &local));
  mine = (PetscMPIInt)n;
  PetscCall(PetscMalloc2(size, &counts, size, &places));
  PetscCallMPI(MPI_Allgather(&mine, 1, MPI_INT, counts, 1, MPI_INT, PETSC_COMM_WORLD));
  for (int i = 0; i < size; i++) {
    places[i] = total;
    total += counts[i];
  }
  PetscCall(PetscMalloc2(rank ? 0 : total, &state, rank ? 0 : total, &all));
  PetscCallMPI(MPI_Gatherv(local, mine, MPIU_INT, state, counts, places, MPIU_INT, 0, PETSC_COMM_WORLD));
  PetscCallMPI(MPI_Gatherv(rate + begin, mine, MPIU_REAL, all, counts, places, MPIU_REAL, 0, PETSC_COMM_WORLD));
  if (!rank) PetscCall(PetscCalloc1(f->mesh->nwedge * f->nbands, &f->lifetime));
  for (PetscInt i = 0; !rank && i < total; i++)
    if (all[i] > 0) f->lifetime[(PetscInt)s->wedge[s->k[state[i]]] * f->nbands + s->band[state[i]]] = 1 / all[i] * UMK_TIME_S * 1e15;
  PetscCall(PetscFree2(counts, places));
  PetscCall(PetscFree2(state, all));
  PetscFunctionReturn(0);
}

static PetscErrorCode WriteAndFree(FermiSurface *f, bool own)
{
  const char *name;
  int         rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(PETSC_COMM_WORLD, &rank));
  PetscCall(DeckGetString(f->section, "file", &name, NULL));
  PetscCall(MakeBands(f));
  PetscCall(ErrorAgree(PETSC_COMM_WORLD, rank ? 0 : WriteFile(f, name)));
  Log(1, "bands     %s: %d bands on %d x %d x %d points, Fermi energy %.5f eV", name, (int)f->nbands, (int)f->mesh->n[0], (int)f->mesh->n[1], (int)f->planes, f->fermi / UMK_EV);
  PetscCall(SharedArrayDestroy(&f->energy_window));
  PetscCall(SharedArrayDestroy(&f->velocity_window));
  PetscCall(PetscFree(f->lifetime));
  if (own) PetscCall(MeshDestroy(&f->mesh));
  PetscFunctionReturn(0);
}

PetscErrorCode FermiSurfaceRun(Deck deck, Material m, Results r)
{
  FermiSurface f = {.material = m};
  PetscReal    fermi;
  bool         own, given, temperature;

  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(deck, "fermi_surface", &f.section));
  PetscCall(MaterialGetCrystal(m, &f.crystal));
  PetscCall(MaterialGetSizes(m, &f.nbands, NULL, NULL, NULL));
  PetscCall(GetFormat(&f, false));
  PetscCall(DeckGetReal(f.section, "energy", &f.fermi, &given));
  PetscCall(DeckHas(deck, "temperature", &temperature));
  if (!given && !temperature) PetscCall(DeckError(f.section, "", "a Fermi surface needs its energy: fermi_surface.energy, or temperature and carriers"));
  PetscCall(GetMesh(&f, deck, NULL, &own));
  if (!given) PetscCall(Potential(deck, m, f.mesh, &f.fermi));
  fermi = f.fermi / UMK_EV;
  PetscCall(WriteAndFree(&f, own));
  PetscCall(ResultsWriteArray(r, "/fermi_surface/energy", 0, NULL, &fermi, RESULTS_LABEL("eV", "", "Fermi energy in the file that was written beside this one")));
  PetscFunctionReturn(0);
}

PetscErrorCode FermiSurfaceCheck(Deck deck)
{
  FermiSurface f = {0};
  bool         has, mesh;

  PetscFunctionBeginUser;
  PetscCall(DeckHas(deck, "fermi_surface", &has));
  if (!has) PetscFunctionReturn(0);
  PetscCall(DeckGetSection(deck, "fermi_surface", &f.section));
  PetscCall(GetFormat(&f, true));
  PetscCall(DeckHas(f.section, "mesh", &mesh));
  if (mesh && f.colour == COLOUR_LIFETIME) PetscCall(DeckError(f.section, "mesh", "lifetimes are known on electrons.mesh: leave fermi_surface.mesh out"));
  PetscFunctionReturn(0);
}

PetscErrorCode FermiSurfaceOfRun(const System *system)
{
  FermiSurface f = {.material = system->material};
  bool         own, given, has;

  PetscFunctionBeginUser;
  PetscCall(DeckHas(system->deck, "fermi_surface", &has));
  if (!has) PetscFunctionReturn(0);
  PetscCall(DeckGetSection(system->deck, "fermi_surface", &f.section));
  if (system->species != SPECIES_ELECTRON) PetscCall(DeckError(f.section, "", "phonons have no Fermi surface"));
  PetscCall(MaterialGetCrystal(f.material, &f.crystal));
  PetscCall(MaterialGetSizes(f.material, &f.nbands, NULL, NULL, NULL));
  PetscCall(GetFormat(&f, true));
  f.fermi = system->scan.point[0].mu;
  PetscCall(DeckGetReal(f.section, "energy", &f.fermi, &given));
  PetscCall(GetMesh(&f, system->deck, system->mesh, &own));
  if (f.colour == COLOUR_LIFETIME) PetscCall(MakeLifetimes(&f, system));
  PetscCall(WriteAndFree(&f, own));
  PetscFunctionReturn(0);
}
