"""Credentials provider for the accounts of a message broker, in nothing but Python's standard library.

It is the control of the suite: it keeps every rule, and was written from the rules and not from the reference provider, from which it
differs wherever a valid provider may. So a rule that it breaks is a rule that judges a habit of the reference provider.

* A request has a connection of its own, a chunked body, JSON with blanks and escapes, and an alarm as its time limit.
* A creation reads its own task before anything else, and *adopts* what an earlier run or an unanswered attempt of the same task has made,
  where the reference provider revokes that and begins anew. Accounts are found by their label, the id of the task.
* The undo closes what bears the label, not the one id that it remembers.
* Pauses have full jitter above a floor. A Retry-After is respected up to a limit and never ends the job.
* Several mistakes in the inputs are reported as several errors. The log is JSON on standard output. The exit status is 3 where a failure
  was reported, 4 where it could not be, and 5 where there is no task to report to.
"""

import datetime
import email.utils
import http.client
import json
import os
import random
import re
import signal
import ssl
import sys
import time
import urllib.parse
import urllib.request

IAM = "https://iam.cloud.ibm.com/identity/token"
SUCCESS, REPORTED, UNREPORTED, NO_TASK = 0, 3, 4, 5

# What may pass. All but the first say nothing about whether the request took effect.
PASSING = {429, 500, 502, 503, 504}
ATTEMPTS = 6
# Six attempts take more than a second, even where one of them follows at once with a fresh token.
SHORTEST_PAUSE, FIRST_PAUSE, LONGEST_PAUSE, LONGEST_ASKED_FOR = 0.3, 0.5, 4.0, 8.0
REQUEST_SECONDS = 5.0
LARGEST_ANSWER = 4_000_000

TRUE = {"1", "t", "T", "true", "TRUE", "True"}
FALSE = {"0", "f", "F", "false", "FALSE", "False"}
PERMISSIONS = ("publish", "subscribe", "publish and subscribe")
# What an account consists of, and is reported as it is but for its name.
PARTS = {"name": str, "password": str, "signing_key": str, "permission": str, "encrypted": bool, "port": int, "quota_bytes": int}


class Failure(Exception):
    """What the task is told: one error or several, each a code and a description."""

    def __init__(self, *errors):
        super().__init__(", ".join(code for code, _ in errors))
        self.errors = errors


class NoAnswer(Exception):
    """A request without an answer that came whole."""

    def __init__(self, reason, will_pass=True):
        super().__init__(reason)
        self.will_pass = will_pass


