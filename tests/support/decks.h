/*
  Small runs of every model and mechanism, for tests of the collision operator. Meshes of a box are odd: the points of an even one that lie
  on the box's faces have no image under -k, and so little of the box's symmetry that exp(-extent/kT) of the carriers see it.
*/
/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UMKLAPP_TEST_DECKS_H
#define UMKLAPP_TEST_DECKS_H

typedef struct {
  const char *name, *text;
  int         walls; /* a one-member process takes part: charge is not conserved */
} ModelDeck;

#define DECK_HEAD "temperature: 300 K\nsolver: {tolerance: 1e-10}\n"

static const ModelDeck model_decks[] = {
  {"rotated ellipsoid", DECK_HEAD
   "material: {model: {eps_zero: 11.7, extent: 0.27 eV, bands: [{kind: ellipsoid, mass: [0.98, 0.19, 0.4] m_e, axes: [[1, 2, 2], [2, 1, -2], [2, -2, 1]]}]}}\n"
   "carriers: {electrons: 1e17 cm^-3}\n"
   "electrons: {mesh: 11, window: 0.25 eV}\n"
   "scattering: {acoustic_deformation: {potential: 9 eV, sound: 9000 m/s, density: 2.33 g/cm^3, kind: inelastic}, ionized_impurity: {density: 1e17 cm^-3}}\n"},
  {"six valleys", DECK_HEAD
   "material: {model: {extent: 0.27 eV, bands: [{kind: ellipsoid, family: delta, mass: [0.98, 0.19] m_e}]}}\n"
   "carriers: {electrons: 1e15 cm^-3}\n"
   "electrons: {mesh: 11, window: 0.25 eV}\n"
   "scattering: {acoustic_deformation: {potential: 9 eV, sound: 9000 m/s, density: 2.33 g/cm^3}, optical_deformation: {density: 2.33 g/cm^3, phonons: ["
   "{potential: 11 eV/angstrom, energy: 62 meV, between: g}, {potential: 2 eV/angstrom, energy: 47 meV, between: f}]}}\n"},
  {"strained valleys with walls", DECK_HEAD
   "material: {model: {extent: 0.27 eV, strain: [0.005, 0.005, -0.004, 0, 0, 0], bands: [{kind: ellipsoid, family: delta, mass: [0.98, 0.19] m_e, uniaxial: 9 eV}]}}\n"
   "carriers: {electrons: 1e15 cm^-3}\n"
   "electrons: {mesh: 11, window: 0.25 eV}\n"
   "scattering: {acoustic_deformation: {potential: 9 eV, sound: 9000 m/s, density: 2.33 g/cm^3, kind: inelastic}, boundary: 1 um, relaxation_time: {tau: 300 fs, exponent: -0.5}}\n", 1},
  {"Kane", DECK_HEAD
   "material: {model: {eps_infinity: 10.9, eps_zero: 12.9, extent: 0.27 eV, bands: [{kind: kane, mass: 0.067 m_e, nonparabolicity: 0.64 1/eV}]}}\n"
   "carriers: {electrons: 1e16 cm^-3}\n"
   "electrons: {mesh: 13, window: 0.25 eV}\n"
   "scattering: {polar_optical: {energy: 36 meV}, piezoelectric: 0.004, short_range: {density: 1e17 cm^-3, potential: 1 eV*nm^3}}\n"},
  {"electrons and holes", DECK_HEAD
   "material: {model: {extent: 0.22 eV, bands: [{kind: ellipsoid, mass: 0.2 m_e, edge: 0.1 eV}, {kind: ellipsoid, type: valence, mass: 0.4 m_e, edge: -0.1 eV}]}}\n"
   "carriers: {net: 1e17 cm^-3}\n"
   "electrons: {mesh: 13, window: 0.2 eV}\n"
   "scattering: {acoustic_deformation: {potential: 9 eV, sound: 9000 m/s, density: 2.33 g/cm^3, kind: inelastic}, optical_deformation: {density: 2.33 g/cm^3, phonons: ["
   "{potential: 5 eV/angstrom, energy: 50 meV}]}}\n"},
  {"power law in 2D", DECK_HEAD
   "material: {model: {dimension: 2, extent: 0.5 eV, eps_infinity: 10, eps_zero: 14, metal: true, bands: [{kind: power, energy: 0.5 eV, wavevector: 0.1 1/angstrom, exponent: 3}]}}\n"
   "carriers: {chemical_potential: 0.2 eV}\n"
   "electrons: {mesh: 25, window: [0.02, 0.45] eV}\n"
   "scattering: {polar_optical: {energy: 40 meV}, acoustic_deformation: {potential: 5 eV, sound: 9000 m/s, sheet_density: 1e-7 g/cm^2, kind: inelastic}}\n"},
  {"simple cubic cosine band", DECK_HEAD
   "material: {model: {lattice_constant: 4 angstrom, eps_infinity: 10, eps_zero: 15, bands: [{kind: cosine, hopping: 0.1 eV}]}}\n"
   "carriers: {electrons: 1e20 cm^-3}\n"
   "electrons: {mesh: 10, window: 0.6 eV}\n"
   "scattering: {polar_optical: {energy: 40 meV}, acoustic_deformation: {potential: 8 eV, sound: 9000 m/s, density: 2.33 g/cm^3, kind: inelastic}}\n"},
  {"fcc cosine band", DECK_HEAD
   "material: {model: {cell: [[0, 2, 2], [2, 0, 2], [2, 2, 0]] angstrom, bands: [{kind: cosine, hopping: 0.1 eV}]}}\n"
   "carriers: {electrons: 1e20 cm^-3}\n"
   "electrons: {mesh: 8, window: 0.9 eV}\n"
   "scattering: {acoustic_deformation: {potential: 8 eV, sound: 9000 m/s, density: 2.33 g/cm^3}, optical_deformation: {density: 2.33 g/cm^3, phonons: [{potential: 5 eV/angstrom, energy: 50 meV}]}}\n"},
  {"square lattice", DECK_HEAD
   "material: {model: {dimension: 2, lattice_constant: 4 angstrom, eps_infinity: 10, eps_zero: 15, bands: [{kind: cosine, hopping: 0.1 eV}]}}\n"
   "carriers: {chemical_potential: 0.3 eV}\n"
   "electrons: {mesh: 24, window: 0.7 eV}\n"
   "scattering: {polar_optical: {energy: 40 meV}, acoustic_deformation: {potential: 8 eV, sound: 9000 m/s, sheet_density: 1e-7 g/cm^2, kind: inelastic}}\n"},
};
enum { NMODELS = sizeof(model_decks) / sizeof(model_decks[0]), NSCHEMES = 3 };

static const char *const delta_schemes[NSCHEMES] = {"delta.scheme=adaptive", "delta.scheme=gaussian;delta.width=30 meV", "delta.scheme=tetrahedron"};
/* Widths that suit phonons. */
static const char *const lattice_schemes[NSCHEMES] = {"delta.scheme=adaptive", "delta.scheme=gaussian;delta.width=2 meV", "delta.scheme=tetrahedron"};

#endif
