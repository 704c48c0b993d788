"""`bartizan policy`: what hosts are judged by, and how to write more of it."""

from pathlib import Path
from typing import Annotated

from bartizan.cli.group import Group
from bartizan.cli.parameters import Argument, Option
from bartizan.cli.scan import Least

policy = Group("Explain, test and write policies.")

Folders = Annotated[
    list[Path] | None,
    Option("--policies", metavar="DIR", help="A folder of your own policies, beside the built-in ones."),
]
Parameters = Annotated[
    Path | None, Option(metavar="FILE", help="Your own values for parameters of policies: policy-id: {name: value}.")
]
AsJson = Annotated[bool, Option("--json", help="Write JSON.")]


@policy.verb(
    "list",
    epilog="""
    Filters narrow down together; * stands for anything.

    Examples:
      $ bartizan policy list --group ssh
      $ bartizan policy list --resource 'aws.s3.*' --severity high
      $ bartizan policy list --framework pci-dss-4 --json
    """,
)
def list_(
    group: Annotated[str | None, Option(metavar="NAME", help="Only this group: ssh, accounts, ...")] = None,
    resource: Annotated[
        str | None, Option(metavar="TYPE", help="Only policies of this resource type: host, aws.s3.*")
    ] = None,
    framework: Annotated[
        str | None, Option(metavar="NAME", help="Only those mapped to this framework: pci-dss-4")
    ] = None,
    severity: Annotated[Least | None, Option(help="Only those this severe or worse.")] = None,
    folders: Folders = None,
    as_json: AsJson = False,
) -> int:
    """The policies that are in force, by group."""
    from bartizan.cli.policy_verbs import Wanted, list_policies

    wanted = Wanted(
        group=group or "",
        resource=resource or "",
        framework=framework or "",
        least=severity.value if severity else "info",
    )
    return list_policies(wanted, folders or [], as_json=as_json)


@policy.verb(
    epilog="""
    Examples:
      $ bartizan policy explain host-ssh-root-login
      $ sudo bartizan policy explain host-ssh-root-login --root /
      $ bartizan policy explain host-pam-quality-length --parameters parameters.yaml
      $ bartizan policy explain aws-s3-versioning --json
    """,
)
def explain(
    id_: Annotated[str, Argument(metavar="ID", help="A policy's id, as findings name it.")],
    root: Annotated[Path | None, Option(metavar="DIR", help="Also judge the host with this root and show why.")] = None,
    folders: Folders = None,
    parameters: Parameters = None,
    as_json: AsJson = False,
) -> int:
    """What a policy wants and why, what it judges, how to comply, which controls it serves, and how a host fares.

    Inputs are told by the tables that read them: a resource type that no template declares can be judged in the live
    account only.
    """
    from bartizan.cli.policy_verbs import explain_policy

    return explain_policy(id_, root, folders or [], parameters, as_json=as_json)


@policy.verb(
    epilog="""
    Exit codes: 0 every case is judged as it says, 1 not so, 2 a file cannot be read as policies

    Examples:
      $ bartizan policy test policies/
    """,
)
def test(
    folders: Annotated[
        list[Path] | None, Argument(metavar="[DIR]...", help="Folders of policies; none: the built-in ones.")
    ] = None,
) -> int:
    """Run the good and bad cases that policies carry."""
    from bartizan.cli.policy_verbs import run_policy_tests

    return run_policy_tests(folders or [])


@policy.verb(
    epilog="""
    Examples:
      $ bartizan policy new acme-ssh-port --directory policies
      $ bartizan policy test policies
    """,
)
def new(
    id_: Annotated[str, Argument(metavar="ID", help="Lower case words with hyphens: acme-ssh-port.")],
    directory: Annotated[Path, Option(metavar="DIR", help="Your folder of policies.")] = Path("policies"),
) -> int:
    """Write a policy to start from: complete, with a good and a bad case, and passing its test."""
    from bartizan.cli.policy_verbs import write_new_policy

    return write_new_policy(id_, directory)
