from typing import Any

class BufferRequirements:
    def __init__(self, sizes: dict[str, Any]) -> None: ...
