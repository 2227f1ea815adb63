// One identity for each role. They are made first, and their roles with the
// resources, so that an app never starts before it may do what it must.
param names object
param location string
param tags object

resource api 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.api
  location: location
  tags: tags
}

resource orchestrator 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.orchestrator
  location: location
  tags: tags
}

resource export 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.export
  location: location
  tags: tags
}

resource billing 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.billing
  location: location
  tags: tags
}

resource migrate 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.migrate
  location: location
  tags: tags
}

// The operators' job.
resource operate 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.operate
  location: location
  tags: tags
}

// KEDA's own: counting messages needs more rights than any role of OPAL has.
resource scaler 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: names.scaler
  location: location
  tags: tags
}

output api object = { id: api.id, clientId: api.properties.clientId, principalId: api.properties.principalId }
output orchestrator object = { id: orchestrator.id, clientId: orchestrator.properties.clientId, principalId: orchestrator.properties.principalId }
output export object = { id: export.id, clientId: export.properties.clientId, principalId: export.properties.principalId }
output billing object = { id: billing.id, clientId: billing.properties.clientId, principalId: billing.properties.principalId }
output migrate object = { id: migrate.id, clientId: migrate.properties.clientId, principalId: migrate.properties.principalId }
output operate object = { id: operate.id, clientId: operate.properties.clientId, principalId: operate.properties.principalId }
output scaler object = { id: scaler.id, principalId: scaler.properties.principalId }
