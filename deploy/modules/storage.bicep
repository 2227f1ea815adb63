// Pictures: what was uploaded, what was made, what is delivered. No account
// keys: every access is an identity's, every URL signed with its delegated key.
param name string
param location string
param tags object
param redundancy string
param lock bool
param corsOrigins string[]
param api string
param orchestrator string
param exporter string
param billing string
param operate string

var containerNames = { raw: 'raw', outputs: 'outputs', exports: 'exports' }

var role = {
  contributor: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')
  reader: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1')
  delegator: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a')
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    // clients upload to it directly
    publicNetworkAccess: 'Enabled'
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    changeFeed: { enabled: true, retentionInDays: 15 }
    deleteRetentionPolicy: { enabled: true, days: 14 }
    // all of it as it was at a moment of the last 13 days
    restorePolicy: { enabled: true, days: 13 }
    containerDeleteRetentionPolicy: { enabled: true, days: 14 }
    cors: {
      corsRules: empty(corsOrigins) ? [] : [
        {
          allowedOrigins: corsOrigins
          allowedMethods: ['GET', 'HEAD', 'PUT']
          allowedHeaders: ['content-type', 'x-ms-blob-type']
          exposedHeaders: ['etag', 'x-ms-error-code']
          maxAgeInSeconds: 3600
        }
      ]
    }
  }
}

resource raw 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: containerNames.raw
  properties: { publicAccess: 'None' }
}

resource outputs 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: containerNames.outputs
  properties: { publicAccess: 'None' }
}

resource exports 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = {
  parent: blobs
  name: containerNames.exports
  properties: { publicAccess: 'None' }
}

// Old pictures get cheap. Nothing is deleted here but old versions: how long
// pictures are kept is the API's to carry out (RETENTION_DAYS).
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'uploads'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${containerNames.raw}/'] }
            actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 30 } } }
          }
        }
        {
          name: 'results'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${containerNames.outputs}/', '${containerNames.exports}/'] }
            actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 60 } } }
          }
        }
        {
          name: 'versions'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'] }
            actions: { version: { delete: { daysAfterCreationGreaterThan: 15 } } }
          }
        }
      ]
    }
  }
}

// Signed URLs: a delegated key is asked of the account.
resource delegate 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for principal in [api, orchestrator, exporter]: {
  name: guid(account.id, principal, role.delegator)
  scope: account
  properties: { roleDefinitionId: role.delegator, principalId: principal, principalType: 'ServicePrincipal' }
}]

// The API takes uploads, signs URLs that read what was made, and deletes the
// files of jobs that a tenant deletes or whose retention is over.
resource apiRaw 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(raw.id, api, role.contributor)
  scope: raw
  properties: { roleDefinitionId: role.contributor, principalId: api, principalType: 'ServicePrincipal' }
}

resource apiOutputs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(outputs.id, api, role.contributor)
  scope: outputs
  properties: { roleDefinitionId: role.contributor, principalId: api, principalType: 'ServicePrincipal' }
}

resource apiExports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(exports.id, api, role.contributor)
  scope: exports
  properties: { roleDefinitionId: role.contributor, principalId: api, principalType: 'ServicePrincipal' }
}

// The orchestrator reads uploads and writes what it makes.
resource orchestratorRaw 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(raw.id, orchestrator, role.reader)
  scope: raw
  properties: { roleDefinitionId: role.reader, principalId: orchestrator, principalType: 'ServicePrincipal' }
}

resource orchestratorOutputs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(outputs.id, orchestrator, role.contributor)
  scope: outputs
  properties: { roleDefinitionId: role.contributor, principalId: orchestrator, principalType: 'ServicePrincipal' }
}

// The export worker reads layers and writes variants and archives. Its probe
// looks into raw, as every role's does.
resource exporterRaw 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(raw.id, exporter, role.reader)
  scope: raw
  properties: { roleDefinitionId: role.reader, principalId: exporter, principalType: 'ServicePrincipal' }
}

resource exporterOutputs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(outputs.id, exporter, role.reader)
  scope: outputs
  properties: { roleDefinitionId: role.reader, principalId: exporter, principalType: 'ServicePrincipal' }
}

resource exporterExports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(exports.id, exporter, role.contributor)
  scope: exports
  properties: { roleDefinitionId: role.contributor, principalId: exporter, principalType: 'ServicePrincipal' }
}

// The billing service makes no pictures; its readiness looks into raw.
resource billingRaw 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(raw.id, billing, role.reader)
  scope: raw
  properties: { roleDefinitionId: role.reader, principalId: billing, principalType: 'ServicePrincipal' }
}

// The operators' doctor looks into all three.
resource operateRaw 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(raw.id, operate, role.reader)
  scope: raw
  properties: { roleDefinitionId: role.reader, principalId: operate, principalType: 'ServicePrincipal' }
}

resource operateOutputs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(outputs.id, operate, role.reader)
  scope: outputs
  properties: { roleDefinitionId: role.reader, principalId: operate, principalType: 'ServicePrincipal' }
}

resource operateExports 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(exports.id, operate, role.reader)
  scope: exports
  properties: { roleDefinitionId: role.reader, principalId: operate, principalType: 'ServicePrincipal' }
}

resource keep 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  name: 'opal-keep'
  scope: account
  properties: { level: 'CanNotDelete', notes: 'OPAL\'s pictures' }
}

output id string = account.id
output name string = account.name
