"""Virtual machines, scale sets, disks and snapshots.

Start-up data is looked at for secrets and never kept. The internet reaches a machine through an interface that has a
public address, where the groups of the interface and of its subnet both let it in. Without a group a standard address
lets nothing in; a basic one lets everything in.
"""

from collections.abc import Iterable, Iterator

from bartizan.collect.resources.draft import Draft
from bartizan.collect.resources.plain_secret import in_text, written
from bartizan.collect.resources.values import Unknown, Value
from bartizan.collect.templates.aws.kind import flag, reference, text, there
from bartizan.collect.templates.azure.kind import Kind
from bartizan.collect.templates.azure.network import has_public_address, open_group
from bartizan.collect.templates.configuration import Configuration
from bartizan.collect.templates.declared import Declared
from bartizan.collect.templates.family import block, blocks
from bartizan.collect.templates.rows import first, records, truth

_UNSAID_INTERFACE = Unknown("its network interface is not declared here")


def _terraform(out: Draft, machine: Declared, configuration: Configuration) -> None:
    own = machine.attributes
    windows = "windows" in machine.type or bool(block(own, "os_profile_windows_config"))
    out.set("os", "windows" if windows else "linux")
    if not windows:
        said = first(own, "disable_password_authentication|os_profile_linux_config.disable_password_authentication")
        keys_only = truth(said, machine.type.startswith("azurerm_linux"))
        out.set("password_login", _not(keys_only))
    legacy = machine.type in ("azurerm_virtual_machine", "azurerm_virtual_machine_scale_set")
    disks = [
        block(own, "storage_os_disk"),
        block(own, "storage_profile_os_disk"),
        *records(own.get("storage_data_disk")),
    ]
    unmanaged = legacy and any(each.get("vhd_uri") or each.get("vhd_containers") for each in disks)
    out.set("managed_disks", not unmanaged)
    data = first(own, "custom_data|user_data|os_profile.custom_data")
    out.set("start_data_secret", in_text(data) if data is not None else False)
    password = first(own, "admin_password|os_profile.admin_password")
    out.set("password_in_template", written(password))
    links = own.get("network_interface_ids")
    _exposure(out, links if isinstance(links, list) else [links] if links is not None else [], configuration)


def _terraform_set(out: Draft, machines: Declared, configuration: Configuration) -> None:
    _terraform(out, machines, configuration)
    addresses = [
        bool(blocks(inner, "public_ip_address") or blocks(inner, "public_ip_address_configuration"))
        for outer in (
            *records(machines.attributes.get("network_interface")),
            *records(machines.attributes.get("network_profile")),
        )
        for inner in records(outer.get("ip_configuration"))
    ]
    out.set("public_address", any(addresses))
    mode = first(machines.attributes, "upgrade_mode|upgrade_policy_mode")
    out.set("upgrades", str(mode).lower() if isinstance(mode, str) else mode)


def _arm(out: Draft, machine: Declared, configuration: Configuration) -> None:
    own = machine.attributes
    profile = block(own, "virtualMachineProfile") or own
    os = block(profile, "osProfile")
    windows = bool(os.get("windowsConfiguration")) or first(profile, "storageProfile.osDisk.osType") == "Windows"
    out.set("os", "windows" if windows else "linux")
    if not windows and os:
        out.set("password_login", _not(truth(first(os, "linuxConfiguration.disablePasswordAuthentication"), False)))
    disks = [block(block(profile, "storageProfile"), "osDisk"), *records(first(profile, "storageProfile.dataDisks"))]
    out.set("managed_disks", not any(each.get("vhd") for each in disks))
    data = first(profile, "osProfile.customData|userData")
    out.set("start_data_secret", in_text(data) if data is not None else False)
    password = os.get("adminPassword")
    out.set("password_in_template", written(password))
    links = [each.get("id") for each in records(first(profile, "networkProfile.networkInterfaces"))]
    _exposure(out, [each for each in links if each is not None], configuration)


def _arm_set(out: Draft, machines: Declared, configuration: Configuration) -> None:
    _arm(out, machines, configuration)
    profile = block(machines.attributes, "virtualMachineProfile")
    found = records(first(profile, "networkProfile.networkInterfaceConfigurations"))
    configurations = [inner for each in found for inner in records(first(each, "properties.ipConfigurations"))]
    out.set("public_address", any(first(each, "properties.publicIPAddressConfiguration") for each in configurations))
    mode = first(machines.attributes, "upgradePolicy.mode")
    out.set("upgrades", str(mode).lower() if isinstance(mode, str) else mode)


def _not(value: bool | Unknown) -> bool | Unknown:
    return value if isinstance(value, Unknown) else not value


def _exposure(out: Draft, links: Iterable[Value], configuration: Configuration) -> None:
    address: bool | Unknown = False
    public: bool | Unknown = False
    for link in links:
        interface = configuration.at(link)
        has = has_public_address(interface) if interface is not None else _UNSAID_INTERFACE
        reached = _reached(interface, configuration) if interface is not None and has is not False else has
        if isinstance(has, Unknown) and reached is not False:
            reached = has
        address = _either(address, has)
        public = _either(public, reached)
    out.set("public_address", address)
    out.set("public", public)


def _either(one: bool | Unknown, other: bool | Unknown) -> bool | Unknown:
    if one is True or other is True:
        return True
    return one if isinstance(one, Unknown) else other


