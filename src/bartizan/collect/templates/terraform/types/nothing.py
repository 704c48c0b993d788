"""Providers that make nothing in a cloud: random values, waiting, null resources. There is nothing to judge in them."""

from bartizan.collect.templates.family import Family

FAMILY = Family(
    types=(),
    parts=(
        *("null_resource", "terraform_data", "time_sleep", "time_static", "time_rotating", "time_offset"),
        *("random_id", "random_integer", "random_password", "random_pet", "random_shuffle", "random_string"),
        *("random_uuid", "archive_file", "local_file"),
    ),
    draft=lambda declared, configuration: (),
)
