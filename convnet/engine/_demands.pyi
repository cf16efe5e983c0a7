from typing import Any

class Demands:
    def __init__(self, sizes: dict[str, Any]) -> None: ...