def _reached(interface: Declared, configuration: Configuration) -> bool | Unknown:
    groups = list(_groups(interface, configuration))
    if not groups:
        return not _standard(interface, configuration)
    doubt: Unknown | None = None
    for each in groups:
        verdict = open_group(each, configuration) if isinstance(each, Declared) else each
        if verdict is False:
            return False
        if isinstance(verdict, Unknown):
            doubt = doubt or verdict
    return doubt or True


def _standard(interface: Declared, configuration: Configuration) -> bool:
    """Whether its addresses are of the standard kind, which needs a group that lets something in."""
    links = [
        first(each, "public_ip_address_id|properties.publicIPAddress.id")
        for name in ("ip_configuration", "ipConfigurations")
        for each in records(interface.attributes.get(name))
    ]
    found = [configuration.at(link) for link in links]
    skus = [first(each.attributes, "sku.name|sku") for each in found if each is not None]
    return bool(skus) and all(str(sku).lower() == "standard" for sku in skus)


def _groups(interface: Declared, configuration: Configuration) -> Iterator[Declared | Unknown]:
    """The groups of an interface and of its subnets; one that is not declared here is not known."""
    unsaid = Unknown("a network security group is not declared here")
    if interface.type.startswith("azurerm"):
        holders = [(interface, "azurerm_network_interface_security_group_association", "network_interface_id")]
        for each in records(interface.attributes.get("ip_configuration")):
            subnet = configuration.at(each.get("subnet_id"))
            if subnet is not None:
                holders.append((subnet, "azurerm_subnet_network_security_group_association", "subnet_id"))
            elif each.get("subnet_id") is not None:
                yield Unknown("the subnet is not declared here")
        for holder, type_, attribute in holders:
            for association in configuration.linked(holder, type_, attribute):
                yield configuration.at(association.attributes.get("network_security_group_id")) or unsaid
        return
    for each in records(interface.attributes.get("ipConfigurations")):
        link = first(each, "properties.subnet.id")
        subnet = configuration.at(link)
        if subnet is None and link is not None:
            yield Unknown("the subnet is not declared here")
        elif subnet is not None and first(subnet.attributes, "networkSecurityGroup.id") is not None:
            yield configuration.at(first(subnet.attributes, "networkSecurityGroup.id")) or unsaid
    own = first(interface.attributes, "networkSecurityGroup.id")
    if own is not None:
        yield configuration.at(own) or unsaid


_MACHINE = (
    flag(
        "host_encryption",
        "encryption_at_host_enabled",
        "securityProfile.encryptionAtHost|virtualMachineProfile.securityProfile.encryptionAtHost",
    ),
    flag(
        "secure_boot",
        "secure_boot_enabled",
        "securityProfile.uefiSettings.secureBootEnabled|virtualMachineProfile.securityProfile.uefiSettings.secureBootEnabled",
    ),
    flag(
        "vtpm",
        "vtpm_enabled",
        "securityProfile.uefiSettings.vTpmEnabled|virtualMachineProfile.securityProfile.uefiSettings.vTpmEnabled",
    ),
    flag("extensions", "allow_extension_operations", "osProfile.allowExtensionOperations"),
    there("identity", "identity.type", "identity.type"),
    there("boot_diagnostics", "boot_diagnostics", "diagnosticsProfile.bootDiagnostics.enabled"),
    text("size", "size|vm_size|sku", "hardwareProfile.vmSize|sku.name"),
)
_DISK = (
    reference("key", "disk_encryption_set_id", "encryption.diskEncryptionSetId", "encrypted-with"),
    flag("public_access", "public_network_access_enabled", "publicNetworkAccess"),
    text("export_policy", "network_access_policy", "networkAccessPolicy"),
)

KINDS: Iterable[Kind] = (
    Kind(
        type="azure.compute.virtual_machine",
        terraform=("azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine", "azurerm_virtual_machine"),
        arm=("Microsoft.Compute/virtualMachines",),
        rows=_MACHINE,
        terraform_parts=(
            "azurerm_virtual_machine_extension",
            "azurerm_virtual_machine_data_disk_attachment",
            "azurerm_availability_set",
        ),
        arm_parts=("Microsoft.Compute/virtualMachines/extensions", "Microsoft.Compute/availabilitySets"),
        more_terraform=_terraform,
        more_arm=_arm,
    ),
    Kind(
        type="azure.compute.scale_set",
        terraform=(
            "azurerm_linux_virtual_machine_scale_set",
            "azurerm_windows_virtual_machine_scale_set",
            "azurerm_virtual_machine_scale_set",
        ),
        arm=("Microsoft.Compute/virtualMachineScaleSets",),
        rows=_MACHINE,
        more_terraform=_terraform_set,
        more_arm=_arm_set,
    ),
    Kind(
        type="azure.compute.disk",
        terraform=("azurerm_managed_disk",),
        arm=("Microsoft.Compute/disks",),
        rows=_DISK,
        terraform_parts=("azurerm_disk_encryption_set",),
        arm_parts=("Microsoft.Compute/diskEncryptionSets",),
    ),
    Kind(
        type="azure.compute.snapshot",
        terraform=("azurerm_snapshot",),
        arm=("Microsoft.Compute/snapshots",),
        rows=_DISK,
    ),
)
