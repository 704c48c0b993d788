"""`bartizan policy`: what hosts are judged by, and how to write more of it."""

from pathlib import Path
from typing import Annotated

from bartizan.cli.group import Group
from bartizan.cli.parameters import Argument, Option

policy = Group("Explain, test and write policies.")

Folders = Annotated[
    list[Path] | None,
    Option("--policies", metavar="DIR", help="A folder of your own policies, beside the built-in ones."),
]
Parameters = Annotated[
    Path | None, Option(metavar="FILE", help="Your own values for parameters of policies: policy-id: {name: value}.")
]
AsJson = Annotated[bool, Option("--json", help="Write JSON.")]


@policy.verb("list")
def list_(
    group: Annotated[str | None, Option(metavar="NAME", help="Only this group: ssh, accounts, ...")] = None,
    folders: Folders = None,
    as_json: AsJson = False,
) -> int:
    """The policies that are in force, by group."""
    from bartizan.cli.policy_verbs import list_policies

    return list_policies(group, folders or [], as_json=as_json)


@policy.verb(
    epilog="""
    Examples:
      $ bartizan policy explain host-ssh-root-login
      $ sudo bartizan policy explain host-ssh-root-login --root /
    """,
)
def explain(
    id_: Annotated[str, Argument(metavar="ID", help="A policy's id, as findings name it.")],
    root: Annotated[Path | None, Option(metavar="DIR", help="Also judge the host with this root and show why.")] = None,
    folders: Folders = None,
    parameters: Parameters = None,
    as_json: AsJson = False,
) -> int:
    """What a policy wants, why, how to comply, which controls it serves, and how a host fares."""
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
