"""The digest of kernels is of all that is compiled in: kernels, and what they name elsewhere."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

from numba.core.dispatcher import Dispatcher

import simulator
from simulator import kernels
from simulator.caches import digests
from simulator.linked import LINKED

PACKAGE = Path(simulator.__file__).parent


def dispatchers():
    """Every kernel of the package, with the module that defines it."""
    found = {}
    for module in pkgutil.walk_packages([str(PACKAGE)], "simulator."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Dispatcher):
                found[value.py_func] = value
    return found


KERNELS = dispatchers()


def is_covered(module):
    path = Path(inspect.getfile(importlib.import_module(module))).relative_to(PACKAGE)
    return any(map(path.is_relative_to, digests._COMPILED))


def imported_names(module):
    """Module of the program that each name of a module was imported from."""
    found = {}
    for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(module)))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("simulator"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = importlib.util.find_spec(node.module).submodule_search_locations and (
                    importlib.util.find_spec(inner) is not None
                )
                found[alias.asname or alias.name] = inner if is_module else node.module
    return found


def test_every_file_that_defines_a_kernel_is_covered():
    assert len(KERNELS) > 200
    assert {f.__module__ for f in KERNELS if not is_covered(f.__module__)} == set()


def made_of(module):
    """Names that the value of each of a module's own names is made of."""
    body = ast.parse(inspect.getsource(importlib.import_module(module))).body
    return {
        target.id: {node.id for node in ast.walk(line.value) if isinstance(node, ast.Name)}
        for line in body
        if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None
        for target in ast.walk(line)
        if isinstance(target, ast.Name) and isinstance(target.ctx, ast.Store)
    }


def test_every_file_that_a_kernel_names_is_covered():
    """By itself, or in a value of its module that it names."""
    modules = {f.__module__ for f in KERNELS}
    imported = {module: imported_names(module) for module in modules}
    values = {module: made_of(module) for module in modules}
    used = set()
    for f in KERNELS:
        names = set(f.__code__.co_names)
        names |= {name for one in names for name in values[f.__module__].get(one, ())}
        used |= {imported[f.__module__][name] for name in names if name in imported[f.__module__]}
    assert "simulator.rules.elementary" in used
    assert {module for module in used if not is_covered(module)} == set()


def test_kernels_are_kept_by_this_program_or_not_at_all():
    """Numba's own cache does not see an edit of a kernel that another calls."""
    linked = (LINKED or {}).get("pipeline_class")
    for function, kernel in KERNELS.items():
        if kernel._compiler.pipeline_class is not linked:
            assert isinstance(kernel._cache, kernels._KernelCache), function
