// The database. No passwords: its users are identities (users.sql makes them).
param name string
param location string
param tags object
param sku object
param lock bool
@description('Empty: a public address whose firewall lets Azure\'s services in; TLS and Entra ID guard it.')
param subnetId string
param dnsZoneId string
param migrateName string
param migratePrincipalId string
param adminName string
param adminObjectId string

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku.name, tier: sku.tier }
  properties: {
    version: '18'
    storage: { storageSizeGB: sku.storageGb, autoGrow: 'Enabled' }
    backup: { backupRetentionDays: sku.backupDays, geoRedundantBackup: sku.geoBackup ? 'Enabled' : 'Disabled' }
    highAvailability: { mode: sku.highAvailability }
    authConfig: { activeDirectoryAuth: 'Enabled', passwordAuth: 'Disabled', tenantId: tenant().tenantId }
    network: empty(subnetId) ? { publicNetworkAccess: 'Enabled' } : { delegatedSubnetResourceId: subnetId, privateDnsZoneArmResourceId: dnsZoneId }
  }
}

// One after the other, in a chain: the server takes one change at a time, and
// refuses administrators while it works on another.
resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  parent: server
  name: 'opal'
  properties: { charset: 'UTF8', collation: 'en_US.utf8' }
}

// The address 0.0.0.0 stands for Azure's own services, the apps among them.
resource azure 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2025-08-01' = if (empty(subnetId)) {
  parent: server
  name: 'azure-services'
  properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' }
  dependsOn: [database]
}

// The migration job owns the schema.
resource migrate 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = {
  parent: server
  name: migratePrincipalId
  properties: { principalName: migrateName, principalType: 'ServicePrincipal', tenantId: tenant().tenantId }
  dependsOn: [database, azure]
}

resource people 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = {
  parent: server
  name: adminObjectId
  properties: { principalName: adminName, principalType: 'Group', tenantId: tenant().tenantId }
  dependsOn: [migrate]
}

resource keep 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  name: 'opal-keep'
  scope: server
  properties: { level: 'CanNotDelete', notes: 'OPAL\'s database' }
  dependsOn: [people]
}

output id string = server.id
output name string = server.name
output host string = server.properties.fullyQualifiedDomainName
