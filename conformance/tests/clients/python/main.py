"""Credentials provider for JFrog Artifactory access tokens, on IBM's Secrets Manager SDK for Python."""

import logging
import os
import sys

import requests
from ibm_cloud_sdk_core.authenticators import IAMAuthenticator
from ibm_secrets_manager_sdk.secrets_manager_v2 import (
    CustomCredentialsNewCredentials,
    SecretsManagerV2,
    SecretTaskError,
    SecretTaskPrototypeUpdateSecretTaskCredentialsCreated,
    SecretTaskPrototypeUpdateSecretTaskCredentialsDeleted,
    SecretTaskPrototypeUpdateSecretTaskFailed,
)

TIMEOUT_SECONDS = 30

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
log = logging.getLogger("provider")


class ProviderError(Exception):
    """What went wrong, as the task's error."""

    def __init__(self, code, description):
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


def required(name):
    value = os.environ.get(name)
    if not value:
        raise ProviderError("ERR_CONFIGURATION", f"The variable {name} is not set.")
    return value


class Artifactory:
    """The access tokens of one Artifactory."""

    def __init__(self, url, login):
        self.tokens = f"{url.rstrip('/')}/access/api/v1/tokens"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {login}"

    def call(self, method, url, code, **arguments):
        try:
            response = self.session.request(method, url, timeout=TIMEOUT_SECONDS, **arguments)
        except requests.RequestException as error:
            raise ProviderError(code, "Artifactory could not be reached.") from error
        if not response.ok:
            raise ProviderError(code, f"Artifactory answered {response.status_code} {response.reason}.")
        return response

    def create(self, request):
        response = self.call("POST", self.tokens, "ERR_CREATE_TOKEN", json=request)
        try:
            token = response.json()
            return token["token_id"], token["access_token"]
        except (ValueError, KeyError) as error:
            raise ProviderError("ERR_CREATE_TOKEN", "Artifactory's answer holds no token.") from error

    def revoke(self, token_id):
        self.call("DELETE", f"{self.tokens}/{token_id}", "ERR_REVOKE_TOKEN")


def artifactory(secrets_manager):
    url = required("SM_URL_VALUE")
    secret_id = required("SM_LOGIN_SECRET_ID_VALUE")
    try:
        login = secrets_manager.get_secret(id=secret_id).get_result()["payload"]
    except Exception as error:
        log.error("the login secret could not be read: %s", error)
        raise ProviderError("ERR_LOGIN_SECRET", "The login secret could not be read.") from error
    return Artifactory(url, login)


def token_request():
    request = {"scope": required("SM_SCOPE_VALUE")}
    if os.environ.get("SM_USERNAME_VALUE"):
        request["username"] = os.environ["SM_USERNAME_VALUE"]
    if os.environ.get("SM_EXPIRES_IN_VALUE"):
        try:
            request["expires_in"] = int(os.environ["SM_EXPIRES_IN_VALUE"])
        except ValueError as error:
            raise ProviderError("ERR_CONFIGURATION", "The input expires_in is not an integer.") from error
    return request


def update_task(secrets_manager, update):
    secrets_manager.replace_secret_task(
        secret_id=required("SM_SECRET_ID"), id=required("SM_SECRET_TASK_ID"), task_put=update
    )


def create(secrets_manager):
    request = token_request()
    system = artifactory(secrets_manager)
    token_id, token = system.create(request)
    log.info("created token %s", token_id)
    update = SecretTaskPrototypeUpdateSecretTaskCredentialsCreated(
        status="credentials_created",
        credentials=CustomCredentialsNewCredentials(id=token_id, payload={"token": token}),
    )
    try:
        update_task(secrets_manager, update)
    except Exception:
        log.exception("the task could not be updated, token %s is revoked again", token_id)
        system.revoke(token_id)
        raise


def delete(secrets_manager):
    token_id = required("SM_CREDENTIALS_ID")
    artifactory(secrets_manager).revoke(token_id)
    log.info("revoked token %s", token_id)
    update = SecretTaskPrototypeUpdateSecretTaskCredentialsDeleted(status="credentials_deleted")
    update_task(secrets_manager, update)


def main():
    secrets_manager = SecretsManagerV2(authenticator=IAMAuthenticator(apikey=required("SM_ACCESS_APIKEY")))
    secrets_manager.set_service_url(required("SM_INSTANCE_URL"))
    secrets_manager.enable_retries()

    action = os.environ.get("SM_ACTION", "")
    try:
        if action == "create_credentials":
            create(secrets_manager)
        elif action == "delete_credentials":
            delete(secrets_manager)
        else:
            raise ProviderError("ERR_UNKNOWN_ACTION", f"The action {action!r} is not known.")
    except ProviderError as error:
        log.error("%s", error)
        failure = SecretTaskError(code=error.code, description=error.description)
        update_task(secrets_manager, SecretTaskPrototypeUpdateSecretTaskFailed(status="failed", errors=[failure]))
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except Exception:
        log.exception("the job failed")
        sys.exit(1)
