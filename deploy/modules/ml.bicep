// The Azure Machine Learning workspace of the scoring endpoint. Endpoint and
// deployments are made by the files under ml/.
param environmentName string
param suffix string
param location string
param tags object
param vaultId string
param registryId string
param insightsId string
param orchestrator string
@description('True: the orchestrator calls the endpoint with a token of its identity.')
param scoringByToken bool

var dataScientist = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f6c7c914-8db3-469d-8ca1-694a8f32e121')

// The workspace's own account; OPAL's pictures are not in it.
resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'opalml${environmentName}${suffix}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: { allowBlobPublicAccess: false, minimumTlsVersion: 'TLS1_2', supportsHttpsTrafficOnly: true }
}

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' = {
  name: 'opal-ml-${environmentName}-${suffix}'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    friendlyName: 'OPAL scoring (${environmentName})'
    storageAccount: account.id
    keyVault: vaultId
    containerRegistry: registryId
    applicationInsights: insightsId
    publicNetworkAccess: 'Enabled'
  }
}

resource score 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (scoringByToken) {
  name: guid(workspace.id, orchestrator, dataScientist)
  scope: workspace
  properties: { roleDefinitionId: dataScientist, principalId: orchestrator, principalType: 'ServicePrincipal' }
}

output name string = workspace.name
