"""HTTP API, sign-in, jobs and the browser UI."""
