// The virtual network of environments whose database has no public address.
param environmentName string
param location string
param tags object

// In: the clients' requests and what the platform asks; between the subnets all.
resource guard 'Microsoft.Network/networkSecurityGroups@2024-07-01' = {
  name: 'opal-nsg-${environmentName}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'https'
        properties: {
          priority: 100
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '10.40.0.0/23'
          // the second of each pair is the port behind the environment's load balancer
          destinationPortRanges: ['443', '31443', '80', '31080']
        }
      }
      {
        name: 'probes'
        properties: {
          priority: 110
          direction: 'Inbound'
          access: 'Allow'
          protocol: 'Tcp'
          sourceAddressPrefix: 'AzureLoadBalancer'
          sourcePortRange: '*'
          destinationAddressPrefix: '10.40.0.0/23'
          destinationPortRange: '30000-32767'
        }
      }
    ]
  }
}

// The subnet tools is for an operator's container for an hour (README.md); it is
// free, and declared here so that no deployment trips over it.
resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: 'opal-vnet-${environmentName}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.40.0.0/16'] }
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: '10.40.0.0/23'
          networkSecurityGroup: { id: guard.id }
          delegations: [{ name: 'apps', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        name: 'database'
        properties: {
          addressPrefix: '10.40.4.0/28'
          delegations: [{ name: 'database', properties: { serviceName: 'Microsoft.DBforPostgreSQL/flexibleServers' } }]
        }
      }
      {
        name: 'tools'
        properties: {
          addressPrefix: '10.40.5.0/28'
          delegations: [{ name: 'tools', properties: { serviceName: 'Microsoft.ContainerInstance/containerGroups' } }]
        }
      }
      {
        name: 'private'
        properties: { addressPrefix: '10.40.6.0/27' }
      }
    ]
  }
}

resource apps 'Microsoft.Network/virtualNetworks/subnets@2024-07-01' existing = {
  parent: network
  name: 'apps'
}

resource database 'Microsoft.Network/virtualNetworks/subnets@2024-07-01' existing = {
  parent: network
  name: 'database'
}

resource privateSubnet 'Microsoft.Network/virtualNetworks/subnets@2024-07-01' existing = {
  parent: network
  name: 'private'
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: 'opal-${environmentName}.private.postgres.database.azure.com'
  location: 'global'
  tags: tags
}

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = {
  parent: zone
  name: 'opal-vnet-${environmentName}'
  location: 'global'
  properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
}

output id string = network.id
output appsSubnetId string = apps.id
output databaseSubnetId string = database.id
output privateSubnetId string = privateSubnet.id
output databaseZoneId string = zone.id
