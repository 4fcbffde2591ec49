
# Rotate the first secret, and delete it.
curl -sS -w '\n' -X POST -H "$auth" -H 'Content-Type: application/json' -d '{"trigger":"manual_secret_rotation"}' "$admin/custom-credentials/SECRET_ID/rotate"
curl -sS -w '\n' -X POST -H "$auth" "$admin/custom-credentials/SECRET_ID/delete"

# Misbehave: the next two task updates take effect, but are answered with 503. DELETE on the same path ends it.
curl -sS -X PUT -H "$auth" -H 'Content-Type: text/plain' -d 'secrets_manager.update_task@first:2 after_commit status(503, retry-after: 1)' "$admin/faults"

# Let a day pass on the virtual clock: a deletion that failed is tried again, a time-out is over.
curl -sS -w '\n' -X POST -H "$auth" -H 'Content-Type: application/json' -d '{"seconds":86400}' "$admin/clock/advance"

# See what happens as it happens, and which credentials exist.
curl -sSN -H "$auth" "$admin/journal/stream"
curl -sS -w '\n' -H "$auth" "$admin/ledger"

# Everything else that can be asked for.
curl -sS -H "$auth" "$admin/openapi.json"