class Answer:
    """An answer that came whole. `data` is its JSON object, or an empty one."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.data = status, headers, {}
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            return
        if isinstance(data, dict):
            self.data = data

    @property
    def ok(self):
        return 200 <= self.status < 300


def log(level, event, **facts):
    """Writes one line; nobody may give it anything secret or foreign."""
    print(json.dumps({"level": level, "event": event, **facts}), flush=True)


# ---- Requests ----


def connect(address, seconds):
    """Returns a connection, through the proxy where the environment names one."""
    host, port = address.hostname, address.port
    proxy = urllib.request.getproxies_environment().get(address.scheme)
    if proxy and not urllib.request.proxy_bypass_environment(host):
        proxy = urllib.parse.urlsplit(proxy)
        if address.scheme == "https":
            connection = http.client.HTTPSConnection(proxy.hostname, proxy.port, timeout=seconds)
            connection.set_tunnel(host, port or 443)
            return connection
        return http.client.HTTPConnection(proxy.hostname, proxy.port, timeout=seconds)
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    return kind(host, port, timeout=seconds)


def exchange(method, url, headers, body, seconds):
    """Sends one request and reads the whole answer. Redirects are answers like any other."""
    address = urllib.parse.urlsplit(url)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    connection = connect(address, seconds)
    try:
        connection.putrequest(method, urllib.parse.urlunsplit(("", "", address.path, address.query, "")), skip_accept_encoding=True)
        for name, value in {"connection": "close", "ACCEPT": "application/json, */*;q=0.1", **headers}.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("transfer-encoding", "chunked")
        connection.endheaders(body, encode_chunked=body is not None)
        response = connection.getresponse()
        read = b""
        while part := response.read(65536):
            read += part
            if len(read) > LARGEST_ANSWER:
                raise NoAnswer("an endless answer", will_pass=False)
        if response.length:
            raise NoAnswer("a cut answer")
        return Answer(response.status, response.headers, read)
    except ssl.SSLCertVerificationError:
        raise NoAnswer("a certificate that is not trusted", will_pass=False) from None
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(type(error).__name__) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.close()


def ring(*_):
    """Ends a request whose time is over, wherever it is."""
    raise NoAnswer("time-out")


def asked_for(answer):
    """Returns the seconds that a Retry-After asks for; none where there is none that makes sense."""
    value = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
        return (until - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 0.0


def persist(what, send, until, before_repeat=lambda: None):
    """Sends until an answer is final. Returns that answer, or none, and whether an attempt may have taken effect unseen."""
    doubtful = False
    for attempt in range(ATTEMPTS):
        pause = SHORTEST_PAUSE + random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
        try:
            answer = send(max(1.0, min(REQUEST_SECONDS, until - time.monotonic())))
            if answer.status not in PASSING:
                return answer, doubtful
            log("warning", f"{what}: status {answer.status}", attempt=attempt + 1)
            doubtful |= answer.status != 429
            if (asked := asked_for(answer)) > 0:
                pause = min(max(pause, asked), LONGEST_ASKED_FOR) + random.uniform(0.05, 0.3)
        except NoAnswer as trouble:
            log("warning", f"{what}: {trouble}", attempt=attempt + 1)
            doubtful = True
            if not trouble.will_pass:
                break
        if attempt + 1 == ATTEMPTS or time.monotonic() + pause >= until:
            break
        time.sleep(pause)
        if (instead := before_repeat()) is not None:
            return instead, doubtful
    return None, doubtful


# ---- Secrets Manager ----


class SecretsManager:
    """The instance, as one job with one task may use it."""

    def __init__(self, environment):
        names = ("SM_INSTANCE_URL", "SM_ACCESS_APIKEY", "SM_SECRET_ID", "SM_SECRET_TASK_ID")
        if missing := [name for name in names if not environment.get(name)]:
            raise Failure(("provider.no-task", f"There is no {' and no '.join(missing)}."))
        instance, self.key, secret, self.task_id = (environment[name] for name in names)
        self.secrets = f"{instance.rstrip('/')}/api/v2/secrets"
        self.task = f"{self.secrets}/{urllib.parse.quote(secret, safe='')}/tasks/{urllib.parse.quote(self.task_id, safe='')}"
        self.token, self.renewed = None, False

    def sign_in(self, until):
        """Fetches a token."""
        form = {"response_type": "cloud_iam", "apikey": self.key, "grant_type": "urn:ibm:params:oauth:grant-type:apikey"}
        body = urllib.parse.urlencode(form).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}

        def send(seconds):
            answer = exchange("POST", IAM, headers, body, seconds)
            if answer.ok and not isinstance(answer.data.get("access_token"), str):
                raise NoAnswer("no token")
            return answer

        answer, _ = persist("token", send, until)
        if answer is not None and answer.data.get("errorCode") == "BXNIM0415E":
            # A key that was made a moment ago.
            time.sleep(2)
            answer, _ = persist("token", send, until)
        if answer is None or not answer.ok:
            raise Failure(("provider.no-token", "The token service gave no token."))
        self.token = answer.data["access_token"]

    def ask(self, what, method, url, body, until):
        """Asks with a token, and once in a job's life with a second one."""
        if self.token is None:
            self.sign_in(until)

        def send(seconds):
            answer = self.ask_once(method, url, body, seconds)
            if answer.status == 401 and not self.renewed:
                self.renewed = True
                self.sign_in(until)
                answer = self.ask_once(method, url, body, seconds)
            return answer

        return persist(what, send, until)

    def ask_once(self, method, url, body, seconds):
        headers = {"AUTHORIZATION": f"bearer {self.token}"}
        if body is not None:
            headers["content-TYPE"] = 'application/json; charset="utf-8"'
        return exchange(method, url, headers, body, seconds)

    def status(self, until):
        """Returns the status of the task, `gone`, or none where that cannot be known."""
        answer, _ = self.ask("task", "GET", self.task, None, until)
        if answer is not None and answer.status == 404:
            return "gone"
        return answer.data.get("status") if answer is not None and answer.ok else None

    def secret(self, name, secret_id, kind, until):
        """Returns the data of the secret that an input names."""
        answer, _ = self.ask(name, "GET", f"{self.secrets}/{urllib.parse.quote(secret_id, safe='')}", None, until)
        if answer is None or not answer.ok:
            why = "Secrets Manager did not answer" if answer is None else f"Secrets Manager said {answer.status}"
            raise Failure(("secret.unreadable", f"The secret that the input “{name}” names could not be read: {why}."))
        if answer.data.get("secret_type") != kind:
            raise Failure(("secret.wrong-type", f"The secret that the input “{name}” names is not of the type {kind}."))
        return answer.data

    def update(self, report, until, end, adopted=False):
        """Sends a report, and looks until `end` what became of it. Returns `accepted`, `final` where no other may follow, or `refused`."""
        body = json.dumps(report, indent=1).encode()
        answer, doubtful = self.ask("report", "PUT", self.task, body, until)
        if answer is not None and answer.ok:
            return "accepted"
        if answer is None or (answer.status == 400 and (doubtful or adopted)):
            # An attempt may have been accepted without our knowing; where the task cannot be read, it counts as not.
            if self.status(end) == report["status"]:
                log("info", "an earlier attempt of the report was accepted")
                return "accepted"
        log("error", "the report was not accepted", report=report["status"], status=answer.status if answer else None)
        return "final" if answer is not None and answer.status in (400, 404) else "refused"


