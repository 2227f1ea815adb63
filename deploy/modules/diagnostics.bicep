// Who did what to the data: the services' own logs, in the workspace.
param workspaceId string
param vaultName string
param serviceBusName string
param storageName string
param registryName string
param postgresName string
param workspaceName string

var audit = [{ categoryGroup: 'audit', enabled: true }]
var all = [{ categoryGroup: 'allLogs', enabled: true }]

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource serviceBus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBusName
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' existing = {
  parent: account
  name: 'default'
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = {
  name: postgresName
}

resource ml 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = {
  name: workspaceName
}

resource vaultLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: vault
  properties: { workspaceId: workspaceId, logs: audit }
}

resource serviceBusLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: serviceBus
  properties: { workspaceId: workspaceId, logs: audit }
}

// Reads are every download: they would cost more than they tell.
resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: blobs
  properties: { workspaceId: workspaceId, logs: [{ category: 'StorageDelete', enabled: true }] }
}

resource registryLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: registry
  properties: { workspaceId: workspaceId, logs: audit }
}

resource postgresLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: postgres
  properties: { workspaceId: workspaceId, logs: [{ category: 'PostgreSQLLogs', enabled: true }] }
}

resource mlLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: ml
  properties: { workspaceId: workspaceId, logs: all }
}
