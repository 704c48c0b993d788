"""JavaScript: installed packages and the lock files of npm, yarn, pnpm, bun and deno."""
