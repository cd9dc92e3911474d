"""Other tools that do a part of what the library does: which, in which version, and how each is run.

Each works in a process and an environment of its own. What it does there, as its own documentation says, is
in the module of its name, whose functions are tasks of :mod:`benchmarks.tools.workers`.
"""

# what pip is asked for; None if nothing has to be installed
TOOLS: dict[str, str | None] = {
    "captum": "captum==0.9.0",
    "overcomplete": "overcomplete==0.3.0",
    "rsatoolbox": "rsatoolbox==0.3.2",
    "torch-cka": "torch-cka==0.21",
    "torch-lucent": "torch-lucent==0.1.8",
    "torchlens": "torchlens==2.36.1",
    # comes with torchvision, which the library itself needs
    "torchvision": None,
    # the library itself, where it is to be killed like the others
    "ours": None,
}
