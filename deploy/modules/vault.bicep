// Secrets. Their values are put in by hand (README.md); an identity reads the
// one secret that its role needs, and no other.
param name string
param location string
param tags object
param lock bool
@description('Which principal reads which secret: { secret, principal }. The secrets must be there.')
param readers array

var secretsUser = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    // Container Apps fetch the apps' secrets from outside the network
    publicNetworkAccess: 'Enabled'
  }
}

resource secret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' existing = [for reader in readers: {
  parent: vault
  name: reader.secret
}]

resource read 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (reader, i) in readers: {
  name: guid(vault.id, reader.secret, reader.principal, secretsUser)
  scope: secret[i]
  properties: { roleDefinitionId: secretsUser, principalId: reader.principal, principalType: 'ServicePrincipal' }
}]

resource keep 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  name: 'opal-keep'
  scope: vault
  properties: { level: 'CanNotDelete', notes: 'OPAL\'s secrets' }
}

output id string = vault.id
output name string = vault.name
