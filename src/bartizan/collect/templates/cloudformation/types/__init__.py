"""CloudFormation types to resources of the model: one module per family, each with one `FAMILY`."""
