#!/bin/sh
# Print the status of a PBS job in the one word that Snakemake expects. If PBS does not respond, the job counts as
# running, and Snakemake asks again later.
qstat -x -f "$1" 2> /dev/null | awk '
    $1 == "job_state" { state = $3 }
    $1 == "Exit_status" { status = $3 }
    END { print state != "F" ? "running" : status == "0" ? "success" : "failed" }'
