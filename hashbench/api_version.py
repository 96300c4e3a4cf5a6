"""Which version of the hooks and contracts this is, and whether it serves a plugin written for another.

What is held stable, and when the numbers change: docs/stability.md.
"""

from __future__ import annotations

from hashbench.errors import PluginError

# Raised when a plugin that was right may be wrong: something that it implements, is given or returns
# went or means something else. What is added raises nothing.
API_VERSION = 1
# Plugins written for this version, or a later one, still load.
OLDEST_API = 1
# The name that a plugin's module gives to the version that it was written for.
DECLARATION = "HASHBENCH_API"


def note_on(plugin: object) -> str:
    """What there is to tell of the API version that a plugin declares; empty for the current one.

    Raises:
        PluginError: It was written for a version that this one does not serve.

    >>> class Silent: ...
    >>> note_on(Silent)
    'declares no HASHBENCH_API: taken for 1'
    """
    declared = getattr(plugin, DECLARATION, None)
    if declared is None:
        return f"declares no {DECLARATION}: taken for {API_VERSION}"
    if not isinstance(declared, int) or isinstance(declared, bool):
        raise PluginError(f"{DECLARATION} is {declared!r}. Expected a whole number, {API_VERSION} today.")
    if declared > API_VERSION:
        raise PluginError(
            f"written for plugin API {declared}, and this hashbench has {API_VERSION}. "
            "Expected a newer hashbench, or an older version of the plugin."
        )
    if declared < OLDEST_API:
        raise PluginError(
            f"written for plugin API {declared}, and this hashbench serves {OLDEST_API} to {API_VERSION}. "
            "Expected a newer version of the plugin."
        )
    if declared < API_VERSION:
        return (
            f"written for plugin API {declared}, and this is {API_VERSION}: the changelog says what changed"
        )
    return ""
