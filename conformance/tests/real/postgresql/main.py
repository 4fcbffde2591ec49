"""Credentials provider for roles of a PostgreSQL server. Python's standard library and psql are all that it needs."""

import datetime
import email.utils
import http.client
import json
import logging
import os
import re
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

IAM = "https://iam.cloud.ibm.com/identity/token"
TIMEOUT_SECONDS = 4
ATTEMPTS = 3
LONGEST_PAUSE_SECONDS = 5

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
log = logging.getLogger("provider")


class ProviderError(Exception):
    """What went wrong, as the task's error."""

    def __init__(self, code, description):
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class Refused(Exception):
    """An answer that means no."""

    def __init__(self, status, doubtful):
        super().__init__(f"the answer was {status}")
        self.status = status
        # Whether an earlier attempt may have taken effect unseen.
        self.doubtful = doubtful


class Unreachable(Exception):
    """No answer that could be used."""


def required(name):
    value = os.environ.get(name)
    if not value:
        raise ProviderError("ERR_CONFIGURATION", f"The variable {name} is not set.")
    return value


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def asked_for(retry_after):
    """Returns the seconds that a service asks for."""
    if retry_after.isdigit():
        return int(retry_after)
    try:
        until = email.utils.parsedate_to_datetime(retry_after)
        return (until - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    except (TypeError, ValueError):
        return 0


def call(method, url, body=None, headers=None):
    """Sends a request and tries again what may pass. Returns the answer's JSON."""
    for attempt in range(1, ATTEMPTS + 1):
        request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
        pause = 0.2 * 2**attempt * (0.5 + secrets.randbelow(100) / 200)
        try:
            with OPENER.open(request, timeout=TIMEOUT_SECONDS) as response:
                answer = response.read()
        except urllib.error.HTTPError as error:
            if error.code != 429 and error.code < 500:
                raise Refused(error.code, attempt > 1) from error
            pause = max(pause, min(asked_for(error.headers.get("Retry-After") or ""), LONGEST_PAUSE_SECONDS))
            failure = error
        except (OSError, ValueError, http.client.HTTPException) as error:
            failure = error
        else:
            try:
                return json.loads(answer or b"{}")
            except ValueError as error:
                raise Unreachable("the answer is not JSON") from error
        log.warning("%s %s: attempt %d failed", method, urllib.parse.urlsplit(url).path, attempt)
        if attempt < ATTEMPTS:
            time.sleep(pause)
    raise Unreachable(f"no usable answer after {ATTEMPTS} attempts") from failure


class SecretsManager:
    """What a job may ask of its instance."""

    def __init__(self):
        self.secrets = required("SM_INSTANCE_URL").rstrip("/") + "/api/v2/secrets"
        self.task = f"{self.secrets}/{required('SM_SECRET_ID')}/tasks/{required('SM_SECRET_TASK_ID')}"
        self.token = None

    def sign_in(self):
        form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": required("SM_ACCESS_APIKEY")}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            self.token = call("POST", IAM, urllib.parse.urlencode(form).encode(), headers)["access_token"]
        except KeyError as error:
            raise Unreachable("the token service gave no token") from error

    def ask(self, method, url, body=None):
        data = json.dumps(body).encode() if body is not None else None
        if self.token is None:
            self.sign_in()
        for fresh in (False, True):
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            try:
                return call(method, url, data, headers)
            except Refused as refusal:
                if refusal.status != 401 or fresh:
                    raise
                self.sign_in()

    def login(self, secret_id):
        try:
            return self.ask("GET", f"{self.secrets}/{secret_id}")["payload"]
        except (Refused, Unreachable, KeyError, TypeError) as error:
            log.error("the login secret could not be read: %s", error)
            raise ProviderError("ERR_LOGIN_SECRET", "The login secret could not be read.") from error

    def status(self):
        return self.ask("GET", self.task).get("status")

    def update(self, body):
        try:
            self.ask("PUT", self.task, body)
        except Refused as refusal:
            if not (refusal.status == 400 and refusal.doubtful and self.status() == body["status"]):
                raise
            log.info("an earlier attempt had taken effect")
        except Unreachable as error:
            if str(error) != "the answer is not JSON":
                raise


class Database:
    """The roles of one server."""

    def __init__(self, address, user, password):
        self.host, _, self.port = address.rpartition(":")
        self.user, self.password = user, password

    def run(self, sql, code):
        command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse", "-h", self.host, "-p", self.port]
        command += ["-U", self.user, "-d", "postgres"]
        environment = {"PATH": os.environ["PATH"], "PGPASSWORD": self.password, "PGCONNECT_TIMEOUT": "5"}
        for attempt in (1, 2):
            try:
                done = subprocess.run(command, input=sql, env=environment, capture_output=True, text=True, timeout=30)
            except (OSError, ValueError, subprocess.TimeoutExpired) as error:
                raise ProviderError(code, "The database did not answer.") from error
            # 2: the connection failed, and nothing was done.
            if done.returncode != 2 or attempt == 2:
                break
            log.warning("the database could not be reached and is tried again")
            time.sleep(0.3)
        if done.returncode != 0:
            log.error("psql ended with %d", done.returncode)
            refused = "permission denied" in done.stderr
            raise ProviderError(code, "The database refused." if refused else "The database could not do it.")
        return done.stdout.strip()

    def has(self, role):
        return self.run(f"SELECT 1 FROM pg_roles WHERE rolname = '{role}'", "ERR_CREATE_ROLE") == "1"

    def create(self, role, password, valid_until):
        limit = f" VALID UNTIL '{valid_until}'" if valid_until else ""
        self.run(f"CREATE ROLE \"{role}\" LOGIN PASSWORD '{password}'{limit}", "ERR_CREATE_ROLE")

    def drop(self, role):
        self.run(f'DROP ROLE IF EXISTS "{role}"', "ERR_DROP_ROLE")


def database(secrets_manager):
    address, admin = required("SM_ADDRESS_VALUE"), required("SM_ADMIN_VALUE")
    return Database(address, admin, secrets_manager.login(required("SM_LOGIN_SECRET_ID_VALUE")))


def valid_until():
    days = os.environ.get("SM_VALID_DAYS_VALUE")
    if not days:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", days):
        raise ProviderError("ERR_CONFIGURATION", "The input valid_days is not a number of days.")
    return (datetime.date.today() + datetime.timedelta(days=int(days))).isoformat()


def undo(server, role):
    for attempt in range(1, ATTEMPTS + 1):
        try:
            server.drop(role)
            log.info("role %s is dropped again", role)
            return
        except ProviderError as error:
            log.error("role %s could not be dropped again and may live on: attempt %d, %s", role, attempt, error)


def create(secrets_manager):
    until = valid_until()
    server = database(secrets_manager)
    # The same for a job that is run again, which then finds what its first run has left.
    role = "provider_" + re.sub(r"[^0-9a-z]", "", required("SM_SECRET_TASK_ID").lower())
    if server.has(role):
        if secrets_manager.status() == "credentials_created":
            log.info("role %s was created and reported before", role)
            return
        server.drop(role)
    password = secrets.token_urlsafe(24)
    server.create(role, password, until)
    log.info("created role %s", role)
    report = {"status": "credentials_created", "credentials": {"id": role, "payload": {"user_name": role, "password": password}}}
    try:
        secrets_manager.update(report)
    except Exception:
        log.error("the task could not be updated")
        undo(server, role)
        raise


def delete(secrets_manager):
    role = required("SM_CREDENTIALS_ID")
    if not re.fullmatch(r"provider_[0-9a-z]+", role):
        raise ProviderError("ERR_CONFIGURATION", "The credentials id is not one of this provider.")
    database(secrets_manager).drop(role)
    log.info("dropped role %s", role)
    secrets_manager.update({"status": "credentials_deleted"})


def main():
    secrets_manager = SecretsManager()
    action = os.environ.get("SM_ACTION", "")
    try:
        if action == "create_credentials":
            create(secrets_manager)
        elif action == "delete_credentials":
            delete(secrets_manager)
        else:
            raise ProviderError("ERR_UNKNOWN_ACTION", "The action is not known.")
    except ProviderError as error:
        log.error("%s", error)
        secrets_manager.update({"status": "failed", "errors": [{"code": error.code, "description": error.description}]})
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except (ProviderError, Refused, Unreachable) as error:
        log.error("the job failed: %s", error)
        sys.exit(1)
