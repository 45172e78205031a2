"""The file that ``acrtrace config init`` writes: every key, explained, with its default."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from analyzer.config import COUNTED_BY, Thresholds
from analyzer.names import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analyzer.result import InventoryInfo

_LISTED = 40

_OURS = """\
# What acrtrace knows about this network. Relative paths count from this file's folder. A flag goes
# before the environment (ACRTRACE_...), that before this file; declarations add up.

# Output of 'az acr show-endpoints', 'az acr list|show' or 'az storage account list' (-o json).
"""

_DECLARED = """
# Registries that are ours: a name, or a login server of another cloud.
# registries = ["contoso", "contoso.azurecr.cn"]

# Whatever else is ours: a host name, an address, storage:LABEL.
# own = ["storage:contosobuild", "artifacts.contoso.com"]

# Never cleared, whatever else says so.
# deny = ["storage:strangers"]

# Resolvers that agents may ask; any other one is reported.
# resolvers = ["10.0.0.53"]

# What the (planned) firewall lets through; readiness says what would break.
# allows = ["fabrikam.azurecr.io", "*.data.azurecr.io"]

# HTTP proxies, where they are not told by their traffic.
# proxies = ["10.0.0.5:3128"]

# Our Microsoft Entra tenant: a shared access signature that another one issued is critical.
# tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

# Further catalogue files, entries of the catalogue to leave out, and further name endings.
# catalogue = ["endpoints/"]
# disable = ["code.github"]
# acr_suffixes = ["azurecr.corp.example"]
# storage_suffixes = ["core.corp.example"]
# embedding = ["corp.example"]

# Not ours, but permitted. From 00:00 UTC of its day on, an approval that has ended clears nothing;
# the time of the traffic counts, not today's. The short form: approve = ["mcr.microsoft.com"].
# [[approve]]
# name = "mcr.microsoft.com"
# owner = "build team"
# reason = "base images"
# expires = 2027-01-01

# [agents]
# build = ["10.1.0.0/24", "fd00:1::/64"]

# Custom host names, and the catalogued names behind them.
# [aliases]
# "registry.fabrikam.com" = "fabrikam.azurecr.io"

# [logs]
# format = "squid"                # where their content does not tell
# maps = ["logs/our-proxy.toml"]  # docs/log-maps.md
# timezone = "Europe/Berlin"      # of times that state none
# year = 2026
# squid_logformat = "..."

# [run]
# engine = "native"
# threads = 2
# hash = true

# A rule that is switched off is named in every report.
# [rules]
# off = ["HY005"]
# directory = "rules"             # rules of your own
# timeout = 60
# [rules.HY004]
# off = true
# reason = "our brand monitoring covers look-alikes"

# [output]
# format = "html"
# directory = "reports"
# timezone = "UTC"                # of what is displayed
# min_severity = "info"           # of what is displayed
# fail_on = ["medium"]

# Limits, in bytes and seconds ('acrtrace rule ID' says what each is for). Those that differ from
# the default are named in every report.
# [thresholds]
"""


def template(inventories: Sequence[tuple[str, InventoryInfo]]) -> str:
    """The text of a new ``acrtrace.toml``.

    Args:
        inventories: Path as the file is to name it, and what was read there.
    """
    if inventories:
        listed = ", ".join(json.dumps(path, ensure_ascii=False) for path, _ in inventories)
        lines = [f"inventory = [{listed}]"]
        for path, info in inventories:
            entries = [printable(entry) for entry in info.entries]
            more = f" and {len(entries) - _LISTED} more" if len(entries) > _LISTED else ""
            lines.append(f"# {printable(path)} declares {', '.join(entries[:_LISTED])}{more}")
    else:
        lines = ['# inventory = ["endpoints.json", "storage.json"]']
    limits = [
        f"# {name} = {value}"
        for name, value in asdict(Thresholds()).items()
        if name not in COUNTED_BY
    ]
    return _OURS + "\n".join(lines) + "\n" + _DECLARED + "\n".join(limits) + "\n"
