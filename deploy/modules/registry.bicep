// The container registry. Nobody has a password for it.
param name string
param location string
param tags object
param sku string
@description('Principal IDs that may pull.')
param pullers array

var acrPull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku }
  properties: { adminUserEnabled: false, anonymousPullEnabled: false }
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for principal in pullers: {
  name: guid(registry.id, principal, acrPull)
  scope: registry
  properties: { roleDefinitionId: acrPull, principalId: principal, principalType: 'ServicePrincipal' }
}]

output id string = registry.id
output name string = registry.name
