"""Normal forms shared by templates and live clouds: drafts, unknown values, policy documents, exposure."""
