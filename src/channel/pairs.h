/*
  Two-body scattering of electrons (private to src/channel): one enumerator for every channel whose interaction depends on
  the momentum transfer alone.

  With |M|^2 = C(q)/(N V) in a crystal of N cells of volume V, the golden rule for a first state i is
    1/tau_i = sum_j 2 pi C(q) |<j|i>|^2 / (N V) delta(e_j - e_i - omega) (occupation factors apart) = sum_j K_ij,
    K_ij    = 2 pi C(q) |<j|i>|^2 w_ij / (N V),   (1/N) sum_j w_ij -> the zone integral of delta.
  C: hartree^2 bohr^3. In two dimensions V is the area times the thickness (or the area alone: sheet values), and an interaction
  C_s per area enters as C = C_s thickness.

  Elastic processes +i -j go both ways at once: ordered pairs, each with K/2. Inelastic ones +i +bath -j are absorption.
  |<j|i>|^2 is 1 within a valley of a model, and between the valleys the channel names; from the Wannier functions (as if points at their
  centres) otherwise.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_CHANNEL_PAIRS_H
#define UMKLAPP_CHANNEL_PAIRS_H

#include "umklapp/channel.h"

enum { PAIRS_SAME = 1, PAIRS_PARALLEL = 2, PAIRS_CROSSED = 4, PAIRS_DIFFERENT = 6, PAIRS_ALL = 7 };
/* The deck's choices "same|different|all|g|f" in this order. */
#define PAIRS_CHOICES "same|different|all|g|f"
extern const int PairsChoice[5];

typedef struct {
  bool        elastic;
  PetscReal   omega;                                     /* inelastic: energy of the bath boson (hartree), or */
  PetscReal   sound;                                     /* omega = sound |q| (hartree bohr) where > 0 */
  int         valleys;                                   /* PAIRS_* */
  PetscReal (*strength)(const void *ctx, PetscReal q2);  /* C(q) */
  const void *ctx;
} PairScattering;

typedef struct _p_Pairs *Pairs;
PetscErrorCode PairsCreate(const ChannelContext *context, Pairs *pairs);
PetscErrorCode PairsDestroy(Pairs *pairs);
/* All pairs whose first state is at wedge point ik, in batches. Not collective. */
PetscErrorCode PairsEnumerate(Pairs pairs, const PairScattering *scattering, PetscInt ik, const ProcessSink *sink);
/* Channels of valley pairs need a model with valleys, unless all pairs are meant. */
PetscErrorCode PairsCheckValleys(Channel c, const char *key, int valleys);

/* --- amounts per volume or area (src/channel/parameters.c) --------------------------------- */
/* `density` (per volume) or `sheet_density` (per area, two dimensions), as an amount per unit of the crystal's volume. */
PetscErrorCode ChannelGetDensity(Channel c, PetscReal *density);
/* Thickness by which a C per area enters; 1 in a sheet without one and in three dimensions. */
PetscReal ChannelThickness(Channel c);

/* Average v [outer][n][inner] over runs of ascending energy[n] closer than 1e-6 Ry (src/channel/degenerate.c). */
void ChannelAverageDegenerate(PetscInt outer, PetscInt n, PetscInt inner, const PetscReal *energy, PetscReal *v);

/* --- phonons among themselves, where partners run (src/channel/partition.c): the mesh of the phonons, or PhononPartition's steps ------------------ */
PetscInt  PartnersCount(const ChannelContext *c);
KMesh     PartnersMesh(const ChannelContext *c);   /* its cell is what delta functions resolve */
States    PartnersStates(const ChannelContext *c); /* of that mesh, all points */
bool      PartnersStep(const ChannelContext *c);   /* true: the fine side of a partition */
/* point [PartnersCount]: linear index, in the phonons' mesh, of the partners of a first point, in the order of PartnersMesh. */
void      PartnersFill(const ChannelContext *c, PetscInt64 first, int32_t *point);
/* Share of a process with legs at these wedge points, the first leg first, in units of a process of the phonons' mesh; of a single phonon's rate. */
PetscReal PartnersShare(const ChannelContext *c, int n, const PetscInt wedge[]);
PetscReal PartnersOne(const ChannelContext *c, PetscInt wedge);

