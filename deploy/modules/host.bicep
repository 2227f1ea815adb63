// The Container Apps environment that all roles run in.
param name string
param location string
param tags object
param workspaceId string
@description('Empty: no virtual network.')
param subnetId string
@description('Empty: no GPU profile.')
param gpu string

resource host 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    workloadProfiles: concat(
      [{ name: 'Consumption', workloadProfileType: 'Consumption' }],
      empty(gpu) ? [] : [{ name: 'gpu', workloadProfileType: gpu }]
    )
    zoneRedundant: !empty(subnetId)
    vnetConfiguration: empty(subnetId) ? null : { infrastructureSubnetId: subnetId, internal: false }
    // by the setting below, not with the workspace's shared key
    appLogsConfiguration: { destination: 'azure-monitor' }
  }
}

// The tables ContainerAppConsoleLogs and ContainerAppSystemLogs.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: host
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'allLogs', enabled: true }] }
}

output id string = host.id
output domain string = host.properties.defaultDomain
