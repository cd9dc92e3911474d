#!/bin/sh
# Say of a job of PBS how it is, in the one word that Snakemake asks for. Of what PBS does not answer about, now, it is
# asked again later.
qstat -x -f "$1" 2> /dev/null | awk '
    $1 == "job_state" { state = $3 }
    $1 == "Exit_status" { status = $3 }
    END { print state != "F" ? "running" : status == "0" ? "success" : "failed" }'
