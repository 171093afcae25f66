/* phonopy's and phono3py's YAML files (phonopy.yaml, phono3py_disp.yaml, ...): see phonopy.h. */
/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phonopy.h"
#include <ctype.h>
#include <errno.h>
#include <yaml.h>

#define ATOMS_MOST 100000

typedef struct {
  const char     *path;
  yaml_document_t doc;
} Text;

static int line_of(const yaml_node_t *node)
{
  return (int)node->start_mark.line + 1;
}

/* The value of a key of a mapping, or NULL */
static yaml_node_t *get(Text *t, yaml_node_t *map, const char *key)
{
  if (!map || map->type != YAML_MAPPING_NODE) return NULL;
  for (yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
    const yaml_node_t *k = yaml_document_get_node(&t->doc, p->key);

    if (k && k->type == YAML_SCALAR_NODE && !strcmp((const char *)k->data.scalar.value, key)) return yaml_document_get_node(&t->doc, p->value);
  }
  return NULL;
}

static const char *word(const yaml_node_t *node)
{
  return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static PetscErrorCode number(Text *t, const yaml_node_t *node, const char *what, PetscReal *value)
{
  const char *text = word(node);
  char       *end  = NULL;

  PetscFunctionBeginUser;
  if (text) *value = strtod(text, &end);
  if (!text || end == text || *end || !isfinite(*value)) return InputErrorAt(t->path, line_of(node), "%s: expected a finite number, found \"%.40s\"", what, text ? text : "a list");
  PetscFunctionReturn(0);
}

/* Scalars of nested lists in order; *found of them so far */
static PetscErrorCode flatten(Text *t, yaml_node_t *node, const char *what, PetscInt64 n, PetscReal *value, PetscInt64 *found)
{
  PetscFunctionBeginUser;
  if (node->type == YAML_SEQUENCE_NODE) {
    for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++) PetscCall(flatten(t, yaml_document_get_node(&t->doc, *i), what, n, value, found));
    PetscFunctionReturn(0);
  }
  if (*found == n) return InputErrorAt(t->path, line_of(node), "%s: more than %lld numbers", what, (long long)n);
  PetscCall(number(t, node, what, &value[(*found)++]));
  PetscFunctionReturn(0);
}

static PetscErrorCode numbers(Text *t, yaml_node_t *node, const char *what, PetscInt64 n, PetscReal *value)
{
  PetscInt64 found = 0;

  PetscFunctionBeginUser;
  PetscCall(flatten(t, node, what, n, value, &found));
  if (found != n) return InputErrorAt(t->path, line_of(node), "%s: %lld numbers where %lld should be", what, (long long)found, (long long)n);
  PetscFunctionReturn(0);
}

/* --- cells ---------------------------------------------------------------------------------------------------- */

static PetscErrorCode read_atom(Text *t, yaml_node_t *atom, Cell *c, PetscInt k)
{
  yaml_node_t *x = get(t, atom, "coordinates"), *mass = get(t, atom, "mass");
  const char  *symbol = word(get(t, atom, "symbol"));

  PetscFunctionBeginUser;
  if (!x) x = get(t, atom, "position"); /* before version 1.10.9 */
  if (!x || !symbol) return InputErrorAt(t->path, line_of(atom), "atom %d has no %s", (int)k + 1, x ? "symbol" : "coordinates");
  PetscCall(numbers(t, x, "coordinates", 3, &c->x[3 * k]));
  snprintf(c->symbol[k], sizeof(Symbol), "%.7s", symbol);
  if (mass) {
    PetscCall(number(t, mass, "mass", &c->mass[k]));
    if (!(c->mass[k] > 0.0)) return InputErrorAt(t->path, line_of(mass), "atom %d has mass %g", (int)k + 1, c->mass[k]);
    c->mass[k] *= UMK_AMU;
  } else c->mass[k] = ElementMass(c->symbol[k]);
  if (!(c->mass[k] > 0.0)) return InputErrorAt(t->path, line_of(atom), "atom %d, %s, has no mass", (int)k + 1, c->symbol[k]);
  PetscFunctionReturn(0);
}

