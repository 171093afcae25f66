/*
  Import: the registry of formats, and what is done to every coupling: drop elements below a fraction of the largest, keep the
  real part where that is all there is, round the mantissa, leave out lattice vectors that carry nothing.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import_impl.h"
#include "folded.h"
#include "parts.h"

/* Bits that averaged data are rounded to before anything is cut off: images that differ by round-off are then cut alike. */
#define SETTLED 40
#define IMPORT_MAX_PARTS 8
#define NEAREST 0.1 /* bohr: nearer atoms are a mistake */

typedef struct {
  WannierSource *inner;      /* complex slabs, phonon vectors as in the source's files */
  PetscInt       nRe, nRp, block; /* of inner; block = nm nb^2 */
  PetscInt      *keep_e, *keep_p, nkeep_e, nkeep_p;
  PetscReal      cut, sum_re, sum_im, sum_dropped, largest;
  PetscInt       bits, real, mantissa;
  bool           settle;
  Complex       *slab;
  uint8_t       *present;  /* [nRe][nRp] of inner, then of what is kept */
} Filter;

PetscErrorCode ImportOptionsDefault(ImportOptions *options)
{
  PetscFunctionBeginUser;
  memset(options, 0, sizeof(*options));
  options->use_ws         = -1;
  options->precision      = 64;
  options->real_tolerance = 1e-4;
  options->polar          = -1;
  options->interpolation  = INTERPOLATION_SYMMETRIC;
  options->sum_rule       = SUM_RULE_DEFAULT;
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialImportFormats(int *n, const char *const **names, const char *const **help)
{
  static const char *list[32], *lines[32];

  PetscFunctionBeginUser;
  for (*n = 0; importers[*n] && *n < 32; ++*n) {
    list[*n]  = importers[*n]->name;
    lines[*n] = importers[*n]->help;
  }
  if (names) *names = list;
  if (help) *help = lines;
  PetscFunctionReturn(0);
}

/* Round to `bits` bits after the leading one, half to even. */
static PetscReal round_mantissa(PetscReal x, PetscInt bits)
{
  uint64_t      u;
  const int     drop = 52 - (int)bits;

  if (bits <= 0 || bits >= 52 || x == 0.0) return x;
  memcpy(&u, &x, sizeof(u));
  u += ((uint64_t)1 << (drop - 1)) - 1 + ((u >> drop) & 1);
  u &= ~(((uint64_t)1 << drop) - 1);
  memcpy(&x, &u, sizeof(u));
  return x;
}

/* Pass 1: the largest element, and how real the coupling is. */
static PetscErrorCode measure(Filter *f)
{
  Progress progress;

  PetscFunctionBeginUser;
  ProgressBegin(&progress, "size of the coupling", (PetscReal)f->nRp);
  for (PetscInt p = 0; p < f->nRp; p++) {
    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    PetscCall(f->inner->read_slab(f->inner->ctx, p, f->slab));
    for (PetscInt i = 0; i < f->nRe * f->block; i++) {
      const PetscReal re = creal(f->slab[i]), im = cimag(f->slab[i]);

      f->sum_re += re * re;
      f->sum_im += im * im;
      f->largest = PetscMax(f->largest, re * re + im * im);
    }
    ProgressUpdate(&progress, (PetscReal)(p + 1));
  }
  ProgressEnd(&progress);
  f->largest = sqrt(f->largest);
  PetscFunctionReturn(0);
}

static inline Complex filtered(const Filter *f, Complex g)
{
  if (f->real) g = creal(g);
  if (f->settle) g = CMPLX(round_mantissa(creal(g), SETTLED), round_mantissa(cimag(g), SETTLED));
  if (cabs(g) < f->cut) return 0.0;
  return CMPLX(round_mantissa(creal(g), f->mantissa), round_mantissa(cimag(g), f->mantissa));
}

/* Pass 2: vectors that keep an element. */
static PetscErrorCode find_kept(Filter *f)
{
  bool *e, *p;

  PetscFunctionBeginUser;
  PetscCall(PetscCalloc2(f->nRe, &e, f->nRp, &p));
  for (PetscInt ip = 0; ip < f->nRp; ip++) {
    if (StopPending()) PetscFunctionReturn(UMK_ERR_STOPPED);
    PetscCall(f->inner->read_slab(f->inner->ctx, ip, f->slab));
    for (PetscInt i = 0; i < f->nRe * f->block; i++) {
      const Complex g = filtered(f, f->slab[i]);

      f->sum_dropped += pow(creal(f->slab[i]) - creal(g), 2) + (f->real ? 0.0 : pow(cimag(f->slab[i]) - cimag(g), 2));
      if (g == 0.0) continue;
      e[i / f->block] = p[ip] = true;
      f->present[i / f->block * f->nRp + ip] = 1;
    }
  }
  for (PetscInt i = 0; i < f->nRe; i++)
    if (e[i]) f->keep_e[f->nkeep_e++] = i;
  for (PetscInt i = 0; i < f->nRp; i++)
    if (p[i]) f->keep_p[f->nkeep_p++] = i;
  for (PetscInt i = 0; i < f->nkeep_e; i++)
    for (PetscInt j = 0; j < f->nkeep_p; j++) f->present[i * f->nkeep_p + j] = f->present[f->keep_e[i] * f->nRp + f->keep_p[j]];
  PetscCall(PetscFree2(e, p));
  PetscFunctionReturn(0);
}

static PetscErrorCode filter_slab(void *ctx, PetscInt i, void *out)
{
  Filter *f = ctx;

  PetscFunctionBeginUser;
  PetscCall(f->inner->read_slab(f->inner->ctx, f->keep_p[i], f->slab));
  for (PetscInt e = 0; e < f->nkeep_e; e++)
    for (PetscInt c = 0; c < f->block; c++) {
      const Complex  g = filtered(f, f->slab[f->keep_e[e] * f->block + c]);
      const PetscInt at = e * f->block + c;

      if (f->bits == 32 && f->real) ((float *)out)[at] = (float)creal(g);
      else if (f->bits == 32) ((float *)out)[2 * at] = (float)creal(g), ((float *)out)[2 * at + 1] = (float)cimag(g);
      else if (f->real) ((PetscReal *)out)[at] = creal(g);
      else ((Complex *)out)[at] = g;
    }
  PetscFunctionReturn(0);
}

static void keep_vectors(PetscInt n, const PetscInt *keep, int (*R)[3])
{
  for (PetscInt i = 0; i < n; i++) memmove(R[i], R[keep[i]], sizeof(int[3]));
}

/* Decide what is kept of the coupling and turn `s` into the stored form. Rank 0. */
static PetscErrorCode filter_coupling(const char *path, const ImportOptions *o, WannierSource *raw, Filter *f, WannierSource *s)
{
  WannierHead *h = &s->head;

  PetscFunctionBeginUser;
  f->inner = raw;
  f->nRe   = h->nRe;
  f->nRp   = h->nRp;
  f->block = h->nm * h->nb * h->nb;
  PetscCall(PetscMalloc3(h->nRe, &f->keep_e, h->nRp, &f->keep_p, h->nRe * f->block, &f->slab));
  PetscCall(PetscCalloc1((size_t)h->nRe * (size_t)h->nRp, &f->present));
  PetscCall(measure(f));
  if (f->largest <= 0.0) return InputErrorAt(path, 0, "the electron-phonon coupling is zero everywhere");
  f->real     = o->real_tolerance > 0.0 && sqrt(f->sum_im) <= o->real_tolerance * sqrt(f->sum_re);
  f->bits     = o->precision;
  f->mantissa = o->mantissa_bits;
  f->settle   = h->symmetrized && (o->precision == 32 || o->mantissa_bits || o->threshold > 0.0);
  f->cut      = o->threshold * f->largest;
  PetscCall(find_kept(f));
  Log(1, "  coupling: rms imaginary part %.1e of the real one: %s; %s%s; %d of %d x %d of %d vectors kept; left out or rounded away: %.1e (rms)", sqrt(f->sum_im / f->sum_re),
      f->real ? "real part kept" : "kept complex", f->bits == 32 ? "float32" : "float64", f->mantissa ? ", rounded mantissa" : "", (int)f->nkeep_e, (int)f->nRe, (int)f->nkeep_p, (int)f->nRp,
      sqrt(f->sum_dropped / f->sum_re));
  keep_vectors(f->nkeep_e, f->keep_e, s->Re);
  keep_vectors(f->nkeep_p, f->keep_p, s->Rp);
  h->nRe           = f->nkeep_e;
  h->nRp           = f->nkeep_p;
  h->g_real        = f->real;
  h->g_bits        = f->bits;
  h->mantissa_bits = f->mantissa;
  h->threshold     = o->threshold;
  s->present       = f->present;
  s->read_slab     = filter_slab;
  s->ctx           = f;
  PetscFunctionReturn(0);
}

/* Are the Wannier functions real, as far as the Hamiltonian tells? */
static bool is_real(const WannierSource *s, PetscReal tolerance)
{
  PetscReal re = 0.0, im = 0.0;

  for (PetscInt i = 0; i < s->head.nRk * s->head.nb * s->head.nb; i++) re += pow(creal(s->H[i]), 2), im += pow(cimag(s->H[i]), 2);
  return tolerance > 0.0 && im <= tolerance * tolerance * re;
}

/* Charges that add up to zero, which a rigid shift of the crystal needs. */
static void neutralize(WannierSource *s)
{
  PetscReal largest = 0.0;

  for (int c = 0; c < 9; c++) {
    PetscReal mean = 0.0;

    for (PetscInt i = 0; i < s->head.natoms; i++) mean += s->zstar[9 * i + c] / (PetscReal)s->head.natoms;
    for (PetscInt i = 0; i < s->head.natoms; i++) s->zstar[9 * i + c] -= mean;
    for (PetscInt i = 0; i < s->head.natoms; i++) largest = PetscMax(largest, fabs(s->zstar[9 * i + c]));
  }
  if (largest < 1e-9) s->head.polar = 0;
}

/* The source's choice of images undone and made anew. Rank 0. */
static PetscErrorCode redistribute(const char *path, const ImportOptions *o, SumRule rule, WannierSource *s)
{
  const PetscInt nRp = s->head.nRp, nRe = s->head.nRe;
  const bool     average = o->interpolation == INTERPOLATION_SYMMETRIC;
  Folded         f;
  PetscErrorCode code;

  PetscFunctionBeginUser;
  if (rule != SUM_RULE_NONE && s->head.polar) neutralize(s);
  if (rule == SUM_RULE_ROTATIONAL && s->head.polar) return InputErrorAt(path, 0, "sum rule rotational: dipole terms have a share in it, so it is for crystals without Born charges; take crystal");
  code = FoldedCreate(s, &f);
  if (!code && f.D) code = FoldedSumRule(path, rule, &f);
  if (!code && average) code = FoldedSymmetrize(&f, is_real(s, o->real_tolerance), s);
  if (!code && s->close) code = s->close(s->ctx);
  s->close = NULL;
  if (!code) code = FoldedDistribute(&f, s);
  if (code) PetscCall(FoldedDestroy(&f));
  PetscCall(code);
  s->head.interpolation = o->interpolation == INTERPOLATION_SOURCE ? INTERPOLATION_SOURCE : INTERPOLATION_REDISTRIBUTED;
  if (s->head.symmetrized) s->head.interpolation = INTERPOLATION_SYMMETRIC;
  if (nRe) Log(1, "  coupling put on nearest images: %d x %d vectors instead of %d x %d", (int)s->head.nRe, (int)s->head.nRp, (int)nRe, (int)nRp);
  PetscFunctionReturn(0);
}

static PetscErrorCode check_options(const ImportOptions *o)
{
  PetscFunctionBeginUser;
  PetscCheckInput(o->precision == 64 || o->precision == 32, NULL, 0, "precision must be 64 or 32, not %d", o->precision);
  PetscCheckInput(o->mantissa_bits >= 0 && o->mantissa_bits <= (o->precision == 32 ? 23 : 52), NULL, 0, "mantissa bits must be 0 (all) to %d, not %d", o->precision == 32 ? 23 : 52, o->mantissa_bits);
  PetscCheckInput(o->threshold >= 0.0 && o->threshold < 1.0, NULL, 0, "threshold is a fraction of the largest element: 0 <= threshold < 1, not %g", (double)o->threshold);
  PetscCheckInput(o->use_ws >= -1 && o->use_ws <= 1, NULL, 0, "use_ws must be 0 or 1, not %d", o->use_ws);
  for (int i = 0; i < 3; i++) PetscCheckInput(o->coarse_k[i] >= 0 && o->coarse_q[i] >= 0, NULL, 0, "a coarse mesh must be positive, not %d", (int)PetscMin(o->coarse_k[i], o->coarse_q[i]));
  PetscFunctionReturn(0);
}

void ImportName(const char *path, char name[64])
{
  const char *slash = strrchr(path, '/'), *base = slash && slash[1] ? slash + 1 : path, *dot = strrchr(base, '.');

  snprintf(name, 64, "%.*s", (int)PetscMin(dot && dot > base ? (size_t)(dot - base) : strlen(base), 63), base);
}

static PetscErrorCode find_importer(const char *format, const Importer **importer)
{
  const char *const *names;
  char               all[256] = "";
  int                n, near;

  PetscFunctionBeginUser;
  PetscCall(MaterialImportFormats(&n, &names, NULL));
  for (int i = 0; i < n; i++)
    if (!strcmp(names[i], format)) {
      *importer = importers[i];
      PetscFunctionReturn(0);
    }
  near = NearestName(format, n, names);
  for (int i = 0; i < n && strlen(all) + strlen(names[i]) + 3 < sizeof(all); i++) {
    strcat(all, i ? ", " : "");
    strcat(all, names[i]);
  }
  if (near >= 0) return InputErrorAt(NULL, 0, "no import format \"%s\"; did you mean \"%s\"?", format, names[near]);
  return InputErrorAt(NULL, 0, "no import format \"%s\"; there is: %s", format, all);
}

/* --- parts ---------------------------------------------------------------------------------------------- */

typedef struct {
  WannierSource whole, raw; /* raw: where the whole's coupling comes from */
  Filter        filter;
} Work;

/* An option that no part of the command line takes is a mistake. */
static PetscErrorCode check_parts(int nparts, const Importer *const *importer, const ImportPart *parts, const ImportOptions *o)
{
  bool meshes = false, constants = false;

  PetscFunctionBeginUser;
  if (importer[0]->adds && !importer[0]->first)
    return InputErrorAt(NULL, 0, "format %s holds no crystal: give it after one that does, as in \"qe_fc FILE.fc %s PATH\"", importer[0]->name, importer[0]->name);
  for (int i = 0; i < nparts; i++) {
    meshes    = meshes || importer[i]->meshes;
    constants = constants || ((i == 0 || !importer[i]->adds) && !importer[i]->stored && !parts[i].cubic_only);
  }
  PetscCheckInput(meshes || (!o->coarse_k[0] && !o->coarse_q[0] && o->use_ws < 0), NULL, 0, "coarse_k, coarse_q and use_ws are for formats that do not tell their meshes: format %s does", importer[0]->name);
  PetscCheckInput(constants || o->sum_rule == SUM_RULE_DEFAULT, NULL, 0, "a sum rule is for parts that bring harmonic force constants; format %s keeps what the file holds", importer[0]->name);
  PetscCheckInput(constants || o->interpolation == INTERPOLATION_SYMMETRIC, NULL, 0, "interpolation is decided for parts that bring harmonic force constants; format %s keeps what the file holds", importer[0]->name);
  PetscFunctionReturn(0);
}

static PetscErrorCode check_coupling_options(const ImportOptions *o, const WannierSource *s)
{
  ImportOptions usual;

  PetscFunctionBeginUser;
  PetscCall(ImportOptionsDefault(&usual));
  if (o->precision == usual.precision && o->mantissa_bits == usual.mantissa_bits && o->threshold == usual.threshold && o->real_tolerance == usual.real_tolerance) PetscFunctionReturn(0);
  return InputErrorAt(NULL, 0, "precision, mantissa bits, threshold and realness are decided when a coupling is imported; %s", s->head.nRe ? "this one is kept as the native file holds it" : "there is none");
}

/* No two atoms in one place */
static PetscErrorCode check_atoms(const char *path, const WannierSource *s)
{
  PetscReal inverse[3][3];

  PetscFunctionBeginUser;
  Invert3((const PetscReal(*)[3])s->head.a, inverse);
  for (PetscInt i = 0; i < s->head.natoms; i++)
    for (PetscInt j = 0; j < i; j++) {
      PetscReal d[3], x[3], y[3];

      for (int c = 0; c < 3; c++) d[c] = s->tau[3 * i + c] - s->tau[3 * j + c];
      MatTVec3((const PetscReal(*)[3])inverse, d, x);
      for (int c = 0; c < 3; c++) x[c] -= rint(x[c]);
      MatTVec3((const PetscReal(*)[3])s->head.a, x, y);
      if (Norm3(y) < NEAREST) return InputErrorAt(path, 0, "atoms %d and %d stand in one place", (int)j + 1, (int)i + 1);
    }
  PetscFunctionReturn(0);
}

/* A part with a crystal of its own, on the images and in the storage it will have. Rank 0. */
static PetscErrorCode open_part(const Importer *importer, const char *path, const ImportOptions *o, Work *w, WannierSource *s)
{
  const SumRule rule = o->sum_rule != SUM_RULE_DEFAULT ? o->sum_rule : importer->cells ? SUM_RULE_SIMPLE : SUM_RULE_NONE;

  PetscFunctionBeginUser;
  if (!importer->stored && !importer->cells && rule != SUM_RULE_NONE && o->interpolation == INTERPOLATION_SOURCE)
    return InputErrorAt(path, 0, "a sum rule acts on the coarse-mesh data, which interpolation source leaves on the images of format %s", importer->name);
  PetscCall(importer->open(path, o, s));
  PetscCall(check_atoms(path, s));
  if (importer->stored) PetscFunctionReturn(0);
  if (!s->head.nb) s->head.coarse_k[0] = s->head.coarse_k[1] = s->head.coarse_k[2] = 1;
  if (!s->head.nb) s->head.g_bits = 64;
  if (importer->cells || rule != SUM_RULE_NONE || o->interpolation != INTERPOLATION_SOURCE) PetscCall(redistribute(path, o, rule, s));
  if (!s->read_slab) PetscFunctionReturn(0);
  w->raw   = *s;
  s->close = NULL;
  PetscCall(filter_coupling(path, o, &w->raw, &w->filter, s));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_parts(int nparts, const Importer *const *importer, const ImportPart *parts, const ImportOptions *o, Work *w)
{
  PetscFunctionBeginUser;
  PetscCall(open_part(importer[0], parts[0].path, o, w, &w->whole));
  PetscCheckInput(w->whole.head.nm || w->whole.head.nb, parts[0].path, 0, "brings third-order force constants alone: give it after a part with harmonic ones");
  if (importer[0]->stored || !w->whole.head.nRe) PetscCall(check_coupling_options(o, &w->whole));
  for (int i = 1; i < nparts; i++) {
    WannierSource  part = {0};
    PetscErrorCode code;

    if (importer[i]->adds) {
      PetscCall(importer[i]->open(parts[i].path, o, &w->whole));
      continue;
    }
    code = open_part(importer[i], parts[i].path, o, w, &part);
    if (!code) code = parts[i].cubic_only ? SourceMergeCubic(parts[i].path, &w->whole, &part) : SourceMerge(parts[i].path, &w->whole, &part);
    PetscCall(WannierSourceDestroy(&part));
    PetscCall(code);
  }
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialImportParts(MPI_Comm comm, int nparts, const ImportPart *parts, const ImportOptions *options, Material *m)
{
  const Importer *importer[IMPORT_MAX_PARTS] = {NULL};
  Work            w                          = {0};
  PetscErrorCode  code;
  int             rank;

  PetscFunctionBeginUser;
  PetscCallMPI(MPI_Comm_rank(comm, &rank));
  PetscCheckInput(nparts >= 1 && nparts <= IMPORT_MAX_PARTS, NULL, 0, "an import takes 1 to %d parts, not %d", IMPORT_MAX_PARTS, nparts);
  PetscCall(check_options(options));
  for (int i = 0; i < nparts; i++) PetscCall(find_importer(parts[i].format, &importer[i]));
  PetscCall(check_parts(nparts, importer, parts, options));
  code = rank == 0 ? read_parts(nparts, importer, parts, options, &w) : 0;
  code = ErrorAgree(comm, code);
  if (!code) code = WannierCreate(comm, &w.whole, m);
  if (w.raw.close) PetscCall(w.raw.close(w.raw.ctx));
  PetscCall(WannierSourceDestroy(&w.whole));
  PetscCall(PetscFree3(w.filter.keep_e, w.filter.keep_p, w.filter.slab));
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode MaterialImport(MPI_Comm comm, const char *format, const char *path, const ImportOptions *options, Material *m)
{
  PetscFunctionBeginUser;
  PetscCall(MaterialImportParts(comm, 1, &(ImportPart){format, path}, options, m));
  PetscFunctionReturn(0);
}
