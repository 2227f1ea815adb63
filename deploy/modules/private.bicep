// Private endpoints: from the network, these names lead to addresses inside it.
param environmentName string
param location string
param tags object
param networkId string
param subnetId string
param vaultId string
param storageId string
param registryId string

var services = [
  { name: 'vault', id: vaultId, part: 'vault', zone: 'privatelink.vaultcore.azure.net' }
  { name: 'blob', id: storageId, part: 'blob', zone: 'privatelink.blob.${environment().suffixes.storage}' }
  { name: 'registry', id: registryId, part: 'registry', zone: 'privatelink.azurecr.io' }
]

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [for service in services: {
  name: service.zone
  location: 'global'
  tags: tags
}]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (service, i) in services: {
  parent: zone[i]
  name: 'opal-vnet-${environmentName}'
  location: 'global'
  properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
}]

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = [for service in services: {
  name: 'opal-pe-${service.name}-${environmentName}'
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      { name: service.name, properties: { privateLinkServiceId: service.id, groupIds: [service.part] } }
    ]
  }
}]

resource group 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [for (service, i) in services: {
  parent: endpoint[i]
  name: 'default'
  properties: { privateDnsZoneConfigs: [{ name: service.name, properties: { privateDnsZoneId: zone[i].id } }] }
}]
