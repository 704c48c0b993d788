"""Work that outlives a request: assessing, importing feeds, housekeeping; durable through DBOS, visible at `/jobs`."""
