// Stable Diffusion on a Container Apps GPU, instead of a managed online endpoint:
// it scales to nothing when nobody wants a picture, so it costs cents in dev, and
// has no limit of 180 s. OPAL calls it like the endpoint, by AML_ENDPOINT_URL and
// AML_ENDPOINT_KEY. ../ml/README.md says how, and what it costs.
//
//   az deployment group create -g $GROUP -n sd -f deploy/sd-gpu-app.bicep -p environmentName=$OPAL_ENVIRONMENT image=$SD_IMAGE allowedHosts=$STORAGE.blob.core.windows.net
//
// A GPU profile is not to be had in every region, and needs quota: az containerapp env workload-profile list-supported -l LOCATION
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
param logsName string = 'opal-log-${environmentName}'
param location string = resourceGroup().location

@description('The image of ml/sd by digest, with the weights in it or fetched from the hub once a replica.')
@minLength(71)
param image string
@description('Where inputs are fetched and pictures written: the storage account\'s host.')
param allowedHosts string
@description('T4 has 16 GB and no bf16: SDXL. A100 has 80 GB: FLUX.2 and larger.')
@allowed(['Consumption-GPU-NC8as-T4', 'Consumption-GPU-NC24-A100'])
param gpu string = 'Consumption-GPU-NC8as-T4'
@description('sdxl, flux2-klein, z-image or qwen-image-edit. Empty: what the weights\' model_index.json names.')
param pipeline string = ''
@description('A folder of the image that holds the weights. Empty: they come from the hub, at modelRevision.')
param modelDir string = '/models'
param modelId string = ''
param modelRevision string = ''
@minValue(0)
param maxReplicas int = 1

var gpuHost = 'opal-gpu-${environmentName}'
var tags = { app: 'opal', environment: environmentName }
var acrPull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
var secretsUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'opal-sd-${environmentName}'
  location: location
  tags: tags
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

// The key that callers bring. Make it first: it is the orchestrator's, too.
resource key 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = {
  parent: vault
  name: 'aml-endpoint-key'
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

// An environment of its own: the apps' is not changed for a trial.
resource host 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: gpuHost
  location: location
  tags: tags
  properties: {
    workloadProfiles: [
      { name: 'Consumption', workloadProfileType: 'Consumption' }
      { name: 'gpu', workloadProfileType: gpu }
    ]
    appLogsConfiguration: { destination: 'azure-monitor' }
  }
}

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: logsName
}

// The service's lines, beside those of the apps.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: host
  properties: { workspaceId: workspace.id, logs: [{ categoryGroup: 'allLogs', enabled: true }] }
}

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: 'opal-sd-${environmentName}'
  location: location
  tags: tags
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identity.id}': {} } }
  properties: {
    environmentId: host.id
    workloadProfileName: 'gpu'
    configuration: {
      activeRevisionsMode: 'Single'
      registries: [{ server: registry.properties.loginServer, identity: identity.id }]
      secrets: [{ name: 'score-key', keyVaultUrl: '${vault.properties.vaultUri}secrets/aml-endpoint-key', identity: identity.id }]
      ingress: { external: true, targetPort: 8080, transport: 'auto', allowInsecure: false }
    }
    template: {
      terminationGracePeriodSeconds: 240
      containers: [
        {
          name: 'sd'
          image: image
          resources: gpu == 'Consumption-GPU-NC8as-T4' ? { cpu: json('8'), memory: '56Gi' } : { cpu: json('24'), memory: '220Gi' }
          env: [
            { name: 'SCORE_AUTH', value: 'key' }
            { name: 'SCORE_KEY', secretRef: 'score-key' }
            { name: 'SCORE_ALLOWED_HOSTS', value: allowedHosts }
            { name: 'SCORE_CONCURRENCY', value: '1' }
            { name: 'SD_PIPELINE', value: pipeline }
            { name: 'SD_MODEL_DIR', value: modelDir }
            { name: 'SD_MODEL_ID', value: modelId }
            { name: 'SD_MODEL_REVISION', value: modelRevision }
          ]
          // Loading the weights takes minutes: 30 × 20 s.
          probes: [
            { type: 'Startup', httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 20, failureThreshold: 30, timeoutSeconds: 5 }
            { type: 'Liveness', httpGet: { path: '/livez', port: 8080 }, periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5 }
            { type: 'Readiness', httpGet: { path: '/readyz', port: 8080 }, periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 5 }
          ]
        }
      ]
      // One call for each GPU; the orchestrator's calls wake it, and wait.
      scale: { minReplicas: 0, maxReplicas: maxReplicas, rules: [{ name: 'http', http: { metadata: { concurrentRequests: '2' } } }] }
    }
  }
  dependsOn: [pull, read]
}

output scoringUrl string = 'https://${app.properties.configuration.ingress.fqdn}/score'
