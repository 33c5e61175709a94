"""How a kernel is compiled that other kernels alone call: to be linked into them, no further.

Numba would make each ready to run by itself, with a copy of all that it calls: optimised, and
turned into machine code that nobody runs. That is more than a third of the time to compile.
"""

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class _WithoutEnvironment:
    """A code generator that sets no environment of functions that do not exist by themselves."""

    def __init__(self, codegen: Any) -> None:
        self._codegen = codegen

    def set_env(self, *_: Any) -> None:
        """Do nothing: there is no address to write it to."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codegen, name)


class _LinkedLibrary(JITCodeLibrary):
    """Code that is kept as it was lowered; who links it optimises it."""

    @property
    def codegen(self) -> Any:
        """The code generator, but for environments."""
        return _WithoutEnvironment(self._codegen)

    def _optimize_final_module(self) -> None:
        """Leave it to whoever links this."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._finalized = True

    def get_pointer_to_function(self, _name: str) -> int:
        """Return that there is none."""
        self._ensure_finalized()  # type: ignore[no-untyped-call]
        return 0


class _LinkedCompiler(Compiler):
    def define_pipelines(self) -> Any:
        """Return Numba's own steps, whose result goes to such a library."""
        codegen = self.state.targetctx.codegen()
        self.state.library = _LinkedLibrary(codegen, "kernel")  # type: ignore[no-untyped-call]
        return super().define_pipelines()  # type: ignore[no-untyped-call]


# These are insides of Numba: where they are not what they were, kernels are compiled as usual.
_IS_KNOWN = all(
    hasattr(JITCodeLibrary, name)
    for name in (
        "_optimize_final_module",
        "_finalize_final_module",
        "_finalize_dynamic_globals",
        "_ensure_finalized",
        "get_pointer_to_function",
    )
)

LINKED: dict[str, Any] | None = (
    {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": _LinkedCompiler}
    if _IS_KNOWN
    else None
)
