"""The operations of a plan. Each names the kernel stages that it runs and fills its parameters in C.

All files of this folder are imported here, so that a layer can emit any operation by name (`Op.kinds`).
"""

from importlib import import_module
from pkgutil import iter_modules

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
