"""Every reader there is, in the order in which they are asked: operating systems' databases first."""

from bartizan.collect.packages.beam import hex_lock
from bartizan.collect.packages.binaries import programs
from bartizan.collect.packages.conda import installed as conda_installed
from bartizan.collect.packages.cpp import conan_lock
from bartizan.collect.packages.dart import pubspec_lock
from bartizan.collect.packages.distribution.readers import READERS as DISTRIBUTIONS
from bartizan.collect.packages.dotnet import nuget
from bartizan.collect.packages.dotnet import project as dotnet_project
from bartizan.collect.packages.golang import modules as go_modules
from bartizan.collect.packages.haskell import packages as haskell_packages
from bartizan.collect.packages.interface import Reader
from bartizan.collect.packages.java import archive as java_archive
from bartizan.collect.packages.java import gradle, pom
from bartizan.collect.packages.java import runtime as java_runtime
from bartizan.collect.packages.javascript import (
    bun_lock,
    deno_lock,
    extension_archive,
    npm_lock,
    pnpm_lock,
    yarn_lock,
)
from bartizan.collect.packages.javascript import installed as javascript_installed
from bartizan.collect.packages.julia import manifest as julia_manifest
from bartizan.collect.packages.ocaml import switch_state
from bartizan.collect.packages.perl import installed as perl_installed
from bartizan.collect.packages.php import applications as php_applications
from bartizan.collect.packages.php import composer
from bartizan.collect.packages.python import archives as python_archives
from bartizan.collect.packages.python import installed as python_installed
from bartizan.collect.packages.python import locked as python_locked
from bartizan.collect.packages.python import requirements
from bartizan.collect.packages.r import packages as r_packages
from bartizan.collect.packages.ruby import gems
from bartizan.collect.packages.rust import cargo_lock
from bartizan.collect.packages.swift import packages as swift_packages

READERS: tuple[Reader, ...] = (
    *DISTRIBUTIONS,
    conda_installed.READER,
    python_installed.READER,
    python_archives.READER,
    requirements.READER,
    python_locked.PIPFILE,
    python_locked.POETRY,
    python_locked.PDM,
    python_locked.UV,
    python_locked.PYLOCK,
    javascript_installed.READER,
    extension_archive.READER,
    npm_lock.READER,
    yarn_lock.READER,
    pnpm_lock.READER,
    bun_lock.READER,
    deno_lock.READER,
    java_archive.READER,
    java_archive.EXPLODED,
    java_runtime.READER,
    pom.READER,
    gradle.LOCK,
    gradle.VERIFICATION,
    gradle.CATALOGUE,
    go_modules.READER,
    go_modules.VENDORED,
    cargo_lock.READER,
    gems.INSTALLED,
    gems.LOCK,
    composer.INSTALLED,
    composer.LOCK,
    php_applications.READER,
    nuget.DEPS,
    nuget.LOCK,
    nuget.ASSETS,
    nuget.CONFIG,
    nuget.PAKET,
    dotnet_project.READER,
    swift_packages.RESOLVED,
    swift_packages.PODFILE,
    pubspec_lock.READER,
    hex_lock.MIX,
    hex_lock.REBAR,
    hex_lock.GLEAM,
    conan_lock.READER,
    r_packages.INSTALLED,
    r_packages.LOCK,
    haskell_packages.FREEZE,
    haskell_packages.STACK,
    julia_manifest.READER,
    switch_state.READER,
    perl_installed.READER,
    programs.READER,
)