# ---- The broker ----


def usable(account):
    """Tells whether an account has every part, of its type and not empty."""
    return isinstance(account, dict) and all(type(account.get(name)) is kind and account[name] != "" for name, kind in PARTS.items())


class Broker:
    """The accounts of one tenant."""

    def __init__(self, url, tenant, key, label):
        self.accounts = f"{url.rstrip('/')}/broker/v3/tenants/{urllib.parse.quote(tenant, safe='')}/accounts"
        self.headers = {"X-GATE-KEY": key, "content-type": "Application/JSON"}
        self.label = label
        # Whether there may be an account that nobody has reported.
        self.touched = False

    def call(self, what, method, path, body, until, **options):
        data = None if body is None else json.dumps(body, separators=(" , ", " : ")).encode()
        return persist(what, lambda seconds: exchange(method, self.accounts + path, self.headers, data, seconds), until, **options)

    def labelled(self, until):
        """Returns the accounts of this task."""
        query = urllib.parse.urlencode({"label": self.label})
        answer, _ = self.call("list", "GET", f"?{query}", None, until)
        accounts = answer.data.get("accounts") if answer is not None and answer.ok else None
        if not isinstance(accounts, list) or not all(isinstance(account, dict) and account.get("name") for account in accounts):
            raise Failure(("broker.list-failed", "The broker did not say which accounts there are. Nothing was reported."))
        return accounts

    def open(self, request, until):
        """Makes the task's account, or finds the one that an attempt without an answer has made."""

        def made_unseen():
            accounts = self.labelled(until)
            return Answer(201, {}, json.dumps({"account": accounts[0]})) if accounts else None

        self.touched = True
        answer, doubtful = self.call("create", "POST", "", request, until, before_repeat=made_unseen)
        if answer is None:
            raise Failure(("create.unavailable", "The broker did not answer, or was in trouble – please try again later."))
        if not answer.ok:
            self.touched = doubtful
            told = f"The broker refused to make an account (status {answer.status}). Please check the inputs and the login."
            raise Failure(("create.refused", told))
        if not usable(answer.data.get("account")):
            raise Failure(("create.unusable", "The broker’s answer does not hold an account. Whatever it made is closed again."))
        account = answer.data["account"]
        if doubtful and (others := self.sweep(until, keep=account["name"])):
            raise Failure(("create.leftover", f"Of another attempt {len(others)} accounts may live on. The log names them."))
        return account

    def close(self, name, until):
        """Closes an account. Returns none on proof that it is closed, else the failure's kind and status."""
        path = f"/{urllib.parse.quote(name, safe='')}"
        answer, _ = self.call("close", "POST", f"{path}/close", {}, until)
        if answer is not None and answer.ok and answer.data.get("closed") != name:
            # Not what the broker says: look.
            answer, _ = self.call("look", "GET", path, None, until)
            if answer is None or answer.status != 410:
                return "unusable", None
        if answer is None:
            return "unavailable", None
        return None if answer.ok or answer.status == 410 else ("refused", answer.status)

    def sweep(self, until, keep=None, known=None):
        """Closes what bears the label. Returns the names of what may live on."""
        names = {known} if known else set()
        try:
            names |= {account["name"] for account in self.labelled(until)}
        except Failure:
            names |= set() if known else {"unknown"}
        left = sorted(name for name in names - {keep} if name == "unknown" or self.close(name, until) is not None)
        for name in left:
            log("error", "an account may live on and has to be closed by hand", account=name, label=self.label)
        return left


