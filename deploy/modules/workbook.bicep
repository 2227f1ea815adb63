// One page for whoever looks: items in and out, how long steps take, failures by
// code, queues, replicas, calls.
param environmentName string
param location string
param tags object
param workspaceId string
param namespaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'opal-workbook', environmentName)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'OPAL (${environmentName})'
    category: 'workbook'
    sourceId: workspaceId
    version: '1.0'
    serializedData: replace(loadTextContent('../dashboards/workbook.json'), 'SERVICE_BUS_NAMESPACE_ID', namespaceId)
  }
}
