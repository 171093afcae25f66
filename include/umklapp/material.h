/*
  material: energies, velocities and couplings at any k and q - analytic models or interpolated first-principles
  data behind the same few functions.

  Wannier interpolation (k, q fractional, phases exp(2 pi i k.R), no atomic positions in them):
    H(k)_ab = sum_R e^{2 pi i k.R} H_ab(R) / N_ab(R),  H U = U E
    v_nm    = (U^+ dH U)_nm - i (E_m - E_n) (U^+ A U)_nm
    D(q)    = sum_R e^{2 pi i q.R} D(R) / N(R), mass weighted: D e = omega^2 e
    g_mn,nu(k, q) = [U_{k+q}^+ ( sum_Re,Rp e^{2 pi i (k.Re + q.Rp)} g(Re, Rp) . e_nu / sqrt(M) ) U_k]_mn / sqrt(2 omega)

  All importers fill one structure, which the native HDF5 file stores (docs/material-file.md); one copy per node.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_MATERIAL_H
#define UMKLAPP_MATERIAL_H

#include "umklapp/crystal.h"

typedef struct _p_Material *Material;

/* From the deck's `material`: a native file name, {import: FORMAT, path: ...} or {model: {...}}. Collective. */
PetscErrorCode MaterialRegisterKeys(void);
PetscErrorCode MaterialCreateFromDeck(MPI_Comm comm, Deck material, Material *m);
/* A hash of the bytes that the deck's `material` names: of a file and of those that importers read beside it, or of a folder's files, without logs and what belongs to the
   run's own `output`; 0 for a model. Collective. */
PetscErrorCode MaterialFingerprint(MPI_Comm comm, Deck material, const char *output, uint64_t *hash);
PetscErrorCode MaterialCreateFromFile(MPI_Comm comm, const char *path, Material *m);
PetscErrorCode MaterialDestroy(Material *m);

PetscErrorCode MaterialGetCrystal(Material m, Crystal *crystal); /* borrowed */
PetscErrorCode MaterialGetName(Material m, const char **name);
/* nbands, nmodes (0: no phonons), has_coupling, spin degeneracy g_s (2 without spin-orbit coupling, 1 for spinors) */
PetscErrorCode MaterialGetSizes(Material m, PetscInt *nbands, PetscInt *nmodes, bool *has_coupling, PetscInt *spin);
/* Insulators and models: the number of full (valence) bands, which come first. Metals: the number of electrons per cell in the bands. */
PetscErrorCode MaterialGetValenceBands(Material m, PetscInt *nvalence, bool *metal);
/* Models whose bands are valleys with their own k origin: valley[band]; bands of different valleys do not overlap. NULL when the overlap follows from U. Borrowed. */
PetscErrorCode MaterialGetValleys(Material m, const int **valley);
/* Models: axes[band][3], unit vector of each valley's first mass (pairs of valleys by axis: f and g type); NULL otherwise. Borrowed. */
PetscErrorCode MaterialGetValleyAxes(Material m, const PetscReal **axes);
/* Model box: momentum differences are not folded (k runs over [-1/2, 1/2) and q = k' - k is a plain difference) */
PetscErrorCode MaterialIsBox(Material m, bool *box);
/* Wannier centres [nbands][3], Cartesian bohr; NULL for models. Borrowed. */
PetscErrorCode MaterialGetCentres(Material m, const PetscReal **centres);
/* Dielectric constants when the material has them: high-frequency and static, isotropic averages (0 when unknown). */
PetscErrorCode MaterialGetDielectric(Material m, PetscReal *infinity, PetscReal *zero);

