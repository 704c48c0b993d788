"""Java: archives with what they contain, Maven's poms, Gradle's locks. Names are artifact ids, namespaces group ids."""
