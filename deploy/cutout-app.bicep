// The learned cut-out as a container app beside the others, so that workers need no
// model: the image of ../ml/cutout, called from inside the environment alone. It
// scales to nothing. ../ml/README.md says how to build the image and bring the
// orchestrator to it (cutoutEngine azureml, cutoutUrl of this deployment's output).
//
//   az deployment group create -g $GROUP -n cutout -f deploy/cutout-app.bicep -p environmentName=$OPAL_ENVIRONMENT image=$CUTOUT_IMAGE
//
// With gpu, the image is one built with DEVICE=cuda, and the ground has the same gpu.
targetScope = 'resourceGroup'

@description('As in ground.bicep.')
@minLength(2)
@maxLength(8)
param environmentName string
@minLength(3)
@maxLength(6)
param suffix string = take(uniqueString(resourceGroup().id), 6)
param registryName string = 'opalacr${environmentName}${suffix}'
param vaultName string = 'opal-kv-${environmentName}-${suffix}'
param hostName string = 'opal-env-${environmentName}'
param location string = resourceGroup().location

@description('The image of ml/cutout by digest, with the model in it; for gpu, built with DEVICE=cuda.')
@minLength(71)
param image string
@description('Pictures that one replica works on at once; each holds the model in memory.')
@minValue(1)
param concurrency int = 2
@description('The ground\'s GPU profile. Empty: the processor computes.')
@allowed(['', 'Consumption-GPU-NC8as-T4', 'Consumption-GPU-NC24-A100'])
param gpu string = ''
@description('Cores and memory of a replica without gpu: a core and 2 Gi for each picture suit ISNet. With gpu a replica has the profile\'s.')
param cpu string = '2'
param memory string = '4Gi'
@minValue(0)
param minReplicas int = 0
@minValue(1)
param maxReplicas int = 3

var name = 'opal-cutout-${environmentName}'
var tags = { app: 'opal', environment: environmentName }
var acrPull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
var secretsUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

resource host 'Microsoft.App/managedEnvironments@2025-01-01' existing = {
  name: hostName
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

// The key that the orchestrator brings. Make it first.
resource key 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  parent: vault
  name: 'cutout-endpoint-key'
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, identity.id, acrPull)
  scope: registry
  properties: { roleDefinitionId: acrPull, principalId: identity.properties.principalId, principalType: 'ServicePrincipal' }
}

resource read 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(key.id, identity.id, secretsUser)
  scope: key
  properties: { roleDefinitionId: secretsUser, principalId: identity.properties.principalId, principalType: 'ServicePrincipal' }
}

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    environmentId: host.id
    workloadProfileName: empty(gpu) ? 'Consumption' : 'gpu'
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registry.properties.loginServer, identity: identity.id }]
      secrets: [{ name: 'score-key', keyVaultUrl: '${vault.properties.vaultUri}secrets/cutout-endpoint-key', identity: identity.id }]
      ingress: { external: false, targetPort: 8080, transport: 'auto', allowInsecure: false }
    }
    template: {
      terminationGracePeriodSeconds: 240
      containers: [
        {
          name: 'cutout'
          image: image
          args: ['score', '--listen', ':8080']
          resources: gpu == 'Consumption-GPU-NC8as-T4'
            ? { cpu: json('8'), memory: '56Gi' }
            : gpu == 'Consumption-GPU-NC24-A100' ? { cpu: json('24'), memory: '220Gi' } : { cpu: json(cpu), memory: memory }
          env: [
            { name: 'ENV_NAME', value: environmentName }
            { name: 'SCORE_ENGINE', value: 'cutout' }
            { name: 'SCORE_AUTH', value: 'key' }
            { name: 'SCORE_KEY', secretRef: 'score-key' }
            { name: 'SCORE_CONCURRENCY', value: string(concurrency) }
            // An image without CUDA refuses 'cuda' before it listens.
            { name: 'CUTOUT_DEVICE', value: empty(gpu) ? 'cpu' : 'cuda' }
          ]
          volumeMounts: [{ volumeName: 'tmp', mountPath: '/tmp' }]
          // The model is tried before the service listens: 36 × 5 s.
          probes: [
            { type: 'Startup', httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 5, failureThreshold: 36, timeoutSeconds: 5 }
            { type: 'Liveness', httpGet: { path: '/livez', port: 8080 }, periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 }
            { type: 'Readiness', httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 5, failureThreshold: 3, timeoutSeconds: 5 }
          ]
        }
      ]
      // The service admits three calls for each that it works on, and refuses more.
      scale: { minReplicas: minReplicas, maxReplicas: maxReplicas, rules: [{ name: 'http', http: { metadata: { concurrentRequests: string(concurrency) } } }] }
      volumes: [{ name: 'tmp', storageType: 'EmptyDir' }]
    }
  }
  dependsOn: [pull, read]
}

output cutoutUrl string = 'https://${app.properties.configuration.ingress.fqdn}/score'