/*
  MaterialElectrons - not collective. k: [nk][3] fractional. Output, each may be NULL:
  energy [nk][nbands] hartree, ascending; velocity [nk][nbands][3] hartree bohr (hbar v), averaged over degenerate bands
  (energies within 1e-6 Ry); U [nk][nbands][nbands] column n of k at U[(ik*nb + a)*nb + n].
*/
PetscErrorCode MaterialElectrons(Material m, PetscInt nk, const PetscReal *k, PetscReal *energy, PetscReal *velocity, Complex *U);
/*
  MaterialPhonons - not collective. q: [nq][3]. omega [nq][nmodes] hartree, ascending, negative for imaginary; velocity [nq][nmodes][3]
  (averaged over degenerate modes); displacement e/sqrt(M) [nq][3 natoms][nmodes], component c of mode nu at [(iq*nm + c)*nm + nu].
*/
PetscErrorCode MaterialPhonons(Material m, PetscInt nq, const PetscReal *q, PetscReal *omega, PetscReal *velocity, Complex *displacement);
/*
  Force constants on lattice vectors: R [nR][3], phi [nR][nmodes][nmodes] (component here, component at R) hartree/bohr^2, Wigner-Seitz weights folded in,
  not mass weighted; polar: a dipole part that is not in them comes on top. nR = 0: a model without. Borrowed. Not collective.
*/
PetscErrorCode MaterialGetForceConstants(Material m, PetscInt *nR, const int (**R)[3], const Complex **phi, bool *polar);
/* Velocity matrix <m|v|n> [nbands][nbands][3] at one k (optics; tests). */
PetscErrorCode MaterialVelocityMatrix(Material m, const PetscReal k[3], Complex *v);
/* optics: transitions between the bands are known (not of models, whose bands stand alone); position: with the position matrix. */
PetscErrorCode MaterialHasOptics(Material m, bool *optics, bool *position);
/*
  MaterialOpticalMatrices - at one k: energy [nbands], velocity matrix v [nbands][nbands][3], and w [nbands][6] (xx yy zz yz xz xy) = <n| D_i v_j |n>,
  D = d/dk - i[A, ], with which d2E_n/dk_i dk_j = w_ij - sum_m 2 Re(v_nm v_mn)/(E_m - E_n). position false: without the position matrix A. Not collective.
*/
PetscErrorCode MaterialOpticalMatrices(Material m, bool position, const PetscReal k[3], PetscReal *energy, Complex *v, PetscReal *w);

/* --- electron-phonon vertices ------------------------------------------------------------
   A Coupling is one rank's workspace. CouplingSetInitial half-transforms g(k, R_p) for one k and the initial bands wanted;
   CouplingEvaluate then treats any number of partners q of that k in GEMMs.                                       */
typedef struct _p_Coupling *Coupling;
PetscErrorCode CouplingCreate(Material m, Coupling *c);
PetscErrorCode CouplingDestroy(Coupling *c);
/*
  CouplingSetInitial - nk points k [nk][3] at once (BLAS-3 over the points: pass 8 or more). Band ranges are per point: states
  first[ik] <= n < first[ik] + count[ik]; U: [nk][nbands][nbands] as from MaterialElectrons. Not collective.
*/
PetscErrorCode CouplingSetInitial(Coupling c, PetscInt nk, const PetscReal *k, const Complex *U, const PetscInt *first, const PetscInt *count);
/*
  CouplingEvaluate - for point ik of the last CouplingSetInitial and nq partners:
  q [nq][3]; Uf [nq][nbands][nf]: columns = the nf final states wanted at k+q; displacement [nq][nmodes][nmodes] as from MaterialPhonons;
  omega [nq][nmodes].
  g2 [nq][nf][count[ik]][nmodes] = |g_mn,nu|^2 = |..|^2/(2 omega), hartree^2; zero where omega <= omega_min (hartree).
  Not averaged over degenerate states.
*/
PetscErrorCode CouplingEvaluate(Coupling c, PetscInt ik, PetscInt nq, const PetscReal *q, PetscInt nf, const Complex *Uf, const Complex *displacement, const PetscReal *omega, PetscReal omega_min, PetscReal *g2);
/* Real flops done, and seconds spent, in CouplingSetInitial and CouplingEvaluate since creation (for the report and the benchmark). */
PetscErrorCode CouplingGetCost(Coupling c, PetscReal *flops, PetscReal *seconds);

/* --- three-phonon vertices ------------------------------------------------------------------
   Phi_3(q0 n0; q n; q' n') = sum Phi_abc(0 kappa, R' kappa', R'' kappa'') u_a u_b u_c e^{i(..)}, u the displacements e/sqrt(M) of the modes;
   a Cubic is one rank's workspace. CubicSetFirst half-transforms Phi_3 for one decaying phonon q0 (all its modes, complex
   conjugated: it is produced where q and q' = q0 - q are consumed); CubicEvaluate treats any number of pairs q, q' in GEMMs. */
