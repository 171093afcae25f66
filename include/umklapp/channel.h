/*
  channel: scattering mechanisms. A channel enumerates processes: members with stoichiometry s (+1 consumed, -1 produced)
  and a kernel K (1/time in atomic units, no occupation factors). It knows nothing of matrices, symmetry reduction, MPI or occupations.

  Each process is enumerated once over the full zone, and of its images only those whose first member is a wedge state (operation:
  identity). Elastic processes +i -j are the same backwards; their channels enumerate ordered pairs with K/2.

  Processes come in batches of one shape. Members are wedge states taken to the full zone by a mesh operation. Bath bosons
  (dispersionless, or not part of the run's phonon states) enter as energies only.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_CHANNEL_H
#define UMKLAPP_CHANNEL_H

#include "umklapp/states.h"

#define PROCESS_MAX_MEMBERS 4

typedef struct {
  PetscInt       count;
  int            nmembers;
  Species        species[PROCESS_MAX_MEMBERS]; /* of the whole batch; SPECIES_BATH members have energies instead of states */
  signed char    s[PROCESS_MAX_MEMBERS];
  const int32_t *state[PROCESS_MAX_MEMBERS];   /* [count] wedge state; NULL for bath */
  const uint8_t *op[PROCESS_MAX_MEMBERS];      /* [count] position in mesh->op; NULL: identity for all */
  const PetscReal *energy[PROCESS_MAX_MEMBERS];/* [count] bath bosons only, hartree */
  const PetscReal *kernel;                     /* [count]; nmembers == 1 (walls, a given tau): the rate itself, A_aa += kernel */
  int            part;                         /* which of the channel type's parts (normal, umklapp) these belong to; 0 without parts */
} ProcessBatch;

typedef struct {
  PetscErrorCode (*consume)(void *ctx, const ProcessBatch *batch);
  void *ctx;
} ProcessSink;

/* --- delta functions (src/channel/delta.c) ------------------------------------------------ */
typedef enum { DELTA_ADAPTIVE, DELTA_GAUSSIAN, DELTA_TETRAHEDRON } DeltaScheme;
typedef struct {
  DeltaScheme scheme;
  PetscReal   width;   /* gaussian: exp(-(x/width)^2)/(sqrt(pi) width); adaptive: dimensionless factor; hartree or 1 */
  PetscReal   minimum; /* adaptive: smallest width, hartree */
  PetscReal   cutoff;  /* |x| <= cutoff * width are kept */
} Delta;
PetscErrorCode DeltaRegisterKeys(void);
PetscErrorCode DeltaFromDeck(Deck delta, Delta *d);
/*
  DeltaWeights - weights of delta(x(k')) on the points of `states` for one first state and one slice (band slot, branch).
  x [npoints]: e_j - e_i - omega at each point (halo included; HUGE_VAL = do not use); states without a list of tetrahedra cover the mesh;
  gradient [npoints][3]: for the adaptive width, hartree bohr; may be NULL otherwise. second: [npoints][3] or NULL: the gradient seen from the other
  member; the width takes the mean square of both.
  weight [npoints]: 1/hartree; (1/N) sum weight -> integral of delta over the zone. *any: a nonzero weight was found. Not collective.
*/
PetscErrorCode DeltaWeights(const Delta *d, States states, const PetscReal *x, const PetscReal *gradient, const PetscReal *second, PetscReal *weight, bool *any);
/* The same of any n points, Gaussian and adaptive: each point's weight is its own. Not collective. */
PetscErrorCode DeltaWeightsOf(const Delta *d, KMesh mesh, PetscInt n, const PetscReal *x, const PetscReal *gradient, const PetscReal *second, PetscReal *weight, bool *any);
/* For loops of a channel's own, Gaussian and adaptive: variance of x over a mesh cell from its gradient; square of the width for a variance (the mean
   over the members' views; only adaptive widths need it); the weight of one point, for x^2 <= cutoff^2 width^2. Not collective. */
static inline PetscReal DeltaVariance(KMesh mesh, const PetscReal g[3])
{
  const PetscReal(*w)[3] = (const PetscReal(*)[3])mesh->width2;
  return w[0][0] * g[0] * g[0] + w[1][1] * g[1] * g[1] + w[2][2] * g[2] * g[2] + 2.0 * (w[0][1] * g[0] * g[1] + w[0][2] * g[0] * g[2] + w[1][2] * g[1] * g[2]);
}
static inline PetscReal DeltaWidth2(const Delta *d, PetscReal variance)
{
  return d->scheme == DELTA_GAUSSIAN ? d->width * d->width : PetscMax(d->minimum * d->minimum, 2.0 * d->width * d->width * variance);
}
static inline PetscReal DeltaGaussian(PetscReal x2, PetscReal width2) { return exp(-x2 / width2) / sqrt(UMK_PI * width2); }

