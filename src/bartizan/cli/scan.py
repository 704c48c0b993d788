"""`bartizan scan`: collect, assess, print. No server, no store, no network."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from bartizan.cli.group import Group
from bartizan.cli.parameters import Argument, Option

if TYPE_CHECKING:
    from bartizan.cli.scanning import Asked, Shown
    from bartizan.exchange.interface import ScanResult

scan = Group("Assess something once: no server, no store, no network.")


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    HTML = "html"
    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"
    SNAPSHOT = "snapshot"


class Least(StrEnum):
    """A severity to start at. Unrated findings count as `medium` would: nobody said that they are harmless."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Part(StrEnum):
    """Part of an image."""

    BASE = "base"
    APPLICATION = "application"


class Origin(StrEnum):
    """Whose package."""

    SYSTEM = "operating-system"
    APPLICATION = "application"


class Only(StrEnum):
    VULNERABILITY = "vulnerability"
    POLICY = "policy"


FormatOption = Annotated[Format, Option("--format", "-f", help="How to write the result.")]
OutputOption = Annotated[Path | None, Option("--output", "-o", metavar="FILE", help="Write there instead.")]
FailOnOption = Annotated[Least | None, Option(help="Leave with code 1 on findings this severe or worse.")]
LeastOption = Annotated[Least | None, Option(help="List findings this severe or worse; count all.")]
OnlyOption = Annotated[Only | None, Option(help="Judge packages only, or configuration only.")]
FeedsOption = Annotated[
    Path | None, Option(metavar="FILE", help="Advisory file; by default the one in the data folder.")
]
PoliciesOption = Annotated[
    list[Path] | None, Option(metavar="DIR", help="A folder of your own policies, beside the built-in ones.")
]
ParametersOption = Annotated[
    Path | None, Option(metavar="FILE", help="Your own values for parameters of policies: policy-id: {name: value}.")
]
VexOption = Annotated[
    list[Path] | None, Option(metavar="FILE", help="Statements to apply: OpenVEX, CSAF or CycloneDX; repeatable.")
]
IgnoreOption = Annotated[
    Path | None, Option(metavar="FILE", help="What you accepted; by default .bartizan.yaml, if it is there.")
]
ShowSuppressedOption = Annotated[bool, Option("--show-suppressed", help="List what was settled, and why.")]
PlanOption = Annotated[bool, Option("--plan", help="Show what to upgrade, in which order, and what remains.")]
UploadOption = Annotated[
    str, Option(metavar="URL", help="Also send the facts to this server, with the token in BARTIZAN_TOKEN.")
]


ScannersOption = Annotated[
    str, Option(metavar="LIST", help="What to look for: vulnerability, policy, secret, malware, licence; with commas.")
]
LicencePolicyOption = Annotated[
    Path | None,
    Option("--licence-policy", metavar="FILE", help="What licences are allowed, instead of the built-in policy."),
]
MalwareRulesOption = Annotated[
    list[Path] | None,
    Option("--malware-rules", metavar="DIR", help="Your own rules (.yaml, .yar) and lists of hashes (.sha256)."),
]


@scan.verb(
    epilog="""
    Exit codes:
      0  clean: nothing at or over --fail-on, and everything that might have been could be judged
      1  findings at or over --fail-on
      2  the command line is wrong
      3  incomplete: no such finding, but something could not be judged: no advisories, unreadable files

    Examples:
      $ bartizan scan host
      $ bartizan scan host --fail-on high --format sarif --output host.sarif
      $ bartizan scan host --parameters parameters.yaml
      $ bartizan scan host --root /mnt/disk --only vulnerability
      $ bartizan scan host --root disk.img --scanners vulnerability,policy,secret,malware
      $ bartizan scan host --format cyclonedx --output host.cdx.json
    """,
)
def host(
    root: Annotated[
        Path, Option(metavar="PATH", help="The root of the host: / is this machine; a folder, or a raw disk.")
    ] = Path("/"),
    partition: Annotated[int | None, Option(metavar="N", help="Which one, where a disk holds several.")] = None,
    scanners: ScannersOption = "vulnerability,policy,licence",
    malware_rules: MalwareRulesOption = None,
    licence_policy: LicencePolicyOption = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
    fail_on: FailOnOption = None,
    min_severity: LeastOption = None,
    only: OnlyOption = None,
    feeds: FeedsOption = None,
    policies: PoliciesOption = None,
    parameters: ParametersOption = None,
    vex: VexOption = None,
    ignore_file: IgnoreOption = None,
    show_suppressed: ShowSuppressedOption = False,
    plan: PlanOption = False,
    upload: UploadOption = "",
) -> int:
    """Assess a Linux host: its packages against advisories, its configuration against policies.

    Reads files only; starts no process, opens no connection, changes nothing. As root it sees everything; as another
    user what it may not read is reported as unknown, never as fine. Looking for secrets and malware reads every file,
    so it is done where --scanners names them.
    """
    from bartizan.cli.scan_host import scan_host

    asked = _asked(
        feeds, policies, parameters, only, fail_on, min_severity, _shown(vex, ignore_file, show_suppressed, plan)
    )
    asked = _of_scanners(asked, scanners, malware_rules, licence_policy)
    return _finish(scan_host(asked, root, partition), asked, format_, output, upload)


