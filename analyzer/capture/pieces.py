"""Machine code for what Python calls, and for nothing else.

Numba compiles every function on its own: it links all callees into it, optimizes the whole and
makes machine code of it, and with each caller once more. Of two hundred kernels Python calls ten.
The others are pieces: they are lowered to LLVM's representation once, and each entry is optimized
and compiled together with all pieces below it, as one module.

This is the only module that knows how Numba links: ``CPUCodeLibrary`` (numba/core/codegen.py) and
the passes around ``NativeLowering`` (numba/core/typed_passes.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import AnnotateTypes, NativeLowering

if TYPE_CHECKING:
    from collections.abc import Iterable


class PieceLibrary(JITCodeLibrary):
    """The representation of one piece, waiting to be linked: no callee in it, no machine code."""

    def finalize(self) -> None:
        """Nothing: what the entries above need is there as soon as the piece is lowered."""
        self._finalized = True


class EntryLibrary(JITCodeLibrary):
    """An entry with every piece below it."""

    def finalize(self) -> None:
        """Links all pieces, then optimizes and compiles them together with the entry."""
        self._linking_libraries = callers_first(self._linking_libraries)
        super().finalize()


def callers_first(libraries: Iterable[Any]) -> list[Any]:
    """These libraries and all below the pieces among them, each after everything that calls it.

    The linker takes only what something calls that is there already.
    """
    found: dict[Any, None] = {}

    def visit(library: Any) -> None:
        if library in found:
            return
        if isinstance(library, PieceLibrary):
            for below in library._linking_libraries:
                visit(below)
        found[library] = None

    for library in libraries:
        visit(library)
    return list(reversed(found))


class _Pass(LoweringPass):
    """A pass of ours; Numba's own base class has no constructor."""

    def __init__(self) -> None:
        LoweringPass.__init__(self)


@register_pass(mutates_CFG=False, analysis_only=True)
class _BeginPiece(_Pass):
    """Lower into a library that is not compiled."""

    _name = "begin_piece"

    def run_pass(self, state: Any) -> bool:
        state.flags.no_compile = True
        state["library"] = PieceLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        return False


@register_pass(mutates_CFG=False, analysis_only=True)
class _EndPiece(_Pass):
    """Offer the piece to its callers, which Numba itself does with compiled functions only."""

    _name = "end_piece"

    def run_pass(self, state: Any) -> bool:
        lowered = state["cr"]
        key = lowered.fndesc.mangled_name
        state.targetctx.insert_user_function(key, lowered.fndesc, [state["library"]])
        state["cr"] = lowered._replace(cfunc=key)
        return False


@register_pass(mutates_CFG=False, analysis_only=True)
class _BeginEntry(_Pass):
    """Lower into a library that takes in all pieces."""

    _name = "begin_entry"

    def run_pass(self, state: Any) -> bool:
        state["library"] = EntryLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state["library"].enable_object_caching()
        return False


# Closures, comprehensions, literals as types, array expressions: kernels have none of it, and after
# each of these passes Numba would analyse the function anew.
UNNEEDED = {
    "WithLift",
    "InlineClosureLikes",
    "RewriteSemanticConstants",
    "DeadBranchPrune",
    "RewriteDynamicRaises",
    "MakeFunctionToJitFunction",
    "InlineInlinables",
    "FindLiterallyCalls",
    "LiteralPropagationSubPipelinePass",
    "LiteralUnroll",
    "InlineOverloads",
    "NopythonRewrites",
    "DumpParforDiagnostics",
}


def needed_passes(state: Any) -> Any:
    """Numba's usual passes, without those that find nothing in a kernel."""
    passes = DefaultPassBuilder.define_nopython_pipeline(state)
    passes.passes = [one for one in passes.passes if one[0].__name__ not in UNNEEDED]
    return passes


class _PieceCompiler(CompilerBase):
    def define_pipelines(self) -> list[Any]:
        passes = needed_passes(self.state)
        passes.add_pass_after(_BeginPiece, AnnotateTypes)
        passes.add_pass_after(_EndPiece, NativeLowering)
        passes.finalize()
        return [passes]


class EntryCompiler(CompilerBase):
    """Numba's pipeline for a kernel that Python calls."""

    def define_pipelines(self) -> list[Any]:
        """The usual passes, lowering into a library of ours."""
        passes = needed_passes(self.state)
        passes.add_pass_after(_BeginEntry, AnnotateTypes)
        passes.finalize()
        return [passes]


class Piece(CPUDispatcher):
    """What stands for a piece: its callers find the representation, Python runs it as Python."""

    def add_overload(self, found: Any) -> None:
        """Keeps the only result; Numba's own method wants machine code to call."""
        self.overloads[tuple(found.signature.args)] = found

    def __call__(self, *arguments: object) -> object:
        """Runs the Python function."""
        return self.py_func(*arguments)


def piece(function: Any, signature: str, options: dict[str, Any]) -> Piece:
    """Lowers a function, with Numba's ``options``, for the entries that will contain it."""
    options = {**options, "nopython": True, "no_cpython_wrapper": True}
    made = Piece(function, targetoptions=options, pipeline_class=_PieceCompiler)
    made.compile(signature)
    made.disable_compile()
    return made