/* Rates of single states: batches of one member with rate(c, s, a) for every state a of wedge point ik of the channel's species, times its share (PartnersOne). */
typedef PetscReal (*StateRate)(Channel c, States s, PetscInt a);
PetscErrorCode ChannelEmitRates(Channel c, PetscInt ik, StateRate rate, const ProcessSink *sink);
/* ChannelType.work of such channels: the states at the point. */
PetscErrorCode ChannelWorkStates(Channel c, PetscInt ik, PetscReal *work);

/*
  Screening of a charge e^2 = 1 in a medium of dielectric constant epsilon: 4 pi/(epsilon (q^2 + q_s^2)) in three dimensions,
  2 pi/(epsilon (q + q_s)) in a sheet.
*/
typedef enum { SCREENING_NONE, SCREENING_DEBYE, SCREENING_THOMAS_FERMI, SCREENING_LENGTH } ScreeningKind;
#define SCREENING_CHOICES "none|debye|thomas_fermi|length"
typedef struct {
  ScreeningKind kind;
  int           dimension;
  PetscReal     thickness, epsilon, length, qs;
} Screening;
/* Keys `screening`, `screening_length`, `dielectric`; epsilon: what holds without the last (0: none known). */
PetscErrorCode ScreeningFromDeck(Channel c, PetscReal epsilon, Screening *s);
static inline bool ScreeningDependsOnPoint(const Screening *s) { return s->kind == SCREENING_DEBYE || s->kind == SCREENING_THOMAS_FERMI; }
/* Set qs: Debye 4 pi (n + p)/(epsilon k_B T) = q_s^2, Thomas-Fermi 4 pi dn/dmu/epsilon; in a sheet 2 pi n_s/(epsilon k_B T) = q_s. p may be NULL where the point does not matter. */
PetscErrorCode ScreeningSetPoint(Screening *s, const StatesPoint *p);
/* The interaction at q^2 (hartree bohr^dimension). */
static inline PetscReal ScreenedCoulomb(const Screening *s, PetscReal q2)
{
  if (s->dimension == 3) return 4.0 * UMK_PI / (s->epsilon * (q2 + s->qs * s->qs));
  return 2.0 * UMK_PI / (s->epsilon * (sqrt(q2) + s->qs));
}
/* Polar coupling through bulk phonons: q^2/(q^2 + q_s^2)^2, or in a sheet (summed over the wavevector across it) q/(2 (q + q_s)^2). */
static inline PetscReal ScreenedPolar(const Screening *s, PetscReal q2)
{
  if (s->dimension == 3) return q2 / ((q2 + s->qs * s->qs) * (q2 + s->qs * s->qs));
  const PetscReal q = sqrt(q2);
  return 0.5 * q / ((q + s->qs) * (q + s->qs));
}

/* The keys of screening, for a channel's table. */
#define SCREENING_KEYS(NAME, KIND, EPSILON) \
  {NAME ".screening", DECK_CHOICE, .choices = SCREENING_CHOICES, .fallback = KIND, .help = "debye (n/k_BT), thomas_fermi (dn/dmu), a fixed length, or none"}, \
  {NAME ".screening_length", DECK_REAL, .unit = "nm", .positive = true, .help = "with screening: length"}, \
  {NAME ".dielectric", DECK_REAL, .min = 1, .max = 1e6, .help = "dielectric constant; default: the material's " EPSILON}
#define DENSITY_KEYS(NAME, UNIT, SHEET, WHAT) \
  {NAME ".density", DECK_REAL, .unit = UNIT, .positive = true, .help = WHAT}, \
  {NAME ".sheet_density", DECK_REAL, .unit = SHEET, .positive = true, .help = WHAT " per area, in two dimensions"}

#endif
