/*
  A model material: bands and phonons written out in the deck (model_keys.c), in closed form (model_bands.c, model_phonons.c).

  Valleys sit in a box of k space, each band measured from its own centre, k in [-1/2, 1/2) of the box's reciprocal
  vectors; cosine bands live on the lattice of the deck. The symmetry is that of the lattice, as far as every band's energy keeps it.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model.h"
#include <string.h>

static void cartesian(const ModelMaterial *m, const PetscReal k[3], PetscReal cart[3])
{
  PetscReal f[3] = {k[0], k[1], m->dimension == 3 ? k[2] : 0.0};
  if (m->box)
    for (int c = 0; c < 3; c++) f[c] -= floor(f[c] + 0.5);
  MatTVec3((const PetscReal(*)[3])m->crystal->b, f, cart);
}

static PetscErrorCode model_electrons(Material material, PetscInt nk, const PetscReal *k, PetscReal *energy, PetscReal *velocity, Complex *U)
{
  const ModelMaterial *m  = material->data;
  const PetscInt       nb = m->nbands;
  PetscFunctionBeginUser;
  for (PetscInt ik = 0; ik < nk; ik++) {
    PetscReal cart[3];
    cartesian(m, &k[3 * ik], cart);
    for (PetscInt n = 0; n < nb; n++) {
      const PetscReal e = ModelBandEnergy(&m->band[n], (const PetscReal(*)[3])m->crystal->a, cart, velocity ? &velocity[3 * (ik * nb + n)] : NULL);
      if (energy) energy[ik * nb + n] = e;
    }
    if (U)
      for (PetscInt i = 0; i < nb * nb; i++) U[ik * nb * nb + i] = i % (nb + 1) == 0;
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode model_velocity_matrix(Material material, const PetscReal k[3], Complex *v)
{
  const ModelMaterial *m  = material->data;
  const PetscInt       nb = m->nbands;
  PetscReal            cart[3], g[3];
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(v, 3 * nb * nb));
  cartesian(m, k, cart);
  for (PetscInt n = 0; n < nb; n++) {
    ModelBandEnergy(&m->band[n], (const PetscReal(*)[3])m->crystal->a, cart, g);
    for (int c = 0; c < 3; c++) v[3 * (n * nb + n) + c] = g[c];
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode model_destroy(Material material)
{
  ModelMaterial *m = material->data;
  PetscFunctionBeginUser;
  if (!m) PetscFunctionReturn(0);
  PetscCall(PetscFree(m->band));
  PetscCall(PetscFree(m->axis));
  PetscCall(PetscFree(material->data));
  PetscFunctionReturn(0);
}

static PetscErrorCode model_print(Material material, FILE *out)
{
  static const char *const name[] = {"power", "ellipsoid", "kane", "cosine"};
  const ModelMaterial     *m      = material->data;
  PetscFunctionBeginUser;
  for (PetscInt n = 0; n < m->nbands; n++) {
    const ModelBand *b = &m->band[n];
    fprintf(out, "  band %d: %s, %s, edge %.6f eV, valley %d", (int)n, name[b->kind], b->valence ? "valence" : "conduction", b->edge / UMK_EV, b->valley);
    if (b->kind == MODEL_ELLIPSOID || b->kind == MODEL_KANE)
      fprintf(out, ", masses %.4g %.4g %.4g m_e, axis (%.3f %.3f %.3f)", b->mass[0], b->mass[1], b->mass[2], b->axes[0][0], b->axes[0][1], b->axes[0][2]);
    fprintf(out, "\n");
  }
  if (m->has_phonons) ModelPhononsPrint(m, out);
  if (m->has_coupling) fprintf(out, "  coupling: %s, %.6g %s\n", m->deformation ? "deformation" : "constant", m->coupling / UMK_EV / (m->deformation ? 1.0 : UMK_BOHR_ANGSTROM), m->deformation ? "eV" : "eV/angstrom");
  PetscFunctionReturn(0);
}

static const MaterialOps model_ops = {
  .kind                   = "model",
  .destroy                = model_destroy,
  .electrons              = model_electrons,
  .phonons                = ModelPhononsEvaluate,
  .phonon_velocity_matrix = ModelPhononVelocityMatrix,
  .velocity_matrix        = model_velocity_matrix,
  .cubic                  = ModelCubic,
  .coupling               = ModelCoupling,
  .print                  = model_print,
};

/* Does every band keep its energy under the operation? Tried at generic points that stay inside the zone. */
static bool keeps_bands(const CrystalOp *op, void *ctx)
{
  static const PetscReal probe[3][3] = {{0.1371, 0.0523, 0.0817}, {-0.0291, 0.1513, 0.0637}, {0.0713, -0.1109, 0.1237}};
  const ModelMaterial   *m = ctx;
  for (int i = 0; i < 3; i++) {
    PetscReal k[3], s[3];
    cartesian(m, probe[i], k);
    MatVec3((const PetscReal(*)[3])op->cart, k, s);
    for (PetscInt n = 0; n < m->nbands; n++) {
      const ModelBand *b    = &m->band[n];
      const PetscReal  here = ModelBandEnergy(b, (const PetscReal(*)[3])m->crystal->a, k, NULL);
      const PetscReal  there = ModelBandEnergy(b, (const PetscReal(*)[3])m->crystal->a, s, NULL);
      if (fabs(here - there) > 1e-9 * fabs(here - b->edge)) return false;
    }
  }
  return true;
}