/* Nothing is done when there is no such cell */
static PetscErrorCode read_cell(Text *t, yaml_node_t *root, const char *name, PetscReal length, Cell *c)
{
  yaml_node_t *cell = get(t, root, name), *lattice = get(t, cell, "lattice"), *atoms = get(t, cell, "points");
  PetscInt     n;

  PetscFunctionBeginUser;
  if (!cell) PetscFunctionReturn(0);
  if (!atoms) atoms = get(t, cell, "atoms");
  if (!lattice || !atoms || atoms->type != YAML_SEQUENCE_NODE) return InputErrorAt(t->path, line_of(cell), "%s has no %s", name, lattice ? "points" : "lattice");
  PetscCall(numbers(t, lattice, "lattice", 9, (PetscReal *)c->a));
  for (int i = 0; i < 9; i++) c->a[i / 3][i % 3] *= length;
  if (!(fabs(Det3((const PetscReal(*)[3])c->a)) > 1e-6)) return InputErrorAt(t->path, line_of(lattice), "%s: the lattice vectors span no volume", name);
  n = (PetscInt)(atoms->data.sequence.items.top - atoms->data.sequence.items.start);
  if (n < 1 || n > ATOMS_MOST) return InputErrorAt(t->path, line_of(atoms), "%s has %d atoms", name, (int)n);
  PetscCall(CellCreate(n, c));
  for (PetscInt k = 0; k < n; k++) PetscCall(read_atom(t, yaml_document_get_node(&t->doc, atoms->data.sequence.items.start[k]), c, k));
  PetscFunctionReturn(0);
}

