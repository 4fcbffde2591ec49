// The two operations of the Secrets Manager API that the provider needs, on the core that IBM's SDKs for Node are made of.
//
// The package @ibm-cloud/secrets-manager of the npm registry, 0.1.1, speaks the first version of the API, which knows no tasks. Its second
// version is generated code that does with the core what stands here, under the same names.

const { BaseService } = require('ibm-cloud-sdk-core');

class SecretsManagerV2 extends BaseService {
  constructor(options) {
    super(options);
    this.setServiceUrl(options.serviceUrl);
  }

  getSecret({ id }) {
    return this.call({ url: '/api/v2/secrets/{id}', method: 'GET', path: { id } });
  }

  replaceSecretTask({ secretId, id, taskPut }) {
    const path = { secret_id: secretId, id };
    return this.call({ url: '/api/v2/secrets/{secret_id}/tasks/{id}', method: 'PUT', path, body: taskPut });
  }

  call(options) {
    const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
    return this.createRequest({ options, defaultOptions: { ...this.baseOptions, headers } });
  }
}

module.exports = { SecretsManagerV2 };
