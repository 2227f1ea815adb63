// Looks up what ground.bicep made, by name. It makes nothing.
param names object
param hostName string
param storageName string
param serviceBusName string
param postgresName string
param registryName string
param vaultName string

resource host 'Microsoft.App/managedEnvironments@2025-01-01' existing = {
  name: hostName
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource postgres 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = {
  name: postgresName
}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: serviceBusName
}

resource api 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.api
}

resource orchestrator 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.orchestrator
}

resource export 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.export
}

resource billing 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.billing
}

resource migrate 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.migrate
}

resource operate 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.operate
}

resource scaler 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: names.scaler
}

output api object = { id: api.id, clientId: api.properties.clientId }
output orchestrator object = { id: orchestrator.id, clientId: orchestrator.properties.clientId }
output export object = { id: export.id, clientId: export.properties.clientId }
output billing object = { id: billing.id, clientId: billing.properties.clientId }
output migrate object = { id: migrate.id, clientId: migrate.properties.clientId }
output operate object = { id: operate.id, clientId: operate.properties.clientId }
output scaler object = { id: scaler.id }
output hostId string = host.id
output domain string = host.properties.defaultDomain
output registryServer string = registry.properties.loginServer
output vaultUri string = vault.properties.vaultUri
output postgresHost string = postgres.properties.fullyQualifiedDomainName
output storageId string = account.id
output serviceBusId string = namespace.id
