""".NET: NuGet's lock files, projects, and the dependency manifests of published programs."""
