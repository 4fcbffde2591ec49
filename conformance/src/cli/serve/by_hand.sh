
# Take the next job's variables, when a job waits, and say that it starts.
eval "$(curl -sS -X POST -H "$auth" -H 'Accept: text/plain' "$admin/jobs/claim")"
curl -sS -X POST -H "$auth" -H 'Content-Type: application/json' -d "{\"task\":\"$SM_SECRET_TASK_ID\",\"run\":0}" "$admin/jobs/started"
