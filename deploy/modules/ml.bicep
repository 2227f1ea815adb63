// The Azure Machine Learning workspace of the scoring endpoint, with an account
// and a vault of its own: the workspace's identity may read all that is in them,
// and OPAL's secrets are not. Endpoint and deployments are made by the files
// under ml/.
param name string
param environmentName string
param suffix string
param location string
param tags object
param registryId string
param insightsId string
param orchestrator string
@description('True: the orchestrator calls the endpoint with a token of its identity.')
param scoringByToken bool

var dataScientist = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f6c7c914-8db3-469d-8ca1-694a8f32e121')

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'opalml${environmentName}${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: 'opal-mk-${environmentName}-${suffix}'
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: 'Enabled'
  }
}

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    friendlyName: 'OPAL scoring (${environmentName})'
    storageAccount: account.id
    keyVault: vault.id
    containerRegistry: registryId
    applicationInsights: insightsId
    // the account has no keys
    systemDatastoresAuthMode: 'identity'
    publicNetworkAccess: 'Enabled'
  }
}

resource score 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (scoringByToken) {
  name: guid(workspace.id, orchestrator, dataScientist)
  scope: workspace
  properties: { roleDefinitionId: dataScientist, principalId: orchestrator, principalType: 'ServicePrincipal' }
}

output id string = workspace.id
output name string = workspace.name
