"""A function in a process of its own that has the libraries imported.

The libraries take ten seconds to import, more than most notebooks take to run. So one process, the
server, imports them, starts no thread, and is forked for each function. The package itself is not
imported before: it is what is tried.
"""
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

LIBRARIES = """
numba torch torch._dynamo torch.distributions torch.utils.checkpoint safetensors.torch accelerate
diffusers scipy.ndimage scipy.sparse.csgraph scipy.sparse.linalg scipy.spatial scipy.stats h5py
tifffile matplotlib.pyplot matplotlib_inline.backend_inline plotly.graph_objects plotly.io
vtk.util.numpy_support distributed ipywidgets papermill nbconvert nbformat.v4 nbdev.test
fastcore.test requests
""".split()

methods = multiprocessing.get_all_start_methods()
CONTEXT = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
CONTEXT.set_forkserver_preload(LIBRARIES)


def with_log(log: Path, function: Callable, arguments: tuple) -> None:
    "Call a function, and keep in a file what it and its own processes print."
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    function(*arguments)


def run_forked(
    log: Path,  # receives what the function prints
    function: Callable,  # of a module; raises what is wrong
    *arguments: object,
    seconds: float = 600,  # it may take
) -> None:
    "Call a function in a forked process; `AssertionError` with its output where that fails."
    log.touch()
    process = CONTEXT.Process(target=with_log, args=(log, function, arguments))
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        raise AssertionError(f"still running after {seconds:g} s\n{log.read_text()[-8000:]}")
    assert process.exitcode == 0, f"exit status {process.exitcode}\n{log.read_text()[-8000:]}"