/* --- channels ------------------------------------------------------------------------------ */
#define CHANNEL_ON_ELECTRONS 1u
#define CHANNEL_ON_PHONONS   2u
#define CHANNEL_MAX_PARTS    4
typedef struct _p_Channel *Channel;
/*
  Phonons on two meshes: fine in a region around q = 0 (the waves that drag), coarse elsewhere. m(q), the region's membership, is 1 on the coarse
  mesh's points inside, 0 on those outside and linear between. A process of legs 1 ... n belongs to the coarse mesh with the share
  prod (1 - m_i); the rest is evaluated once for each leg i, with the share (1 - prod (1 - m)) m_i / sum m, that leg running over the fine mesh and its
  partner over the points of the fine mesh that differ from it by vectors of the coarse one. Shares sum to 1: one integral over all processes,
  with the nodes of both meshes; every term is a process, so the operator stays symmetric and semidefinite.
*/
typedef struct {
  States           coarse; /* the fine side: the phonons whose mesh the partners step over; NULL on the coarse side */
  const PetscReal *inside; /* [mesh->nwedge] m on the wedge of this side's phonons; exactly 1 and 0 where it is meant to be */
} PhononPartition;
typedef struct {
  Material material;
  States   electrons; /* NULL in a run without */
  States   phonons;   /* NULL in a run without */
  Delta    delta;
  const PhononPartition *partition; /* of the phonons, or NULL */
} ChannelContext;

typedef struct {
  const char    *name;    /* as in the deck's scattering section */
  const char    *help;
  const DeckKey *keys;    /* paths "scattering.NAME..." */
  bool           needs_phonons;
  unsigned       acts;           /* CHANNEL_ON_*: species whose states its processes change when both are unknowns of a run */
  const char    *part[CHANNEL_MAX_PARTS]; /* names of kinds of processes whose rates are kept apart (normal, umklapp); none: NULL */
  PetscErrorCode (*create)(Channel);                 /* read c->deck (view of scattering.NAME), fill c->data */
  PetscErrorCode (*destroy)(Channel);
  /* Enumerate all processes whose first member is at wedge point ik (0..electrons->nk-1, or phonons). p: the thermodynamic point, NULL
     unless c->point_dependent. Not collective. */
  PetscErrorCode (*enumerate)(Channel, const StatesPoint *p, PetscInt ik, const ProcessSink *sink);
  /* Optional: cost of enumerating point ik in seconds: roughly, but right between points and of the right order between channels (default: states times points). */
  PetscErrorCode (*work)(Channel, PetscInt ik, PetscReal *work);
  /* Optional: called with the list of points a rank is about to enumerate, so that work can be batched. */
  PetscErrorCode (*prepare)(Channel, PetscInt nk, const PetscInt *ik);
  PetscErrorCode (*report)(Channel);                 /* optional: a line of cost or content for the log */
} ChannelType;

struct _p_Channel {
  const ChannelType    *type;
  const ChannelContext *context;
  Deck                  deck;
  Species               first;           /* species of the first member: whose wedge points are enumerated */
  PetscLogEvent         event;           /* of its enumeration */
  bool                  point_dependent; /* kernels depend on T, mu (screening, equipartition): enumerated anew at each point */
  void                 *data;
};

PetscErrorCode ChannelRegisterKeys(void);
/* All channels that the deck's `scattering` section names and that act on one of `species` (CHANNEL_ON_*; with phonons alone, none that needs electrons), in table order. Collective: some fill arrays of the states. */
PetscErrorCode ChannelsCreateFromDeck(Deck scattering, const ChannelContext *context, unsigned species, PetscInt *n, Channel **channels);
/* Whether a channel of the deck works on the run's phonon states. Not collective. */
PetscErrorCode ChannelsNeedPhonons(Deck scattering, bool *needed);
/* Species that channels of the deck act on alone (CHANNEL_ON_*; channels of both count for none). Not collective. */
PetscErrorCode ChannelsActOn(Deck scattering, unsigned *species);
PetscErrorCode ChannelsDestroy(PetscInt n, Channel **channels);
PetscErrorCode ChannelWork(Channel c, PetscInt ik, PetscReal *work);
PetscErrorCode ChannelEnumerate(Channel c, const StatesPoint *p, PetscInt ik, const ProcessSink *sink);

#endif
