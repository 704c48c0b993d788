#!/usr/bin/env bash
# Locks every dependency by hash for all supported interpreters; the files name no registry.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() {
  env -u PIP_FIND_LINKS uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
    --no-emit-index-url --no-emit-find-links --no-strip-extras --no-header --no-annotate "$@"
}
lock pyproject.toml -o requirements/runtime.txt
lock pyproject.toml --group build -c requirements/runtime.txt -o requirements/build.txt
lock --group node -o requirements/node.txt
lock pyproject.toml --group build --group node --group dev -c requirements/runtime.txt -o requirements/dev.txt