/* A given cell should hold the valleys up to the extent: the zone ends at |k.a_i| = pi. */
static void warn_reach(const ModelMaterial *m)
{
  for (PetscInt n = 0; m->box && n < m->nbands; n++)
    for (int i = 0; i < m->dimension; i++)
      if (ModelBandReach(&m->band[n], m->extent, m->crystal->a[i]) > UMK_PI * (1.0 + 1e-9)) {
        LogWarning("model band %d reaches beyond the zone of the cell within %.3f eV of its edge", (int)n, m->extent / UMK_EV);
        return;
      }
}

static PetscErrorCode set_crystal(Deck model, Material material)
{
  ModelMaterial *m = material->data;
  PetscReal      a[3][3], thickness, tau[3] = {0, 0, 0};
  int            species = 0;
  PetscFunctionBeginUser;
  PetscCall(ModelReadCell(model, m, a, &thickness));
  PetscCall(CrystalCreate(m->dimension, (const PetscReal(*)[3])a, m->has_phonons, tau, &m->phonons.mass, &species, 1e-6, &material->crystal));
  material->crystal->thickness = thickness;
  m->crystal                   = material->crystal;
  if (m->has_phonons) ModelPhononsSetCrystal(m);
  warn_reach(m);
  PetscCall(CrystalFilterOps(m->crystal, keeps_bands, m));
  PetscFunctionReturn(0);
}

static PetscErrorCode set_public(Deck model, Material material)
{
  ModelMaterial *m = material->data;
  PetscInt       spin, electrons;
  PetscFunctionBeginUser;
  material->nbands    = m->nbands;
  material->nmodes    = m->has_phonons ? 3 : 0;
  material->has_cubic = m->phonons.has_cubic;
  material->has_coupling = m->has_coupling;
  material->box       = m->box;
  PetscCall(DeckGetBool(model, "metal", &material->metal));
  PetscCall(DeckGetInt(model, "spin", &spin, NULL));
  PetscCall(DeckGetInt(model, "electrons", &electrons, NULL));
  PetscCall(DeckGetReal(model, "eps_infinity", &material->epsilon_infinity, NULL));
  PetscCall(DeckGetReal(model, "eps_zero", &material->epsilon_zero, NULL));
  if (electrons > 0 && (!material->metal || m->box)) return DeckError(model, "electrons", "'electrons' is for a metal with cosine bands; elsewhere the deck's carriers say how many there are");
  material->spin     = spin;
  material->nvalence = material->metal ? electrons : m->nvalence;
  PetscCall(PetscMalloc1(m->nbands, &material->valley));
  PetscCall(PetscMalloc1(3 * m->nbands, &m->axis));
  for (PetscInt n = 0; n < m->nbands; n++) {
    material->valley[n] = m->band[n].valley;
    memcpy(&m->axis[3 * n], m->band[n].axes[0], sizeof(PetscReal[3]));
  }
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialModelRegisterKeys(void)
{
  PetscFunctionBeginUser;
  PetscCall(DeckRegisterKeys(ModelKeys));
  PetscCall(DeckRegisterKeys(ModelPhononKeys));
  PetscCall(DeckRegisterKeys(ModelCouplingKeys));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialCreateModel(MPI_Comm comm, Deck model, Material *material)
{
  ModelMaterial *m;
  PetscInt       dimension;
  PetscFunctionBeginUser;
  PetscCall(MaterialCreateWithOps(comm, &model_ops, "model", material));
  PetscCall(PetscNew(&m));
  (*material)->data = m;
  PetscCall(DeckGetInt(model, "dimension", &dimension, NULL));
  PetscCall(DeckGetReal(model, "extent", &m->extent, NULL));
  m->dimension = (int)dimension;
  PetscCall(ModelReadBands(model, m));
  PetscCall(ModelReadPhonons(model, m));
  PetscCall(ModelReadCoupling(model, m));
  PetscCall(set_crystal(model, *material));
  PetscCall(set_public(model, *material));
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialGetValleyAxes(Material material, const PetscReal **axes)
{
  PetscFunctionBeginUser;
  *axes = material->ops == &model_ops ? ((ModelMaterial *)material->data)->axis : NULL;
  PetscFunctionReturn(0);
}
