// The Container Apps environment that all roles run in.
param environmentName string
param location string
param tags object
param workspaceName string
@description('Empty: no virtual network.')
param subnetId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = {
  name: workspaceName
}

resource host 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: 'opal-env-${environmentName}'
  location: location
  tags: tags
  properties: {
    workloadProfiles: [{ name: 'Consumption', workloadProfileType: 'Consumption' }]
    zoneRedundant: !empty(subnetId)
    vnetConfiguration: empty(subnetId) ? null : { infrastructureSubnetId: subnetId, internal: false }
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: { customerId: workspace.properties.customerId, sharedKey: workspace.listKeys().primarySharedKey }
    }
  }
}

output id string = host.id
output domain string = host.properties.defaultDomain
