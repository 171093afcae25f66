# SPDX-License-Identifier: GPL-3.0-or-later
"""Spack recipe of umklapp. Until Spack has it, use it from a local repository of recipes, from a copy of the source folder:

    spack repo create ~/umklapp-recipes umklapp_recipes            # once: prints the folder PACKAGES that recipes go into
    mkdir PACKAGES/umklapp && cp packaging/spack/package.py PACKAGES/umklapp/
    spack repo add FOLDER                                          # the folder with repo.yaml that `create` made
    spack info umklapp                                             # variants and versions
    spack dev-build --source-path "$PWD" umklapp@main              # builds this source folder

There is no released archive yet: @main and @0.1.0 are built from a source folder, by dev-build as above or with `spack develop` in an environment.
`spack install --test=root` runs the tests of one rank. MPI and the like that a cluster has already: `spack external find openmpi`.
"""

try:  # Spack 1.0 and later
    from spack_repo.builtin.build_systems.meson import MesonPackage
except ImportError:  # before, spack.package has it
    pass
from spack.package import *


class Umklapp(MesonPackage):
    """Transport in crystals from the linearized Boltzmann equation, by electrons and by phonons: mobility, conductivity, Seebeck coefficient, electronic
    and lattice thermal conductivity, phonon drag, in the relaxation-time approximation and with the full collision operator, on any number of ranks."""

    license("GPL-3.0-or-later")

    version("main")
    version("0.1.0")

    variant("int64", default=False, description="64-bit indices in PETSc: more than 2^31 rows or nonzeros of the operator")
    variant("native", default=True, description="compile for the processor of the machine that builds (-march=native)")
    variant("plot", default=True, description="Python packages of `umklapp plot`")

    depends_on("c", type="build")
    depends_on("meson@1.0:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("python@3.9:", type=("build", "run"))

    depends_on("mpi")
    depends_on("petsc@3.18: +mpi ~complex precision=double")
    depends_on("slepc@3.18:")
    depends_on("petsc +int64", when="+int64")
    depends_on("petsc ~int64", when="~int64")
    depends_on("hdf5@1.10: +mpi +hl")
    depends_on("spglib@1.16:")
    # ranks share the work: one thread each
    depends_on("openblas@0.3.20: threads=none")
    depends_on("gsl@2.5:")
    depends_on("libyaml@0.2:")
    depends_on("zlib-api")

    with when("+plot"):
        depends_on("py-numpy", type="run")
        depends_on("py-h5py", type="run")
        depends_on("py-matplotlib", type="run")

    # the tests read and write HDF5 from Python
    depends_on("check", type="test")
    depends_on("py-numpy", type="test")
    depends_on("py-h5py", type="test")

    def meson_args(self):
        return [
            "-Dnative=" + ("true" if self.spec.satisfies("+native") else "false"),
            "-Dtests=" + ("enabled" if self.run_tests else "disabled"),
            "-Dpython=" + self.spec["python"].command.path,
        ]

    def check(self):
        """One thread per rank; the suite of one rank, for build nodes do not start MPI jobs."""
        with working_dir(self.build_directory):
            with set_env(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"):
                which("meson", required=True)("test", "--suite", "serial")

    def setup_run_environment(self, env):
        env.set("OMP_NUM_THREADS", "1")
        env.set("OPENBLAS_NUM_THREADS", "1")