# ---- Inputs ----


def whole_number(text):
    if not re.fullmatch("[+-]?[0-9]{1,9}", text) or int(text) < 1:
        raise ValueError
    return int(text)


def truth(text):
    if text not in TRUE | FALSE:
        raise ValueError
    return text in TRUE


def one_of(*words):
    def choose(text):
        return words[words.index(text)]

    return choose


def matching(pattern):
    def match(text):
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return match


def address(text):
    """Takes https, and http to this machine alone."""
    parts = urllib.parse.urlsplit(text)
    local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not parts.hostname or parts.query or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        raise ValueError
    return text


LOCATION = {
    "broker_url": (True, address),
    "login_secret_id": (True, matching("[0-9a-fA-F-]{36}")),
    "tenant": (True, matching("[A-Za-z0-9][A-Za-z0-9_-]{0,63}")),
}
ACCOUNT = {
    "permission": (True, one_of(*PERMISSIONS)),
    "encrypted": (True, truth),
    "max_connections": (True, whole_number),
    "lifetime_days": (False, whole_number),
    "durable": (False, truth),
    "protocol": (False, one_of("mqtt", "amqp")),
    "note": (False, matching("(?s).{1,2000}")),
    "approval_secret_id": (False, matching("[0-9a-fA-F-]{36}")),
}


def read(declared, environment):
    """Reads inputs. All that is wrong with them is told at once."""
    values, errors = {}, []
    for name, (required, parse) in declared.items():
        text = environment.get(f"SM_{name.upper()}_VALUE", "")
        if text:
            try:
                values[name] = parse(text)
            except ValueError:
                errors.append(("input.invalid", f"The input “{name}” has a value that it cannot have."))
        elif required:
            errors.append(("input.missing", f"The input “{name}” is required, and has no value."))
    if errors:
        raise Failure(*errors[:10])
    return values


# ---- The two actions ----