@scan.verb(
    epilog="""
    What an image can be:
      app.tar, app.tar.gz      an archive of docker save or skopeo, or a root file system in a tar
      layout/                  an OCI layout
      app:1.0, docker:app:1.0  an image of the local engine, by its socket
      containerd:app:1.0       an image of containerd, by its socket (--namespace k8s.io: of a Kubernetes node)
      registry:host/app:1.0    an image in a registry; the only form that uses the network

    Examples:
      $ bartizan scan image app.tar --fail-on high
      $ bartizan scan image app.tar --base debian.tar --plan
      $ bartizan scan image app.tar --vex vendor.openvex.json --show-suppressed
      $ bartizan scan image registry:registry.example/team/app:1.0 --platform linux/arm64
      $ BARTIZAN_TOKEN=... bartizan scan image app.tar --upload https://bartizan.example
    """,
)
def image(
    name: Annotated[str, Argument(metavar="IMAGE", help="An archive, a layout, or an image's name.")],
    platform: Annotated[str, Option(metavar="OS/ARCH", help="Which image of several; by default this machine's.")] = "",
    tag: Annotated[str, Option(metavar="NAME", help="Which image of an archive that holds several.")] = "",
    base: Annotated[
        str, Option(metavar="IMAGE", help="The image that it was built upon: tells its findings from yours.")
    ] = "",
    part: Annotated[Part | None, Option(help="List only what the base image brought, or the application.")] = None,
    origin: Annotated[Origin | None, Option(help="List only packages of the system, or the application's.")] = None,
    by_layer: Annotated[bool, Option("--by-layer", help="Tell the findings of each layer.")] = False,
    username: Annotated[str, Option(metavar="NAME", help="Sign in to the registry as.")] = "",
    password_stdin: Annotated[bool, Option(help="Read the registry's password from standard input.")] = False,
    ca: Annotated[Path | None, Option(metavar="FILE", help="Authorities to trust for the registry.")] = None,
    plain_http: Annotated[bool, Option(help="Allow a registry without TLS.")] = False,
    socket: Annotated[str, Option(metavar="PATH", help="The engine's or containerd's socket.")] = "",
    namespace: Annotated[str, Option(metavar="NAME", help="Of containerd: default, k8s.io, moby.")] = "",
    scanners: ScannersOption = "vulnerability,policy,secret,malware,licence",
    malware_rules: MalwareRulesOption = None,
    licence_policy: LicencePolicyOption = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
    fail_on: FailOnOption = None,
    min_severity: LeastOption = None,
    only: OnlyOption = None,
    feeds: FeedsOption = None,
    policies: PoliciesOption = None,
    parameters: ParametersOption = None,
    vex: VexOption = None,
    ignore_file: IgnoreOption = None,
    show_suppressed: ShowSuppressedOption = False,
    plan: PlanOption = False,
    upload: UploadOption = "",
) -> int:
    """Assess a container image: what is in it, which layer brought it, and whether it is vulnerable.

    Layers are read where they lie; nothing is unpacked, nothing is run, and every digest is verified.
    """
    from dataclasses import replace

    from bartizan.cli.scan_image import Where, scan_image

    asked = _asked(
        feeds, policies, parameters, only, fail_on, min_severity, _shown(vex, ignore_file, show_suppressed, plan)
    )
    asked = replace(
        _of_scanners(asked, scanners, malware_rules, licence_policy),
        part=part.value if part else "",
        origin=origin.value if origin else "",
        by_layer=by_layer,
    )
    where = Where(
        name=name,
        platform=platform,
        tag=tag,
        base=base,
        username=username,
        password_stdin=password_stdin,
        ca=ca,
        plain_http=plain_http,
        socket=socket,
        namespace=namespace,
    )
    return _finish(scan_image(asked, where), asked, format_, output, upload)


@scan.verb(
    epilog="""
    Examples:
      $ bartizan scan sbom app.cdx.json --fail-on high
      $ bartizan scan image app.tar --format spdx | bartizan scan sbom -
    """,
)
def sbom(
    file: Annotated[Path, Argument(metavar="FILE", help="CycloneDX 1.4 to 1.6 or SPDX 2.3 in JSON; - reads it.")],
    scanners: ScannersOption = "vulnerability,policy,secret,malware,licence",
    licence_policy: LicencePolicyOption = None,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
    fail_on: FailOnOption = None,
    min_severity: LeastOption = None,
    only: OnlyOption = None,
    feeds: FeedsOption = None,
    policies: PoliciesOption = None,
    parameters: ParametersOption = None,
    vex: VexOption = None,
    ignore_file: IgnoreOption = None,
    show_suppressed: ShowSuppressedOption = False,
    plan: PlanOption = False,
    upload: UploadOption = "",
) -> int:
    """Assess a bill of materials: what it lists is judged as it is in the image or host that it was made from.

    Documents of Bartizan give the very findings of the scan that wrote them. Of other tools' documents, package URLs
    are read, with what Syft and Trivy say of source packages, layers and paths.
    """
    from bartizan.cli.scan_sbom import scan_sbom

    asked = _asked(
        feeds, policies, parameters, only, fail_on, min_severity, _shown(vex, ignore_file, show_suppressed, plan)
    )
    asked = _of_scanners(asked, scanners, None, licence_policy)
    return _finish(scan_sbom(asked, file), asked, format_, output, upload)


