"""The argument of ``--own`` that declares a registry or a storage account.

Short forms name a label in the public cloud. In any other cloud, and for anything else, the host
name is the only form that cannot be mistaken: ownership never crosses a service or a suffix.
"""

from __future__ import annotations

REGISTRY_ROLES = ("registry-login", "registry-regional", "registry-data")
STORAGE_ROLES = ("storage-account", "managed-storage-candidate", "registry-managed-storage")


def login_server(name: str, owner: str | None) -> str:
    """The login server of a registry, from any of its host names.

    >>> login_server("myregistry.eastus.data.azurecr.io", "myregistry")
    'myregistry.azurecr.io'
    """
    for middle in (".data.", ".geo."):
        _, found, suffix = name.partition(middle)
        if found and owner:
            return f"{owner}.{suffix}"
    return name


def own_argument(name: str, role: str, owner: str | None) -> str:
    """What to write after ``--own`` (or ``--approve``) for this endpoint, unquoted."""
    if role in REGISTRY_ROLES:
        login = login_server(name, owner)
        return f"acr:{owner}" if owner and login == f"{owner}.azurecr.io" else login
    if role in STORAGE_ROLES and owner and name.endswith(".core.windows.net"):
        return f"storage:{owner}"
    return name