typedef struct _p_Cubic *Cubic;
PetscErrorCode MaterialHasCubic(Material m, bool *has_cubic);
PetscErrorCode CubicCreate(Material m, Cubic *c);
PetscErrorCode CubicDestroy(Cubic *c);
/* q0 [3] fractional; displacement [nmodes][nmodes], omega [nmodes] as from MaterialPhonons. Not collective. */
PetscErrorCode CubicSetFirst(Cubic c, const PetscReal q0[3], const Complex *displacement, const PetscReal *omega);
/*
  CubicEvaluate - npairs pairs (q, q'), q + q' = q0 + a reciprocal vector: q, q1 [npairs][3]; displacement, displacement1 [npairs][nmodes][nmodes];
  omega, omega1 [npairs][nmodes].
  phi2 [npairs][nmodes of q0][nmodes of q][nmodes of q'] = |Phi_3|^2, (hartree / bohr^3)^2 / (electron mass)^3. Not averaged over degenerate modes. Not collective.
*/
PetscErrorCode CubicEvaluate(Cubic c, PetscInt npairs, const PetscReal *q, const Complex *displacement, const PetscReal *omega, const PetscReal *q1, const Complex *displacement1, const PetscReal *omega1, PetscReal *phi2);
/* Real flops done, and seconds spent, since creation. */
PetscErrorCode CubicGetCost(Cubic c, PetscReal *flops, PetscReal *seconds);
/* Velocity matrix <m|d omega^2/dq|n> / (2 sqrt(omega_m omega_n)) [nmodes][nmodes][3] at one q, hartree bohr: what degenerate modes' velocities are
   the eigenvalues of, along any direction. */
PetscErrorCode MaterialPhononVelocityMatrix(Material m, const PetscReal q[3], Complex *v);

/* --- import -------------------------------------------------------------------------------
   `umklapp import FORMAT PATH -o FILE [options]`; formats register one struct each (src/material/meson.build).            */
/* Which images of a coarse-mesh element the interpolation uses: the source program's; the nearest ones by a distance that the crystal's
   operations and the exchange of initial and final state keep; these, and everything averaged over the operations. */
typedef enum { INTERPOLATION_SOURCE, INTERPOLATION_REDISTRIBUTED, INTERPOLATION_SYMMETRIC } Interpolation;

/* What is imposed on third-order force constants at import: nothing; permutation symmetry and sum rules; the space group too. */
typedef enum { THIRD_ORDER_AS_GIVEN, THIRD_ORDER_PERMUTATION, THIRD_ORDER_FULL } ThirdOrderSymmetry;

/* Acoustic sum rules of imported force constants: none; on-site elements; the nearest constants obeying translations and the
   exchange of indices; these and rotations as well (Born and Huang). By default what the format needs. */
typedef enum { SUM_RULE_DEFAULT = -1, SUM_RULE_NONE, SUM_RULE_SIMPLE, SUM_RULE_CRYSTAL, SUM_RULE_ROTATIONAL } SumRule;

typedef struct {
  PetscInt    coarse_k[3], coarse_q[3]; /* 0: work out from the counts */
  int         use_ws;                   /* -1: work out, 0, 1 */
  int         precision;                /* 64, 32 */
  int         mantissa_bits;            /* 0: all */
  PetscReal   threshold;                /* drop coupling elements below this fraction of the largest */
  PetscReal   real_tolerance;           /* > 0: keep the real part if |imaginary|/|real| (rms) is below; < 0: keep complex */
  Interpolation interpolation;
  ThirdOrderSymmetry third_order;
  SumRule     sum_rule;
  PetscReal   polar;                    /* reserved for formats that need telling: 1 polar, 0 not, < 0 work out */
} ImportOptions;
PetscErrorCode ImportOptionsDefault(ImportOptions *options);
PetscErrorCode MaterialImport(MPI_Comm comm, const char *format, const char *path, const ImportOptions *options, Material *m);
/* Several files that complete each other, in order; the first holds the crystal, and the electrons if any do. */
typedef struct {
  const char *format, *path;
  bool        cubic_only; /* of a later part: its third order, not its harmonic force constants */
} ImportPart;
PetscErrorCode MaterialImportParts(MPI_Comm comm, int nparts, const ImportPart *parts, const ImportOptions *options, Material *m);
PetscErrorCode MaterialImportFormats(int *n, const char *const **names, const char *const **help);
/* Collective; written to a temporary name, then renamed. provenance: free text lines stored in the file. */
PetscErrorCode MaterialWrite(Material m, const char *path, const char *provenance);
/* `umklapp inspect` on a native file. */
PetscErrorCode MaterialPrint(Material m, FILE *out);

#endif
