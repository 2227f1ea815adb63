// The Container Apps environment that all roles run in.
param name string
param location string
param tags object
param workspaceId string
@description('See hostProperties in ground.bicep.')
param properties object

resource host 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: properties
}

// The tables ContainerAppConsoleLogs and ContainerAppSystemLogs.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: host
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'allLogs', enabled: true }] }
}

output domain string = host.properties.defaultDomain
