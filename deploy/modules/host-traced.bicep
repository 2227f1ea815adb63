// The same environment as host.bicep, with the managed OpenTelemetry agent: it gives every
// app OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_PROTOCOL, and passes what they send
// to it on to Application Insights. Azure has the agent in preview versions alone, so that
// nothing but ground.bicep's switch leads here.
param name string
param location string
param tags object
param workspaceId string
@description('See hostProperties in ground.bicep.')
param properties object
param insightsName string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource host 'Microsoft.App/managedEnvironments@2025-02-02-preview' = {
  name: name
  location: location
  tags: tags
  properties: union(properties, {
    appInsightsConfiguration: { connectionString: insights.properties.ConnectionString }
    // the log goes its own way, see below
    openTelemetryConfiguration: { tracesConfiguration: { destinations: ['appInsights'] } }
  })
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'opal'
  scope: host
  properties: { workspaceId: workspaceId, logs: [{ categoryGroup: 'allLogs', enabled: true }] }
}

output domain string = host.properties.defaultDomain
