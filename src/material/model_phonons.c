/*
  Phonons of models, one atom of mass M per cell: eigenvalues omega^2 and eigenvectors e of a matrix D(q) in closed form.

    debye             D = v_T^2 q^2 + (v_L^2 - v_T^2) q q^T, q the shortest image: omega = v |q|; where several images are equally short
                      (on the zone's faces) D is their mean
    einstein          D = omega_0^2
    born_von_karman   D = (1/M) sum_R [C_T + (C_L - C_T) R R^T/R^2] (1 - cos q.R), R the nearest lattice vectors (M. Born, Th. von Karman,
                      Phys. Z. 13, 297 (1912)); in a simple cubic lattice without C_T chains, omega = 2 sqrt(C_L/M) |sin(q_i a/2)|

  Model vertices between three phonons depend on their frequencies alone, |Phi_3|^2 = B (omega omega' omega'')^n where all three are positive:

    grueneisen        n = 2, B = 4 gamma^2/(M v^2), the isotropic continuum's (P. G. Klemens, Proc. R. Soc. A 208, 108 (1951))
    power             B = Phi^2/(M^3 omega_0^(3n))
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model.h"
#include "wannier_impl.h"
#include <string.h>

#define PHONONS    "material.model.phonons"
#define CUBIC      "material.model.cubic"

const DeckKey ModelPhononKeys[] = {
  {PHONONS, DECK_SECTION, .help = "phonons of one atom per cell: three branches"},
  {PHONONS ".kind", DECK_CHOICE, .choices = "debye|einstein|born_von_karman", .required = true, .help = "how frequencies depend on q"},
  {PHONONS ".mass", DECK_REAL, .unit = "amu", .required = true, .positive = true, .help = "mass of the atom"},
  {PHONONS ".sound", DECK_REAL_LIST, .unit = "m/s", .positive = true, .min_count = 1, .max_count = 2, .help = "debye: velocity of sound, one or [longitudinal, transverse]"},
  {PHONONS ".frequency", DECK_REAL, .unit = "meV", .positive = true, .help = "einstein: all modes, hbar omega or omega/2 pi (8 THz)"},
  {PHONONS ".springs", DECK_REAL_LIST, .unit = "N/m", .min = 0, .max = 1e6, .min_count = 1, .max_count = 2, .help = "born_von_karman: force constants to nearest neighbours, [longitudinal, transverse]; one: transverse 0"},
  {CUBIC, DECK_SECTION, .help = "model of the vertex between three phonons, |Phi_3|^2 = B (omega omega' omega'')^n"},
  {CUBIC ".kind", DECK_CHOICE, .choices = "grueneisen|power", .required = true, .help = "grueneisen: n = 2, B = 4 gamma^2/(M v^2); power: B = Phi^2/(M^3 omega_0^(3n))"},
  {CUBIC ".grueneisen", DECK_REAL, .min = 0, .max = 1e3, .help = "grueneisen: gamma"},
  {CUBIC ".sound", DECK_REAL, .unit = "m/s", .positive = true, .help = "grueneisen: v"},
  {CUBIC ".strength", DECK_REAL, .unit = "eV/angstrom^3", .positive = true, .help = "power: Phi"},
  {CUBIC ".exponent", DECK_REAL, .min = -4, .max = 4, .help = "power: n"},
  {CUBIC ".frequency", DECK_REAL, .unit = "meV", .positive = true, .help = "power: omega_0, as hbar omega_0 or omega_0/2 pi (8 THz)"},
  {NULL}};

/* Keys that mean something for one kind only, in the order of the choices; all of them are needed there. */
typedef struct {
  const char *key;
  int         kind;
} Belongs;
static const Belongs of_phonons[] = {{"sound", PHONONS_DEBYE}, {"frequency", PHONONS_EINSTEIN}, {"springs", PHONONS_SPRINGS}, {NULL, 0}};
static const Belongs of_cubic[]   = {{"grueneisen", 0}, {"sound", 0}, {"strength", 1}, {"exponent", 1}, {"frequency", 1}, {NULL, 0}};

