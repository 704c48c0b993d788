"""Who may do what: organisations, users, sessions, API tokens, activation keys and sensors.

Secrets are handed out once and kept as digests. Everything is told by row number within an organisation.
"""

from bartizan.inventory.accounts.activation import (
    ActivationKey,
    create_activation_key,
    list_activation_keys,
    revoke_activation_key,
)
from bartizan.inventory.accounts.organisations import (
    Organisation,
    create_organisation,
    get_organisation,
    set_two_person,
)
from bartizan.inventory.accounts.sensors import (
    Sensor,
    enrol_sensor,
    get_sensor,
    list_sensors,
    revoke_sensor,
    sensor_seen,
)
from bartizan.inventory.accounts.sessions import Session, close_session, find_session, open_session
from bartizan.inventory.accounts.tokens import ApiToken, create_token, find_token, list_tokens, revoke_token
from bartizan.inventory.accounts.users import (
    User,
    authenticate,
    create_user,
    disable_user,
    get_user,
    list_users,
    set_password,
)

__all__ = [
    "ActivationKey",
    "ApiToken",
    "Organisation",
    "Sensor",
    "Session",
    "User",
    "authenticate",
    "close_session",
    "create_activation_key",
    "create_organisation",
    "create_token",
    "create_user",
    "disable_user",
    "enrol_sensor",
    "find_session",
    "find_token",
    "get_organisation",
    "get_sensor",
    "get_user",
    "list_activation_keys",
    "list_sensors",
    "list_tokens",
    "list_users",
    "open_session",
    "revoke_activation_key",
    "revoke_sensor",
    "revoke_token",
    "sensor_seen",
    "set_password",
    "set_two_person",
]
