"""Who a binding of Google Cloud's IAM lets in, and what its role grants.

Cloud IAM documentation, "Principal identifiers" and "Roles and permissions". A binding in normal form:

    {"role": "roles/storage.objectViewer", "members": ["allUsers"], "condition": false}
"""

from collections.abc import Iterable

from bartizan.collect.resources.values import Unknown, Value

EVERYBODY = ("allusers", "allauthenticatedusers")
BASIC = ("roles/owner", "roles/editor", "roles/viewer")


def binding(role: Value, members: Value, condition: bool) -> dict[str, Value]:
    """A binding in normal form. Members that are made elsewhere in the template are known by their addresses."""
    found = members if isinstance(members, list) else [] if members is None else [members]
    return {
        "role": role,
        "members": [each.target if isinstance(each, Unknown) and each.target else each for each in found],
        "condition": condition,
    }


def open_to_everybody(bindings: Iterable[dict[str, Value]]) -> bool | Unknown:
    """Whether some binding lets in whoever asks, or whoever has any Google account; three-valued."""
    doubt: Unknown | None = None
    for each in bindings:
        members = each["members"]
        if isinstance(members, Unknown):
            doubt = doubt or members
            continue
        for member in members:
            if isinstance(member, Unknown):
                # A text that begins with a kind of principal names somebody, whoever that is.
                if not member.text.lower().startswith(("user:", "serviceaccount:", "group:", "domain:", "principal")):
                    doubt = doubt or member
            elif str(member).lower() in EVERYBODY:
                return True
    return doubt or False


def service_accounts(members: Value) -> list[str]:
    """The members that are service accounts."""
    found = members if isinstance(members, list) else []
    texts = [each.text if isinstance(each, Unknown) else str(each) for each in found]
    return [each for each in texts if each.lower().startswith("serviceaccount:") or "google_service_account." in each]
