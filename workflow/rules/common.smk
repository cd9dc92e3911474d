# Shared by all rules: the checked config, and the plan of the study.
from census.errors import StudyError
from census.measures.declaration import Recordings
from census.stores.paths import ESCAPED
from census.planning.blocks import SHARED, SPLIT
from census.planning.config import as_begun, read_config
from census.planning.digest import code_digest as code
from census.planning.plan import SOURCE, Plan, read_layers
from census.planning.replicas import failed_trainings
from census.planning.resources import memory, memory_of_matrices
from census.planning.runs import DATASET, WEIGHTS

CONDA = "../../envs/study.yaml"

try:
    checked = read_config(
        as_begun(config, in_job=not workflow.is_main_process), Path("results/layers/inputs")
    )
    plan = Plan.of(
        checked,
        read_layers(checked, Path("results/layers")),
        failed_trainings(checked, Path("results/networks")),
    )
except StudyError as error:
    raise WorkflowError(str(error)) from None

# the parts of the config that jobs read
config = plan.config.plain()
measures, seed = plan.config.measures, plan.config.seed


wildcard_constraints:
    network="|".join(sorted(plan.replicas)),
    dataset="|".join(sorted(plan.config.datasets)),
    split="[a-z0-9_-]+",
    checkpoint="final|[0-9]+",
    layer=ESCAPED,
    block=f"{SHARED}|{SPLIT}",
    part="[0-9]+",
