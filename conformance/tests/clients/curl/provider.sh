# Reports a token that it made up, or that it is gone.
set -eu

# Configuration from standard input: arguments can be seen by everybody on the machine.
bearer=$(printf 'data-urlencode = "apikey=%s"\n' "$SM_ACCESS_APIKEY" |
    curl --silent --show-error --fail --config - \
        --data-urlencode "grant_type=urn:ibm:params:oauth:grant-type:apikey" https://iam.cloud.ibm.com/identity/token |
    sed 's/.*"access_token": *"\([^"]*\)".*/\1/')

case $SM_ACTION in
create_credentials)
    token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    update="{\"status\": \"credentials_created\", \"credentials\": {\"id\": \"$SM_SECRET_TASK_ID\", \"payload\": {\"token\": \"$token\"}}}"
    ;;
delete_credentials) update='{"status": "credentials_deleted"}' ;;
*) update='{"status": "failed", "errors": [{"code": "ERR_ACTION", "description": "The action is not known."}]}' ;;
esac

printf 'header = "Authorization: Bearer %s"\n' "$bearer" |
    curl --silent --show-error --fail --output /dev/null --config - --retry "${RETRIES:-3}" \
        --request PUT --header 'Content-Type: application/json' --data "$update" \
        "$SM_INSTANCE_URL/api/v2/secrets/$SM_SECRET_ID/tasks/$SM_SECRET_TASK_ID"
