"""Templates as resources: Terraform, plans, CloudFormation, ARM and Bicep, Kubernetes, Helm, Dockerfile, Compose."""
