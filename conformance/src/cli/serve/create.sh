
# Create another secret; a create job is then asked for.
curl -sS -w '\n' -X POST -H "$auth" -H 'Content-Type: application/json' -d '{}' "$admin/custom-credentials"
