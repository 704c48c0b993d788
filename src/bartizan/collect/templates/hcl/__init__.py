"""HCL, the language of Terraform and OpenTofu: syntax tree, parser, evaluation with unknowns, functions."""
