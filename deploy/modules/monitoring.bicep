// Where log lines, traces and metrics go. The apps write JSON lines to stdout.
param name string
param environmentName string
param location string
param tags object
param retentionDays int
@description('Gigabytes a day; -1: no bound.')
param quotaGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: quotaGb }
    // no shared keys: the platform and people write and read as themselves
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'opal-insights-${environmentName}'
  location: location
  tags: tags
  kind: 'web'
  properties: { Application_Type: 'web', WorkspaceResourceId: workspace.id }
}

output workspaceId string = workspace.id
output insightsId string = insights.id
output insightsName string = insights.name
