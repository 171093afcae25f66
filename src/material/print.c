/* `umklapp inspect` on a material. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wannier_impl.h"

static void print_mesh(FILE *out, const char *what, const PetscInt n[3])
{
  fprintf(out, "  %-22s %d x %d x %d\n", what, (int)n[0], (int)n[1], (int)n[2]);
}

static void print_interpolation(FILE *out, const WannierHead *h)
{
  static const char *const how[] = {"the source's images", "nearest images, symmetric distances", "nearest images, symmetric distances"};

  fprintf(out, "  %-22s %s%s\n", "interpolation", how[h->interpolation], h->symmetrized ? ", averaged over the operations" : "");
  if (h->interpolation == INTERPOLATION_SOURCE) return;
  if (h->nb) fprintf(out, "  %-22s Hamiltonian %.1e, position %.1e, force constants %.1e, coupling %.1e\n", "moved by it (rms)", h->moved[0], h->moved[1], h->moved[2], h->moved[3]);
  else fprintf(out, "  %-22s force constants %.1e\n", "moved by it (rms)", h->moved[2]);
}

PetscErrorCode WannierPrint(Material m, FILE *out)
{
  const Wannier     *w = m->data;
  const WannierHead *h = &w->head;

  PetscFunctionBeginUser;
  if (h->nb) print_mesh(out, "coarse k mesh", h->coarse_k);
  print_mesh(out, "coarse q mesh", h->coarse_q);
  if (h->nb) fprintf(out, "  %-22s %s\n", "Wigner-Seitz cells", h->use_ws ? "between orbitals (use_ws)" : "of the lattice");
  print_interpolation(out, h);
  fprintf(out, "  %-22s %d electrons, %d phonons, coupling %d x %d\n", "lattice vectors", (int)h->nRk, (int)h->nRq, (int)h->nRe, (int)h->nRp);
  if (m->epsilon_infinity > 0.0) fprintf(out, "  %-22s %.4f%s\n", "epsilon_infinity", m->epsilon_infinity, h->polar ? ", polar: dipole terms" : "");
  if (m->has_coupling) {
    fprintf(out, "  %-22s %s float%d", "coupling", h->g_real ? "real" : "complex", (int)h->g_bits);
    if (h->mantissa_bits) fprintf(out, ", mantissa rounded to %d bits", (int)h->mantissa_bits);
    if (h->threshold > 0.0) fprintf(out, ", elements below %.1e of the largest dropped", h->threshold);
    fprintf(out, "\n  %-22s %.1f MiB, %.0f %% of the vectors' blocks\n", "coupling per node", (PetscReal)w->g.bytes / 1048576.0, 100.0 * (PetscReal)w->nslots / ((PetscReal)h->nRe * (PetscReal)h->nRp));
  }
  if (h->nT) fprintf(out, "  %-22s %d triplets of atoms, %.1f MiB per node\n", "third order", (int)h->nT, (PetscReal)w->phi3.bytes / 1048576.0);
  if (h->nb) fprintf(out, "  %-22s\n", "Wannier centres (bohr)");
  for (PetscInt i = 0; i < h->nb; i++) fprintf(out, "    %3d %12.6f %12.6f %12.6f\n", (int)i + 1, m->centres[3 * i], m->centres[3 * i + 1], m->centres[3 * i + 2]);
  if (w->provenance[0]) fprintf(out, "  provenance\n%s%s", w->provenance, w->provenance[strlen(w->provenance) - 1] == '\n' ? "" : "\n");
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialPrint(Material m, FILE *out)
{
  const Crystal c = m->crystal;

  PetscFunctionBeginUser;
  fprintf(out, "material %s (%s)\n", m->name, m->ops->kind);
  fprintf(out, "  %-22s %s, %d operations, cell %.6f bohr^%d\n", "crystal", c->symbol[0] ? c->symbol : "lattice", (int)c->nops, c->volume, c->dimension);
  for (int i = 0; i < 3; i++) fprintf(out, "    a%d  %12.6f %12.6f %12.6f bohr\n", i + 1, c->a[i][0], c->a[i][1], c->a[i][2]);
  for (PetscInt i = 0; i < c->natoms; i++) fprintf(out, "    atom %d  %12.6f %12.6f %12.6f bohr, mass %.4f amu\n", (int)i + 1, c->tau[3 * i], c->tau[3 * i + 1], c->tau[3 * i + 2], c->mass[i] / UMK_AMU);
  if (m->nbands) fprintf(out, "  %-22s %d, %s %d, spin degeneracy %d\n", "bands", (int)m->nbands, m->metal ? "metal, electrons in the bands" : "of them valence", (int)m->nvalence, (int)m->spin);
  if (m->nmodes) fprintf(out, "  %-22s %d\n", "phonon modes", (int)m->nmodes);
  if (m->ops->print) PetscCall(m->ops->print(m, out));
  PetscFunctionReturn(0);
}
