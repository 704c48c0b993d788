"""AWS CloudFormation and SAM templates as resources."""
