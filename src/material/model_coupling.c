/*
  Coupling of model bands to the model's own phonons, one atom of mass M per cell; displacements u = e/sqrt(M) of the modes:

    deformation   |g_nu(q)|^2 = D^2 |q.u_nu|^2/(2 omega), q the shortest image, the mean over equally short ones (J. Bardeen, W. Shockley,
                  Phys. Rev. 80, 72 (1950)): with rho = M/V that of the continuum, D^2 q/(2 rho s V). With a potential D_t for shear
                  + D_t^2 (q^2/M - |q.u_nu|^2)/(2 omega), alike for both transverse directions
    constant      |g_nu(q)|^2 = F^2 |u_nu|^2/(2 omega) = F^2/(2 M omega)

  The overlap is 1 between bands of one valley and 0 between valleys.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model.h"

#define COUPLING "material.model.coupling"

const DeckKey ModelCouplingKeys[] = {
  {COUPLING, DECK_SECTION, .help = "coupling of the bands to the model's own phonons, for scattering.electron_phonon"},
  {COUPLING ".kind", DECK_CHOICE, .choices = "deformation|constant", .required = true, .help = "abs(g)^2 = D^2 abs(q.e)^2/(2 M omega), or F^2/(2 M omega)"},
  {COUPLING ".potential", DECK_REAL, .unit = "eV", .positive = true, .help = "deformation: D"},
  {COUPLING ".transverse", DECK_REAL, .unit = "eV", .fallback = "0 eV", .max = 1000, .help = "deformation: D_t of the transverse modes, D_t^2 (q^2 - abs(q.e)^2)/(2 M omega)"},
  {COUPLING ".force", DECK_REAL, .unit = "eV/angstrom", .positive = true, .help = "constant: F"},
  {NULL}};

PetscErrorCode ModelReadCoupling(Deck model, ModelMaterial *m)
{
  static const char *const key[] = {"potential", "force"}, *const name[] = {"deformation", "constant"};
  Deck     d;
  PetscInt kind;
  bool     has;
  PetscFunctionBeginUser;
  PetscCall(DeckHas(model, "coupling", &m->has_coupling));
  if (!m->has_coupling) PetscFunctionReturn(0);
  PetscCall(DeckGetSection(model, "coupling", &d));
  if (!m->has_phonons || m->nbands == 0) return DeckError(model, "coupling", "'coupling' needs 'bands' and 'phonons'");
  PetscCall(DeckGetChoice(d, "kind", &kind));
  PetscCall(DeckHas(d, key[1 - kind], &has));
  if (has) return DeckError(d, key[1 - kind], "'%s' means nothing for kind %s", key[1 - kind], name[kind]);
  PetscCall(DeckHas(d, key[kind], &has));
  if (!has) return DeckError(d, "kind", "kind %s needs '%s'", name[kind], key[kind]);
  m->deformation = kind == 0;
  PetscCall(DeckHas(d, "transverse", &has));
  if (has && !m->deformation) return DeckError(d, "transverse", "'transverse' means nothing for kind constant");
  PetscCall(DeckGetReal(d, "transverse", &m->shear, NULL));
  PetscCall(DeckGetReal(d, key[kind], &m->coupling, NULL));
  PetscFunctionReturn(0);
}

/* |g|^2 2 omega of a mode for one image of q, deformation */
static PetscReal deformation(const ModelMaterial *m, const PetscReal q[3], const Complex *u)
{
  Complex along = 0.0;
  for (int c = 0; c < 3; c++) along += q[c] * u[3 * c];
  const PetscReal l = creal(along) * creal(along) + cimag(along) * cimag(along), t = PetscMax(Dot3(q, q) / m->phonons.mass - l, 0.0);
  return m->coupling * m->coupling * l + m->shear * m->shear * t;
}

/* |g|^2 of every mode of one q, within a valley */
static void strengths(const ModelMaterial *m, const PetscReal q[3], const Complex u[9], const PetscReal omega[3], PetscReal omega_min, PetscReal g2[3])
{
  PetscReal image[MODEL_MAX_IMAGES][3];
  const int n = m->deformation ? ModelShortest(m, q, image) : 0;
  for (int nu = 0; nu < 3; nu++) {
    PetscReal sum = n ? 0.0 : m->coupling * m->coupling / m->phonons.mass;
    for (int i = 0; i < n; i++) sum += deformation(m, image[i], u + nu) / n;
    g2[nu] = omega[nu] > omega_min && omega[nu] > 0.0 ? sum / (2.0 * omega[nu]) : 0.0;
  }
}

PetscErrorCode ModelCoupling(Material material, PetscInt count, const Complex *ket, PetscInt nq, const PetscReal *q, PetscInt nf, const Complex *Uf, const Complex *displacement, const PetscReal *omega, PetscReal omega_min, PetscReal *g2)
{
  const ModelMaterial *m  = material->data;
  const PetscInt       nb = m->nbands;
  PetscFunctionBeginUser;
  for (PetscInt iq = 0; iq < nq; iq++) {
    PetscReal one[3];
    strengths(m, q + 3 * iq, displacement + 9 * iq, omega + 3 * iq, omega_min, one);
    for (PetscInt f = 0; f < nf; f++)
      for (PetscInt i = 0; i < count; i++) {
        PetscReal overlap = 0.0; /* columns of the unit matrix say which bands these are */
        for (PetscInt a = 0; a < nb; a++)
          for (PetscInt b = 0; b < nb; b++)
            if (m->band[a].valley == m->band[b].valley) overlap += creal(ket[a * count + i]) * creal(Uf[(iq * nb + b) * nf + f]);
        for (PetscInt nu = 0; nu < 3; nu++) g2[((iq * nf + f) * count + i) * 3 + nu] = overlap * one[nu];
      }
  }
  PetscFunctionReturn(0);
}