static PetscErrorCode check_keys(Deck d, const Belongs *table, int kind)
{
  const char *name;
  PetscFunctionBeginUser;
  PetscCall(DeckGetString(d, "kind", &name, NULL));
  for (; table->key; table++) {
    bool has;
    PetscCall(DeckHas(d, table->key, &has));
    if (has && table->kind != kind) return DeckError(d, table->key, "'%s' means nothing for kind %s", table->key, name);
    if (!has && table->kind == kind) return DeckError(d, "kind", "kind %s needs '%s'", name, table->key);
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode get_pair(Deck d, const char *key, bool equal, PetscReal pair[2])
{
  PetscReal *list;
  PetscInt   n;
  PetscFunctionBeginUser;
  PetscCall(DeckGetRealList(d, key, &n, &list));
  if (n > 0) {
    pair[0] = list[0];
    pair[1] = n == 2 ? list[1] : equal ? list[0] : 0.0;
  }
  PetscCall(PetscFree(list));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_cubic(Deck model, ModelPhonons *p)
{
  Deck      d;
  PetscInt  kind;
  PetscReal gamma = 0.0, sound = 1.0, strength = 0.0, omega = 1.0;
  PetscFunctionBeginUser;
  PetscCall(DeckGetSection(model, "cubic", &d));
  PetscCall(DeckGetChoice(d, "kind", &kind));
  PetscCall(check_keys(d, of_cubic, (int)kind));
  p->exponent = 2.0;
  PetscCall(DeckGetReal(d, "grueneisen", &gamma, NULL));
  PetscCall(DeckGetReal(d, "sound", &sound, NULL));
  PetscCall(DeckGetReal(d, "strength", &strength, NULL));
  PetscCall(DeckGetReal(d, "exponent", &p->exponent, NULL));
  PetscCall(DeckGetReal(d, "frequency", &omega, NULL));
  if (kind == 0) p->cubic = 4.0 * gamma * gamma / (p->mass * sound * sound);
  else p->cubic = strength * strength / (p->mass * p->mass * p->mass * pow(omega, 3.0 * p->exponent));
  p->has_cubic = true;
  PetscFunctionReturn(0);
}

PetscErrorCode ModelReadPhonons(Deck model, ModelMaterial *m)
{
  ModelPhonons *p = &m->phonons;
  Deck          d;
  PetscInt      kind;
  bool          cubic;
  PetscFunctionBeginUser;
  PetscCall(DeckHas(model, "phonons", &m->has_phonons));
  PetscCall(DeckHas(model, "cubic", &cubic));
  if (!m->has_phonons && m->nbands == 0) return DeckError(model, "", "a model needs 'bands', 'phonons' or both");
  if (!m->has_phonons && cubic) return DeckError(model, "cubic", "'cubic' needs 'phonons'");
  if (!m->has_phonons) PetscFunctionReturn(0);
  PetscCall(DeckGetSection(model, "phonons", &d));
  PetscCall(DeckGetChoice(d, "kind", &kind));
  p->kind = (ModelPhononKind)kind;
  PetscCall(check_keys(d, of_phonons, p->kind));
  PetscCall(DeckGetReal(d, "mass", &p->mass, NULL));
  PetscCall(DeckGetReal(d, "frequency", &p->frequency, NULL));
  PetscCall(get_pair(d, "sound", true, p->sound));
  PetscCall(get_pair(d, "springs", false, p->spring));
  if (p->kind == PHONONS_DEBYE && p->sound[1] > p->sound[0]) return DeckError(d, "sound", "sound is [longitudinal, transverse], and the transverse one is not faster");
  if (p->kind == PHONONS_SPRINGS && !(p->spring[0] > 0.0)) return DeckError(d, "springs", "the longitudinal force constant must be positive");
  if (cubic) PetscCall(read_cubic(model, p));
  PetscFunctionReturn(0);
}

/* The nearest lattice vectors; how far images of a folded q can be the shortest. */
void ModelPhononsSetCrystal(ModelMaterial *m)
{
  ModelPhonons *p = &m->phonons;
  Crystal       c = m->crystal;
  PetscReal     least = HUGE_VAL, reach = 0.0;
  const int     last  = c->dimension == 3 ? 3 : 0;
  for (int pass = 0; pass < 2; pass++)
    for (int i = -3; i <= 3; i++)
      for (int j = -3; j <= 3; j++)
        for (int k = -last; k <= last; k++) {
          const PetscReal n[3] = {i, j, k};
          PetscReal       r[3];
          MatTVec3((const PetscReal(*)[3])c->a, n, r);
          const PetscReal length = Norm3(r);
          if (i == 0 && j == 0 && k == 0) continue;
          if (pass == 0) least = PetscMin(least, length);
          else if (length < least * (1.0 + 1e-6) && p->nneighbours < MODEL_MAX_NEIGHBOURS) memcpy(p->neighbour[p->nneighbours++], r, sizeof(r));
        }
  for (int i = 0; i < c->dimension; i++) reach += 0.5 * Norm3(c->b[i]);
  for (int i = 0; i < c->dimension; i++) p->range[i] = (int)ceil(reach * Norm3(c->a[i]) / (2.0 * UMK_PI) + 0.5 - 1e-9);
}

int ModelShortest(const ModelMaterial *m, const PetscReal q[3], PetscReal image[MODEL_MAX_IMAGES][3])
{
  const int *range = m->phonons.range;
  PetscReal  f[3] = {0, 0, 0}, least = HUGE_VAL;
  int        n = 0;
  for (int c = 0; c < m->dimension; c++) f[c] = q[c] - floor(q[c] + 0.5);
  for (int i = -range[0]; i <= range[0]; i++)
    for (int j = -range[1]; j <= range[1]; j++)
      for (int k = -range[2]; k <= range[2]; k++) {
        const PetscReal g[3] = {f[0] + i, f[1] + j, f[2] + k};
        PetscReal       cart[3];
        MatTVec3((const PetscReal(*)[3])m->crystal->b, g, cart);
        const PetscReal length = Norm3(cart);
        if (length > least * (1.0 + 1e-9)) continue;
        if (length < least * (1.0 - 1e-9)) n = 0;
        least = PetscMin(least, length);
        if (n < MODEL_MAX_IMAGES) memcpy(image[n++], cart, sizeof(cart));
      }
  return n;
}

static void debye(const ModelMaterial *m, const PetscReal q[3], Complex *D)
{
  const PetscReal t = m->phonons.sound[1] * m->phonons.sound[1], l = m->phonons.sound[0] * m->phonons.sound[0] - t;
  PetscReal       image[MODEL_MAX_IMAGES][3];
  const int       n = ModelShortest(m, q, image);
  for (int i = 0; i < n; i++) {
    const PetscReal *k = image[i], k2 = Dot3(k, k);
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++) {
        D[3 * a + b] += (l * k[a] * k[b] + (a == b ? t * k2 : 0.0)) / n;
        for (int c = 0; c < 3; c++) D[9 * (c + 1) + 3 * a + b] += (l * ((a == c) * k[b] + (b == c) * k[a]) + (a == b ? 2.0 * t * k[c] : 0.0)) / n;
      }
  }
}

static void springs(const ModelMaterial *m, const PetscReal q[3], Complex *D)
{
  const ModelPhonons *p = &m->phonons;
  PetscReal           k[3];
  MatTVec3((const PetscReal(*)[3])m->crystal->b, (PetscReal[3]){q[0], q[1], m->dimension == 3 ? q[2] : 0.0}, k);
  for (int i = 0; i < p->nneighbours; i++) {
    const PetscReal *r = p->neighbour[i], phase = Dot3(k, r), half = sin(0.5 * phase), r2 = Dot3(r, r);
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++) {
        const PetscReal force = ((p->spring[0] - p->spring[1]) * r[a] * r[b] / r2 + (a == b ? p->spring[1] : 0.0)) / p->mass;
        D[3 * a + b] += 2.0 * force * half * half;
        for (int c = 0; c < 3; c++) D[9 * (c + 1) + 3 * a + b] += force * sin(phase) * r[c];
      }
  }
}

/* D and its gradient [4][3][3]; omega and eigenvectors e. */
static PetscErrorCode solve(const ModelMaterial *m, EigenWork *work, const PetscReal q[3], Complex D[36], PetscReal omega[3], Complex e[9])
{
  PetscFunctionBeginUser;
  PetscCall(PetscArrayzero(D, 36));
  if (m->phonons.kind == PHONONS_DEBYE) debye(m, q, D);
  else if (m->phonons.kind == PHONONS_SPRINGS) springs(m, q, D);
  else
    for (int a = 0; a < 3; a++) D[4 * a] = m->phonons.frequency * m->phonons.frequency;
  PetscCall(HermitianEigen(work, D, omega, e));
  for (int n = 0; n < 3; n++) omega[n] = sqrt(PetscMax(omega[n], 0.0));
  PetscFunctionReturn(0);
}

PetscErrorCode ModelPhononsEvaluate(Material material, PetscInt nq, const PetscReal *q, PetscReal *omega, PetscReal *velocity, Complex *displacement)
{
  const ModelMaterial *m = material->data;
  EigenWork            work;
  Complex              D[36], e[9];
  PetscReal            w[3], v[3];
  PetscFunctionBeginUser;
  PetscCall(EigenWorkCreate(3, &work));
  for (PetscInt iq = 0; iq < nq; iq++) {
    PetscCall(solve(m, &work, q + 3 * iq, D, w, e));
    if (omega) PetscCall(PetscArraycpy(omega + 3 * iq, w, 3));
    for (int c = 0; velocity && c < 3; c++) {
      HermitianDiagonal(3, D + 9 * (c + 1), e, v);
      for (int n = 0; n < 3; n++) velocity[9 * iq + 3 * n + c] = w[n] > MATERIAL_DEGENERATE ? v[n] / (2.0 * w[n]) : 0.0;
    }
    if (velocity) AverageDegenerate(3, w, 3, velocity + 9 * iq);
    for (int c = 0; displacement && c < 9; c++) displacement[9 * iq + c] = e[c] / sqrt(m->phonons.mass);
  }
  PetscCall(EigenWorkDestroy(&work));
  PetscFunctionReturn(0);
}

PetscErrorCode ModelPhononVelocityMatrix(Material material, const PetscReal q[3], Complex *v)
{
  EigenWork work;
  Complex   D[36], e[9], part[9];
  PetscReal w[3];
  PetscFunctionBeginUser;
  PetscCall(EigenWorkCreate(3, &work));
  PetscCall(solve(material->data, &work, q, D, w, e));
  for (int i = 0; i < 3; i++) {
    HermitianRotate(3, D + 9 * (i + 1), e, part);
    for (int c = 0; c < 9; c++) v[3 * c + i] = PetscMin(w[c / 3], w[c % 3]) > MATERIAL_DEGENERATE ? part[c] / (2.0 * sqrt(w[c / 3] * w[c % 3])) : 0.0;
  }
  PetscCall(EigenWorkDestroy(&work));
  PetscFunctionReturn(0);
}

PetscErrorCode ModelCubic(Material material, PetscInt npairs, const PetscReal q0[3], const PetscReal *omega0, const PetscReal *q, const PetscReal *omega, const PetscReal *q1, const PetscReal *omega1, PetscReal *phi2)
{
  const ModelPhonons *p = &((ModelMaterial *)material->data)->phonons;
  PetscFunctionBeginUser;
  for (PetscInt i = 0; i < npairs; i++)
    for (int n = 0; n < 27; n++) {
      const PetscReal a = omega0[n / 9], b = omega[3 * i + n / 3 % 3], c = omega1[3 * i + n % 3];
      phi2[27 * i + n] = a > 0.0 && b > 0.0 && c > 0.0 ? p->cubic * pow(a * b * c, p->exponent) : 0.0;
    }
  PetscFunctionReturn(0);
}

void ModelPhononsPrint(const ModelMaterial *m, FILE *out)
{
  const ModelPhonons *p      = &m->phonons;
  const PetscReal     metre  = UMK_HARTREE_J / (UMK_BOHR_M * UMK_BOHR_M); /* N/m */
  fprintf(out, "  phonons: ");
  if (p->kind == PHONONS_DEBYE) fprintf(out, "debye, sound %.6g and %.6g m/s", p->sound[0] * UMK_VELOCITY_M_S, p->sound[1] * UMK_VELOCITY_M_S);
  else if (p->kind == PHONONS_EINSTEIN) fprintf(out, "einstein, %.6g meV", p->frequency / UMK_EV * 1e3);
  else fprintf(out, "born_von_karman, %d neighbours, springs %.6g and %.6g N/m", p->nneighbours, p->spring[0] * metre, p->spring[1] * metre);
  fprintf(out, ", mass %.4f amu\n", p->mass / UMK_AMU);
  if (p->has_cubic) fprintf(out, "  three-phonon vertex: |Phi_3|^2 = %.6g (omega omega' omega'')^%g atomic units\n", p->cubic, p->exponent);
}