class Job:
    """One run. Its time has three parts: for the work, for the report, and for what remains if that fails."""

    def __init__(self, environment):
        begin, seconds = time.monotonic(), float(environment.get("JOB_SECONDS") or 240)
        self.work, self.report, self.end = (begin + seconds * part for part in (0.45, 0.75, 1.0))
        self.environment = environment
        self.manager = SecretsManager(environment)

    def broker(self, inputs):
        """Reads the login secret."""
        data = self.manager.secret("login_secret_id", inputs["login_secret_id"], "kv", self.work).get("data")
        key = data.get("gate_key") if isinstance(data, dict) else None
        if not isinstance(key, str) or not re.fullmatch("[!-~]{1,4096}", key):
            raise Failure(("secret.malformed", "The login secret holds no “gate_key” that the broker could know."))
        return Broker(inputs["broker_url"], inputs["tenant"], key, self.manager.task_id)

    def request(self, inputs):
        """Returns what the broker is asked for."""
        account = {name: inputs[name] for name in ACCOUNT if name in inputs and name != "approval_secret_id"}
        request = {"account": {"label": self.manager.task_id, "lifetime_days": 90, "protocol": "amqp", **account}}
        if "approval_secret_id" in inputs:
            secret = self.manager.secret("approval_secret_id", inputs["approval_secret_id"], "username_password", self.work)
            if not isinstance(secret.get("password"), str):
                raise Failure(("secret.malformed", "The secret “approval_secret_id” holds no password."))
            request["approval"] = secret["password"]
        return request

    def create(self):
        """Makes or adopts the task's account and reports it. Returns the exit status."""
        inputs = read(LOCATION | ACCOUNT, self.environment)
        status = self.manager.status(self.work)
        if status == "credentials_created":
            log("info", "an earlier run of this task has done it")
            return SUCCESS
        broker = self.broker(inputs)
        if status in ("failed", "gone"):
            log("error", "the task takes no report any more", status=status)
            broker.sweep(self.report)
            return UNREPORTED
        try:
            found = [account for account in broker.labelled(self.work) if usable(account)]
            broker.touched = bool(found)
            account = found[0] if found else broker.open(self.request(inputs), self.work)
            return self.deliver(broker, account, adopted=bool(found), url=inputs["broker_url"])
        except Exception as trouble:
            if broker.touched and broker.sweep(self.end) and isinstance(trouble, Failure):
                raise Failure(*trouble.errors, ("create.leftover", "An account may live on. The log says what is known.")) from None
            raise

    def deliver(self, broker, account, adopted, url):
        """Reports an account, and closes it again where the report is not accepted."""
        log("info", "account found" if adopted else "account made", account=account["name"])
        scheme = "amqps" if account["encrypted"] else "amqp"
        payload = {name: account[name] for name in PARTS if name != "name"}
        payload["endpoint"] = f"{scheme}://{urllib.parse.urlsplit(url).hostname}:{account['port']}"
        payload["user_name"] = account["name"]
        report = {"credentials": {"payload": payload, "id": account["name"]}, "status": "credentials_created"}
        outcome = self.manager.update(report, self.report, self.end, adopted)
        if outcome == "accepted":
            return SUCCESS
        # What is left to be done is done here.
        broker.touched = False
        left = broker.sweep(self.end, known=account["name"])
        if outcome == "final":
            return UNREPORTED
        told = "it could not be closed again. The log names it" if left else "it is closed again"
        raise Failure(("report.not-accepted", f"An account was made, but Secrets Manager did not accept its report; {told}."))

    def delete(self):
        """Closes the account and reports it. Returns the exit status."""
        name = self.environment.get("SM_CREDENTIALS_ID", "")
        if not name:
            # Nothing was ever reported for it, so there is nothing to close, today or tomorrow.
            log("info", "no account to close")
            outcome = self.manager.update({"status": "credentials_deleted"}, self.report, self.end)
            return SUCCESS if outcome == "accepted" else UNREPORTED
        if not re.fullmatch("[A-Za-z0-9_-]{1,128}", name):
            raise Failure(("delete.no-id", "There is no SM_CREDENTIALS_ID that could be the name of an account, so nothing was closed."))
        trouble = self.broker(read(LOCATION, self.environment)).close(name, self.work)
        if trouble:
            kind, status = trouble
            told = "" if status is None else f" (status {status})"
            raise Failure((f"delete.{kind}", f"The broker did not close the account{told}. Secrets Manager tries again tomorrow."))
        log("info", "account closed", account=name)
        outcome = self.manager.update({"status": "credentials_deleted"}, self.report, self.end)
        return SUCCESS if outcome == "accepted" else UNREPORTED

    def run(self):
        """Does what the action says, and reports what failed. Returns the exit status."""
        action = self.environment.get("SM_ACTION", "")
        log("info", "job started", action=action, trigger=self.environment.get("SM_TRIGGER"), task=self.manager.task_id)
        try:
            if action == "create_credentials":
                return self.create()
            if action == "delete_credentials":
                return self.delete()
            raise Failure(("action.unknown", "SM_ACTION is neither “create_credentials” nor “delete_credentials”."))
        except Failure as failure:
            errors = failure.errors
        except Exception as defect:  # Whatever it is, the task has to be told.
            log("error", "defect", kind=type(defect).__name__)
            errors = [("provider.defect", "The provider met something that it does not know.")]
        for code, description in errors:
            log("error", code, text=description)
        if self.manager.token is None and errors[0][0] == "provider.no-token":
            return UNREPORTED
        report = {"errors": [{"description": text, "code": code} for code, text in errors], "status": "failed"}
        return REPORTED if self.manager.update(report, self.end, self.end) == "accepted" else UNREPORTED


def main():
    signal.signal(signal.SIGALRM, ring)
    try:
        return Job(os.environ).run()
    except (Failure, ValueError) as failure:
        codes = str(failure) if isinstance(failure, Failure) else "provider.bad-setting"
        log("error", "the task could not be told", codes=codes)
        return UNREPORTED if os.environ.get("SM_SECRET_TASK_ID") else NO_TASK


if __name__ == "__main__":
    sys.exit(main())