/* From the unit cell and primitive_matrix P: columns of the lattice times P; of atoms that fall together the first */
static PetscErrorCode make_primitive(Text *t, yaml_node_t *root, const Cell *unit, Cell *c)
{
  yaml_node_t *matrix = get(t, root, "primitive_matrix");
  PetscReal    P[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, inverse[3][3];
  PetscInt     n = 0;

  PetscFunctionBeginUser;
  if (matrix) PetscCall(numbers(t, matrix, "primitive_matrix", 9, (PetscReal *)P));
  for (int i = 0; i < 3; i++)
    for (int c3 = 0; c3 < 3; c3++) c->a[i][c3] = P[0][i] * unit->a[0][c3] + P[1][i] * unit->a[1][c3] + P[2][i] * unit->a[2][c3];
  if (!(fabs(Det3((const PetscReal(*)[3])c->a)) > 1e-6)) return InputErrorAt(t->path, matrix ? line_of(matrix) : 0, "primitive_matrix spans no volume");
  PetscCall(CellCreate(unit->natoms, c));
  Invert3((const PetscReal(*)[3])c->a, inverse);
  for (PetscInt k = 0; k < unit->natoms; k++) {
    PetscReal r[3], x[3];
    bool      known = false;

    MatTVec3((const PetscReal(*)[3])unit->a, &unit->x[3 * k], r);
    MatTVec3((const PetscReal(*)[3])inverse, r, x);
    for (PetscInt l = 0; l < n && !known; l++) {
      const PetscReal d[3] = {x[0] - c->x[3 * l], x[1] - c->x[3 * l + 1], x[2] - c->x[3 * l + 2]};
      int             whole[3];

      known = WholeVector(d, 1e-3, whole);
    }
    if (known) continue;
    memcpy(&c->x[3 * n], x, sizeof(x));
    memcpy(c->symbol[n], unit->symbol[k], sizeof(Symbol));
    c->mass[n++] = unit->mass[k];
  }
  c->natoms = n;
  PetscFunctionReturn(0);
}

static PetscErrorCode read_cells(Text *t, yaml_node_t *root, PhonopyYaml *y)
{
  Cell           unit = {0};
  PetscErrorCode code;

  PetscFunctionBeginUser;
  PetscCall(read_cell(t, root, "supercell", y->length, &y->supercell));
  PetscCall(read_cell(t, root, "phonon_supercell", y->length, &y->phonon_supercell));
  PetscCall(read_cell(t, root, "primitive_cell", y->length, &y->primitive));
  if (!y->supercell.natoms) return InputErrorAt(t->path, 0, "has no supercell: the constants' atoms are not known without one");
  if (!y->phonon_supercell.natoms && get(t, root, "phonon_supercell_matrix")) return InputErrorAt(t->path, line_of(get(t, root, "phonon_supercell_matrix")), "phonon_supercell_matrix without the cell phonon_supercell");
  if (y->primitive.natoms) PetscFunctionReturn(0);
  code = read_cell(t, root, "unit_cell", y->length, &unit);
  if (!code && !unit.natoms) code = InputErrorAt(t->path, 0, "has neither primitive_cell nor unit_cell");
  if (!code) code = make_primitive(t, root, &unit, &y->primitive);
  PetscCall(CellDestroy(&unit));
  PetscCall(code);
  PetscFunctionReturn(0);
}

/* --- units ------------------------------------------------------------------------------------------------------ */

PetscErrorCode PhonopyUnit(const char *path, const char *unit, const char *kind, PetscReal *factor)
{
  char   ours[64];
  size_t n = 0;
  bool   known;

  PetscFunctionBeginUser;
  for (const char *c = unit; *c && n + 5 < sizeof(ours); c++) { /* au is bohr, A is angstrom, and in eV/angstrom.au the point joins what is divided by */
    const bool start = c == unit || !isalpha((unsigned char)c[-1]);

    if (start && c[0] == 'a' && c[1] == 'u' && !isalpha((unsigned char)c[2])) memcpy(ours + n, "bohr", 4), n += 4, c++;
    else if (start && !strncmp(c, "Angstrom", 8)) ours[n++] = 'a';
    else if (*c == '.') ours[n++] = '/';
    else ours[n++] = *c;
  }
  ours[n] = 0;
  if (UnitParse(ours, kind, factor, &known)) return InputErrorAt(path, 0, "unit \"%.40s\" is not one of %s", unit, kind);
  PetscFunctionReturn(0);
}

/* Where a file names no units they are those of the program that computed the forces. */
static PetscErrorCode read_units(Text *t, yaml_node_t *root, PhonopyYaml *y)
{
  static const struct {
    const char *calculator, *length, *constant;
  } programs[] = {{"vasp", "angstrom", "eV/angstrom^2"},    {"abinit", "au", "eV/angstrom.au"},   {"qe", "au", "Ry/au^2"},           {"siesta", "au", "eV/angstrom.au"}, {"wien2k", "au", "mRy/au^2"},
                  {"elk", "au", "hartree/au^2"},            {"fleur", "au", "hartree/au^2"},      {"turbomole", "au", "hartree/au^2"}, {"dftbp", "au", "hartree/au^2"},    {"cp2k", "angstrom", "hartree/angstrom.au"},
                  {"crystal", "angstrom", "eV/angstrom^2"}, {"castep", "angstrom", "eV/angstrom^2"}, {"lammps", "angstrom", "eV/angstrom^2"}, {"aims", "angstrom", "eV/angstrom^2"}, {"abacus", "au", "eV/angstrom.au"}};
  yaml_node_t *head = get(t, root, "phono3py"), *units = get(t, root, "physical_unit");
  const char  *calculator, *length = "angstrom", *constant = "eV/angstrom^2";

  PetscFunctionBeginUser;
  if (!head) head = get(t, root, "phonopy");
  if ((calculator = word(get(t, head, "calculator")))) {
    size_t i = 0;

    while (i < sizeof(programs) / sizeof(programs[0]) && strcmp(calculator, programs[i].calculator)) i++;
    if (i == sizeof(programs) / sizeof(programs[0])) return InputErrorAt(t->path, line_of(get(t, head, "calculator")), "units of the calculator \"%.40s\" are not known", calculator);
    length = programs[i].length, constant = programs[i].constant;
  }
  if (word(get(t, units, "length"))) length = word(get(t, units, "length"));
  y->constant_given = word(get(t, units, "force_constants")) != NULL;
  if (y->constant_given) constant = word(get(t, units, "force_constants"));
  PetscCall(PhonopyUnit(t->path, length, "bohr", &y->length));
  PetscCall(PhonopyUnit(t->path, constant, "hartree/bohr^2", &y->constant));
  if (get(t, head, "nac_unit_conversion_factor")) PetscCall(number(t, get(t, head, "nac_unit_conversion_factor"), "nac_unit_conversion_factor", &y->nac_factor));
  PetscFunctionReturn(0);
}

/* --- charges and constants in the file itself ------------------------------------------------------------------------ */

/* Below `nac`; before version 2.18 at the top level */
static PetscErrorCode read_charges(Text *t, yaml_node_t *root, PhonopyYaml *y)
{
  yaml_node_t *nac = get(t, root, "nac"), *head = nac ? nac : root, *born = get(t, head, "born_effective_charge"), *epsilon = get(t, head, "dielectric_constant");

  PetscFunctionBeginUser;
  if (get(t, nac, "unit_conversion_factor")) PetscCall(number(t, get(t, nac, "unit_conversion_factor"), "unit_conversion_factor", &y->nac_factor));
  if (!born && !epsilon) PetscFunctionReturn(0);
  if (!born || !epsilon) return InputErrorAt(t->path, line_of(born ? born : epsilon), "%s without %s", born ? "born_effective_charge" : "dielectric_constant", born ? "dielectric_constant" : "born_effective_charge");
  PetscCall(PetscMalloc1(9 * y->primitive.natoms, &y->born));
  PetscCall(numbers(t, born, "born_effective_charge", 9 * y->primitive.natoms, y->born));
  PetscCall(numbers(t, epsilon, "dielectric_constant", 9, y->epsilon));
  PetscFunctionReturn(0);
}

static PetscErrorCode read_constants(Text *t, yaml_node_t *root, PhonopyYaml *y)
{
  yaml_node_t *constants = get(t, root, "force_constants"), *shape = get(t, constants, "shape"), *elements = get(t, constants, "elements");
  PetscReal    n[2];

  PetscFunctionBeginUser;
  if (!constants) PetscFunctionReturn(0);
  if (!shape || !elements) return InputErrorAt(t->path, line_of(constants), "force_constants has no %s", shape ? "elements" : "shape");
  PetscCall(numbers(t, shape, "shape", 2, n));
  for (int i = 0; i < 2; i++)
    if (n[i] != rint(n[i]) || n[i] < 1 || n[i] > y->supercell.natoms) return InputErrorAt(t->path, line_of(shape), "force_constants of shape %g x %g; the supercell has %d atoms", n[0], n[1], (int)y->supercell.natoms);
  y->second.nrows = (PetscInt)n[0];
  y->second.n     = (PetscInt)n[1];
  PetscCall(PetscMalloc1((size_t)(9 * n[0] * n[1]), &y->second.fc));
  PetscCall(numbers(t, elements, "force_constants", (PetscInt64)(9 * n[0] * n[1]), y->second.fc));
  for (PetscInt i = 0; i < 9 * y->second.nrows * y->second.n; i++) y->second.fc[i] *= y->constant;
  PetscFunctionReturn(0);
}

/* --- the file ------------------------------------------------------------------------------------------------------- */

static PetscErrorCode read_root(Text *t, PhonopyYaml *y)
{
  yaml_node_t *root = yaml_document_get_root_node(&t->doc);

  PetscFunctionBeginUser;
  if (!root || root->type != YAML_MAPPING_NODE) return InputErrorAt(t->path, 0, "is empty, or not a file of phonopy or phono3py");
  PetscCall(read_units(t, root, y));
  PetscCall(read_cells(t, root, y));
  PetscCall(read_charges(t, root, y));
  PetscCall(read_constants(t, root, y));
  PetscFunctionReturn(0);
}

PetscErrorCode PhonopyYamlRead(const char *path, PhonopyYaml *y)
{
  Text           t    = {.path = y->path};
  PetscErrorCode code = 0;
  yaml_parser_t  parser;
  FILE          *file = fopen(path, "rb");

  PetscFunctionBeginUser;
  memset(y, 0, sizeof(*y));
  snprintf(y->path, sizeof(y->path), "%s", path);
  if (!file) return InputErrorAt(path, 0, "cannot be read: %s", strerror(errno));
  UmkCheck(yaml_parser_initialize(&parser), "no memory for a YAML parser");
  yaml_parser_set_input_file(&parser, file);
  if (!yaml_parser_load(&parser, &t.doc)) code = InputErrorAt(path, (int)parser.problem_mark.line + 1, "%s", parser.problem ? parser.problem : "is not a YAML file");
  else {
    code = read_root(&t, y);
    yaml_document_delete(&t.doc);
  }
  yaml_parser_delete(&parser);
  fclose(file);
  if (code) PetscCall(PhonopyYamlDestroy(y));
  PetscCall(code);
  PetscFunctionReturn(0);
}

PetscErrorCode PhonopyYamlDestroy(PhonopyYaml *y)
{
  PetscFunctionBeginUser;
  PetscCall(CellDestroy(&y->primitive));
  PetscCall(CellDestroy(&y->supercell));
  PetscCall(CellDestroy(&y->phonon_supercell));
  PetscCall(PetscFree(y->born));
  PetscCall(SecondOrderDestroy(&y->second));
  PetscFunctionReturn(0);
}
