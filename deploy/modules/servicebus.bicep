// The two queues. No keys: senders, receivers and the scaler are identities.
param name string
param location string
param tags object
param api string
param orchestrator string
param exporter string
param billing string
param operate string
param scaler string

var role = {
  sender: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39')
  receiver: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0')
  // Which role the scaler's counting needs is not documented. This one has it;
  // it is given for the queue alone.
  owner: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '090c5cfd-751d-490a-894a-3ce6f1109419')
}

// Fixed when a queue is made; to change them, make the queue anew.
var queueProperties = {
  lockDuration: 'PT1M'
  maxDeliveryCount: 10
  defaultMessageTimeToLive: 'P14D'
  deadLetteringOnMessageExpiration: true
  requiresDuplicateDetection: true
  duplicateDetectionHistoryTimeWindow: 'PT10M'
  enablePartitioning: false
  requiresSession: false
  maxSizeInMegabytes: 1024
}

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Standard' }
  properties: { disableLocalAuth: true, minimumTlsVersion: '1.2' }
}

resource jobs 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: 'jobs'
  properties: queueProperties
}

resource exports 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: namespace
  name: 'exports'
  properties: queueProperties
}

// Every role sends its own outbox rows, and those that another left.
resource sendJobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for principal in [api, orchestrator, exporter, billing, operate]: {
  name: guid(jobs.id, principal, role.sender)
  scope: jobs
  properties: { roleDefinitionId: role.sender, principalId: principal, principalType: 'ServicePrincipal' }
}]

resource sendExports 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for principal in [api, orchestrator, exporter, billing, operate]: {
  name: guid(exports.id, principal, role.sender)
  scope: exports
  properties: { roleDefinitionId: role.sender, principalId: principal, principalType: 'ServicePrincipal' }
}]

resource receiveJobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(jobs.id, orchestrator, role.receiver)
  scope: jobs
  properties: { roleDefinitionId: role.receiver, principalId: orchestrator, principalType: 'ServicePrincipal' }
}

resource receiveExports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(exports.id, exporter, role.receiver)
  scope: exports
  properties: { roleDefinitionId: role.receiver, principalId: exporter, principalType: 'ServicePrincipal' }
}

// Operators read dead letters and send them again, by their job or the API.
resource operateJobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for principal in [api, operate]: {
  name: guid(jobs.id, principal, role.receiver)
  scope: jobs
  properties: { roleDefinitionId: role.receiver, principalId: principal, principalType: 'ServicePrincipal' }
}]

resource operateExports 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for principal in [api, operate]: {
  name: guid(exports.id, principal, role.receiver)
  scope: exports
  properties: { roleDefinitionId: role.receiver, principalId: principal, principalType: 'ServicePrincipal' }
}]

resource countJobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(jobs.id, scaler, role.owner)
  scope: jobs
  properties: { roleDefinitionId: role.owner, principalId: scaler, principalType: 'ServicePrincipal' }
}

resource countExports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(exports.id, scaler, role.owner)
  scope: exports
  properties: { roleDefinitionId: role.owner, principalId: scaler, principalType: 'ServicePrincipal' }
}

output id string = namespace.id
output name string = namespace.name
