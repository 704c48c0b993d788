"""AWS in templates: one module per area, Terraform's attributes and CloudFormation's properties side by side."""
