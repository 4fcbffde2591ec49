// Credentials provider for JFrog Artifactory access tokens, on the core of IBM's SDKs for Node.

const { IamAuthenticator } = require('ibm-cloud-sdk-core');
const { SecretsManagerV2 } = require('./secrets-manager');

const TIMEOUT_MILLISECONDS = 30_000;

class ProviderError extends Error {
  constructor(code, description, cause) {
    super(description, { cause });
    this.code = code;
  }
}

function required(name) {
  const value = process.env[name];
  if (!value) {
    throw new ProviderError('CONFIGURATION_ERROR', `The variable ${name} is not set.`);
  }
  return value;
}

function integer(name) {
  const value = Number(process.env[name]);
  if (!Number.isInteger(value)) {
    throw new ProviderError('CONFIGURATION_ERROR', `The variable ${name} is not an integer.`);
  }
  return value;
}

const secretsManager = new SecretsManagerV2({
  authenticator: new IamAuthenticator({ apikey: process.env.SM_ACCESS_APIKEY }),
  serviceUrl: process.env.SM_INSTANCE_URL,
});
secretsManager.enableRetries({ maxRetries: 4, maxRetryInterval: 30 });

function updateTask(taskPut) {
  const { SM_SECRET_ID: secretId, SM_SECRET_TASK_ID: id } = process.env;
  return secretsManager.replaceSecretTask({ secretId, id, taskPut });
}

async function loginSecret() {
  try {
    const response = await secretsManager.getSecret({ id: required('SM_LOGIN_SECRET_ID_VALUE') });
    return response.result.payload;
  } catch (error) {
    throw new ProviderError('LOGIN_SECRET_ERROR', `The login secret could not be read: ${error.message}`, error);
  }
}

async function artifactory(method, path, login, body) {
  const url = new URL(`/access/api/v1/tokens${path}`, required('SM_URL_VALUE'));
  const headers = { Authorization: `Bearer ${login}`, 'Content-Type': 'application/json' };
  const signal = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
  const response = await fetch(url, { method, headers, body: body && JSON.stringify(body), signal });
  if (!response.ok) {
    throw new Error(`Artifactory answered ${response.status}: ${await response.text()}`);
  }
  return response;
}

async function createToken(login) {
  const request = { scope: required('SM_SCOPE_VALUE') };
  if (process.env.SM_USERNAME_VALUE) {
    request.username = process.env.SM_USERNAME_VALUE;
  }
  if (process.env.SM_EXPIRES_IN_VALUE) {
    request.expires_in = integer('SM_EXPIRES_IN_VALUE');
  }
  try {
    return await (await artifactory('POST', '', login, request)).json();
  } catch (error) {
    throw new ProviderError('CREATE_TOKEN_ERROR', error.message, error);
  }
}

async function revokeToken(login, id) {
  try {
    await artifactory('DELETE', `/${id}`, login);
  } catch (error) {
    throw new ProviderError('REVOKE_TOKEN_ERROR', error.message, error);
  }
}

async function create() {
  const login = await loginSecret();
  const token = await createToken(login);
  console.log(`created token ${token.token_id}`);
  try {
    const credentials = { id: token.token_id, payload: { token: token.access_token } };
    await updateTask({ status: 'credentials_created', credentials });
  } catch (error) {
    console.error(`the task could not be updated (${error.message}), token ${token.token_id} is revoked again`);
    await revokeToken(login, token.token_id);
    throw error;
  }
}

async function remove() {
  const id = required('SM_CREDENTIALS_ID');
  await revokeToken(await loginSecret(), id);
  console.log(`revoked token ${id}`);
  await updateTask({ status: 'credentials_deleted' });
}

async function run() {
  const action = process.env.SM_ACTION;
  if (action === 'create_credentials') {
    await create();
  } else if (action === 'delete_credentials') {
    await remove();
  } else {
    throw new ProviderError('UNKNOWN_ACTION', `The action ${action} is not known.`);
  }
}

async function main() {
  try {
    await run();
  } catch (error) {
    console.error(`${error.code}: ${error.message}`);
    process.exitCode = 1;
    if (error instanceof ProviderError) {
      await updateTask({ status: 'failed', errors: [{ code: error.code, description: error.message }] });
    }
  }
}

main();
