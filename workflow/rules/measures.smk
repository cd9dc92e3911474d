# A rule for each declared measure. Inputs, tables and parameters are declared in scripts/census/measures/.
from census.planning.rules import measure_rules

for measure in measure_rules(plan):

    rule:
        name:
            measure.name
        input:
            **measure.inputs,
        output:
            **measure.outputs,
        log:
            f"logs/{measure.name}{measure.place}.log",
        benchmark:
            f"results/benchmarks/{measure.name}{measure.place}.tsv"
        conda:
            CONDA
        resources:
            mem_mb=measure.memory,
            runtime=measure.minutes,
        params:
            **measure.params,
        message:
            measure.message
        script:
            "../../scripts/measure.py"
