// A command that is started by hand or by the workflow, and ends.
param name string
param location string
param tags object
param hostId string
param identityId string
param registryServer string
param image string
param args string[]
@description('Secrets of the vault: name and url.')
param secrets array = []
param env array

resource job 'Microsoft.App/jobs@2025-01-01' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    environmentId: hostId
    workloadProfileName: 'Consumption'
    configuration: {
      triggerType: 'Manual'
      manualTriggerConfig: { parallelism: 1, replicaCompletionCount: 1 }
      replicaTimeout: 1800
      replicaRetryLimit: 0
      secrets: [for secret in secrets: { name: secret.name, keyVaultUrl: secret.url, identity: identityId }]
      registries: [{ server: registryServer, identity: identityId }]
    }
    template: {
      containers: [
        { name: 'opal', image: image, args: args, env: env, resources: { cpu: json('0.5'), memory: '1Gi' } }
      ]
    }
  }
}