@scan.verb(
    epilog="""
    Examples:
      $ bartizan scan templates .
      $ bartizan scan templates infra --fail-on high --format sarif --output templates.sarif
      $ bartizan scan templates infra --var environment='"prod"'
      $ bartizan scan templates terraform.tfstate
    """,
)
def templates(
    place: Annotated[
        Path, Argument(metavar="DIR|FILE", help="The source tree, or one template, plan or state.")
    ] = Path(),
    var: Annotated[
        list[str] | None,
        Option(metavar="NAME=VALUE", help="A variable or parameter, as the tool takes it."),
    ] = None,
    helm: Annotated[bool, Option("--helm", help="Let the installed helm program render charts.")] = False,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
    fail_on: FailOnOption = None,
    min_severity: LeastOption = None,
    policies: PoliciesOption = None,
    parameters: ParametersOption = None,
    vex: VexOption = None,
    ignore_file: IgnoreOption = None,
    show_suppressed: ShowSuppressedOption = False,
    upload: UploadOption = "",
) -> int:
    """Assess infrastructure as code: Terraform, CloudFormation, Kubernetes, Dockerfiles, Compose.

    Templates are evaluated with their modules, variables and conditions, without network. What only applying can tell
    is unknown with its reason, never a pass and never a fail.
    """
    from bartizan.cli.failure import ExitCode, Failure
    from bartizan.cli.scan_templates import scan_templates

    pairs = [item.partition("=") for item in var or ()]
    if any(not equals for _, equals, _ in pairs):
        raise Failure("a variable has no value", remedy="Write it as --var NAME=VALUE.", code=ExitCode.USAGE)
    shown = _shown(vex, ignore_file, show_suppressed, False)
    asked = _asked(None, policies, parameters, Only.POLICY, fail_on, min_severity, shown)
    return _finish(
        scan_templates(asked, place, {name: value for name, _, value in pairs}, helm=helm),
        asked,
        format_,
        output,
        upload,
    )


def _shown(vex: list[Path] | None, ignore_file: Path | None, show_suppressed: bool, plan: bool) -> "Shown":
    from bartizan.cli.scanning import Shown

    return Shown(vex=tuple(vex or ()), ignore_file=ignore_file, suppressed=show_suppressed, plan=plan)


def _asked(
    feeds: Path | None,
    policies: list[Path] | None,
    parameters: Path | None,
    only: Only | None,
    fail_on: Least | None,
    least: Least | None,
    shown: "Shown",
) -> "Asked":
    from bartizan.cli.scanning import Asked
    from bartizan.model.severity import Severity

    return Asked(
        feeds=feeds,
        policy_folders=tuple(policies or ()),
        parameters=parameters,
        vulnerabilities=only is not Only.POLICY,
        policies=only is not Only.VULNERABILITY,
        secrets=only is None,
        malware=only is None,
        licences=only is None,
        threshold=Severity(fail_on.value) if fail_on else None,
        least=Severity(least.value) if least else Severity.INFO,
        shown=shown,
    )


def _of_scanners(
    asked: "Asked", scanners: str, malware_rules: list[Path] | None, licence_policy: Path | None
) -> "Asked":
    """Only what is listed; `--only` has narrowed it already."""
    from dataclasses import replace

    from bartizan.cli.failure import ExitCode, Failure

    wanted = {each.strip() for each in scanners.split(",")} - {""}
    known = {"vulnerability", "policy", "secret", "malware", "licence"}
    if not wanted or wanted - known:
        wrong = ", ".join(sorted(wanted - known)) or "nothing"
        raise Failure(
            f"there is no scanner {wrong}", remedy=f"Name some of {', '.join(sorted(known))}.", code=ExitCode.USAGE
        )
    return replace(
        asked,
        vulnerabilities=asked.vulnerabilities and "vulnerability" in wanted,
        policies=asked.policies and "policy" in wanted,
        secrets=asked.secrets and "secret" in wanted,
        malware=asked.malware and "malware" in wanted,
        malware_folders=tuple(malware_rules or ()),
        licences=asked.licences and "licence" in wanted,
        licence_policy=licence_policy,
    )


def _finish(result: "ScanResult", asked: "Asked", format_: Format, output: Path | None, url: str) -> int:
    from bartizan.cli.scanning import exit_code
    from bartizan.cli.writing import write

    write(result, format_.value, output)
    if url:
        from bartizan.cli.upload import upload

        upload(result, url)
    return exit_code(result, asked.threshold)
