// The ground that OPAL stands on: network, data, identities and their rights,
// alerts. People deploy it, rarely; the apps are in apps.bicep, which every push
// deploys and which changes nothing of this. README.md beside this file says in
// which order, and what was not run.
targetScope = 'resourceGroup'

@description('The environment: dev, prod, …; part of every name. Lower-case letters and digits: storage and registry take no others.')
@minLength(2)
@maxLength(8)
param environmentName string

@description('What makes globally unique names unique; the same at every deployment, here and in apps.bicep. Lower-case letters and digits.')
@minLength(3)
@maxLength(6)
param suffix string = take(uniqueString(resourceGroup().id), 6)

// Names that are unique in Azure or in a region. Set those of storage, registry, vault,
// logs and host to v0.2.1's to take its resources over, in apps.bicep, too: upgrade.md.
@minLength(3)
@maxLength(24)
param storageName string = 'opalst${environmentName}${suffix}'
@minLength(6)
@maxLength(50)
param serviceBusName string = 'opal-bus-${environmentName}-${suffix}'
@minLength(3)
@maxLength(63)
param postgresName string = 'opal-pg-${environmentName}-${suffix}'
@minLength(5)
@maxLength(50)
param registryName string = 'opalacr${environmentName}${suffix}'
@minLength(3)
@maxLength(24)
param vaultName string = 'opal-kv-${environmentName}-${suffix}'
@minLength(3)
@maxLength(33)
param workspaceName string = 'opal-ml-${environmentName}-${suffix}'
@minLength(2)
@maxLength(32)
param hostName string = 'opal-env-${environmentName}'
@minLength(4)
@maxLength(63)
param logsName string = 'opal-log-${environmentName}'

param location string = resourceGroup().location

@description('Where clients reach the API, such as https://api.example.com. Empty: the app\'s own address.')
param publicBaseUrl string = ''

@description('The secrets that the vault holds. Each is given to the identities that read it once it is there: a right on a secret needs the secret.')
param vaultSecrets array = []

@description('True: the orchestrator calls Azure ML endpoints with tokens of its identity, not with a key.')
param scoringByToken bool = false

@description('True: the database has no public address, and the apps lie in a virtual network. Fixed at the first deployment.')
param privateNetwork bool
@description('True: vault, storage and registry are reached from the network by private endpoints, too (about $8 a month each; the registry becomes Premium, $50). Needs privateNetwork. Storage keeps its public address: clients upload to it.')
param privateEndpoints bool = false

@description('A GPU profile in the apps\' environment, for cutout-app.bicep. It costs nothing while no replica runs on it; not every region has one. Empty: none.')
@allowed(['', 'Consumption-GPU-NC8as-T4', 'Consumption-GPU-NC24-A100'])
param gpu string = ''

@description('True: traces go to Application Insights, by the environment\'s OpenTelemetry agent, which Azure has as a preview. Each role sends them from its next revision on.')
param traces bool = false

@description('Where alerts go. Empty: they are shown in the portal alone.')
param alertEmail string = ''
@description('A second receiver for what must wake somebody (severity 0 and 1), such as a pager\'s webhook. Empty: none.')
param alertWebhook string = ''
@description('The runbook\'s address, which every alert names.')
param runbookUrl string = ''
@description('True: the apps are there, and are watched.')
param watchApps bool = false
@description('The scoring endpoint to watch. Empty: none.')
param watchEndpoint string = ''

@description('US dollars a month from whose 50, 80 and 100 % on a mail is sent. 0: no budget.')
@minValue(0)
param monthlyBudget int = 0
@description('The first day of a month, as budgets want it: this month\'s at first, and the same ever after, a budget takes no other.')
param budgetStart string

@description('The database\'s size, its second server and its backups; connections is what the size leaves to users.')
param postgresSku {
  name: string
  tier: 'Burstable' | 'GeneralPurpose' | 'MemoryOptimized'
  storageGb: int
  highAvailability: 'Disabled' | 'SameZone' | 'ZoneRedundant'
  backupDays: int
  geoBackup: bool
  connections: int
}
param storageRedundancy string
@description('Basic, Standard or Premium.')
param registrySku string = 'Basic'
param logRetentionDays int
@description('Gigabytes of log lines a day after which no more are taken. -1: no bound.')
param logQuotaGb int = -1
@description('True: database, pictures and vault can\'t be deleted until somebody takes the lock away.')
param lockData bool = false

@description('Who administers the database besides the migration job: a group of Entra ID.')
param databaseAdminName string
param databaseAdminObjectId string

@description('The subject of GitHub\'s tokens, repo:OWNER/NAME:environment:ENV or with numbers (README.md). Empty: no identity for GitHub.')
param githubSubject string = ''

var tags = { app: 'opal', environment: environmentName }

var names = {
  api: 'opal-web-api-${environmentName}'
  orchestrator: 'opal-orchestrator-${environmentName}'
  export: 'opal-export-worker-${environmentName}'
  billing: 'opal-billing-service-${environmentName}'
  migrate: 'opal-migrate-${environmentName}'
  operate: 'opal-operate-${environmentName}'
  scaler: 'opal-scaler-${environmentName}'
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: { environmentName: environmentName, location: location, tags: tags }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: logsName
    environmentName: environmentName
    location: location
    tags: tags
    retentionDays: logRetentionDays
    quotaGb: logQuotaGb
  }
}

module identities 'modules/identities.bicep' = {
  name: 'identities'
  params: { names: names, location: location, tags: tags }
}

module registry 'modules/registry.bicep' = {
  name: 'registry'
  params: {
    name: registryName
    location: location
    tags: tags
    sku: privateEndpoints ? 'Premium' : registrySku
    pullers: [
      identities.outputs.api.principalId
      identities.outputs.orchestrator.principalId
      identities.outputs.export.principalId
      identities.outputs.billing.principalId
      identities.outputs.migrate.principalId
      identities.outputs.operate.principalId
    ]
  }
}

var appsSubnetId = privateNetwork ? network!.outputs.appsSubnetId : ''
var hostProperties = {
  workloadProfiles: concat(
    [{ name: 'Consumption', workloadProfileType: 'Consumption' }],
    empty(gpu) ? [] : [{ name: 'gpu', workloadProfileType: gpu }]
  )
  zoneRedundant: privateNetwork
  vnetConfiguration: privateNetwork ? { infrastructureSubnetId: appsSubnetId, internal: false } : null
  // by a diagnostic setting, not with the workspace's shared key
  appLogsConfiguration: { destination: 'azure-monitor' }
}

module host 'modules/host.bicep' = if (!traces) {
  name: 'host'
  params: {
    name: hostName
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    properties: hostProperties
  }
}

module tracedHost 'modules/host-traced.bicep' = if (traces) {
  name: 'host-traced'
  params: {
    name: hostName
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    properties: hostProperties
    insightsName: monitoring.outputs.insightsName
  }
}

var ownAddress = 'https://${names.api}.${traces ? tracedHost!.outputs.domain : host!.outputs.domain}'

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: storageName
    location: location
    tags: tags
    redundancy: storageRedundancy
    // the console's page sends photos straight to the account
    corsOrigins: [empty(publicBaseUrl) ? ownAddress : publicBaseUrl]
    lock: lockData
    api: identities.outputs.api.principalId
    orchestrator: identities.outputs.orchestrator.principalId
    exporter: identities.outputs.export.principalId
    billing: identities.outputs.billing.principalId
    operate: identities.outputs.operate.principalId
  }
}

module serviceBus 'modules/servicebus.bicep' = {
  name: 'servicebus'
  params: {
    name: serviceBusName
    location: location
    tags: tags
    api: identities.outputs.api.principalId
    orchestrator: identities.outputs.orchestrator.principalId
    exporter: identities.outputs.export.principalId
    billing: identities.outputs.billing.principalId
    operate: identities.outputs.operate.principalId
    scaler: identities.outputs.scaler.principalId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: vaultName
    location: location
    tags: tags
    lock: lockData
    // Who reads which secret; the keys of engines are the orchestrator's.
    readers: filter([
      { secret: 'auth-key-pepper', principal: identities.outputs.api.principalId }
      { secret: 'auth-key-pepper', principal: identities.outputs.billing.principalId }
      { secret: 'auth-key-pepper', principal: identities.outputs.operate.principalId }
      { secret: 'auth-client-secret', principal: identities.outputs.api.principalId }
      { secret: 'mollie-api-key', principal: identities.outputs.api.principalId }
      { secret: 'mollie-api-key', principal: identities.outputs.billing.principalId }
      { secret: 'aml-endpoint-key', principal: identities.outputs.orchestrator.principalId }
      { secret: 'place-endpoint-key', principal: identities.outputs.orchestrator.principalId }
      { secret: 'cutout-endpoint-key', principal: identities.outputs.orchestrator.principalId }
      { secret: 'removebg-api-key', principal: identities.outputs.orchestrator.principalId }
      { secret: 'photoroom-api-key', principal: identities.outputs.orchestrator.principalId }
    ], reader => contains(vaultSecrets, reader.secret))
  }
}

module postgres 'modules/postgres.bicep' = {
  name: 'postgres'
  params: {
    name: postgresName
    location: location
    tags: tags
    sku: postgresSku
    lock: lockData
    subnetId: privateNetwork ? network!.outputs.databaseSubnetId : ''
    dnsZoneId: privateNetwork ? network!.outputs.databaseZoneId : ''
    migrateName: names.migrate
    migratePrincipalId: identities.outputs.migrate.principalId
    adminName: databaseAdminName
    adminObjectId: databaseAdminObjectId
  }
}

module ml 'modules/ml.bicep' = {
  name: 'ml'
  params: {
    name: workspaceName
    environmentName: environmentName
    suffix: suffix
    location: location
    tags: tags
    registryId: registry.outputs.id
    insightsId: monitoring.outputs.insightsId
    orchestrator: identities.outputs.orchestrator.principalId
    scoringByToken: scoringByToken
  }
}

module privateLinks 'modules/private.bicep' = if (privateNetwork && privateEndpoints) {
  name: 'private'
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    networkId: network!.outputs.id
    subnetId: network!.outputs.privateSubnetId
    vaultId: vault.outputs.id
    storageId: storage.outputs.id
    registryId: registry.outputs.id
  }
}

module diagnostics 'modules/diagnostics.bicep' = {
  name: 'diagnostics'
  params: {
    workspaceId: monitoring.outputs.workspaceId
    vaultName: vault.outputs.name
    serviceBusName: serviceBus.outputs.name
    storageName: storage.outputs.name
    registryName: registry.outputs.name
    postgresName: postgres.outputs.name
    workspaceName: ml.outputs.name
  }
}

module github 'modules/github.bicep' = if (!empty(githubSubject)) {
  name: 'github'
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    subject: githubSubject
    identityNames: [names.api, names.orchestrator, names.export, names.billing, names.migrate, names.operate, names.scaler]
    registryName: registry.outputs.name
    workspaceName: ml.outputs.name
  }
  dependsOn: [identities]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    email: alertEmail
    webhook: alertWebhook
    runbookUrl: runbookUrl
    workspaceId: monitoring.outputs.workspaceId
    insightsId: monitoring.outputs.insightsId
    namespaceId: serviceBus.outputs.id
    postgresId: postgres.outputs.id
    postgresConnections: postgresSku.connections
    burstable: postgresSku.tier == 'Burstable'
    vaultId: vault.outputs.id
    endpointId: empty(watchEndpoint) ? '' : '${ml.outputs.id}/onlineEndpoints/${watchEndpoint}'
    apps: watchApps ? [names.api, names.orchestrator, names.export, names.billing] : []
    readyUrl: watchApps ? '${empty(publicBaseUrl) ? ownAddress : publicBaseUrl}/readyz' : ''
    monthlyBudget: monthlyBudget
    budgetStart: budgetStart
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    namespaceId: serviceBus.outputs.id
  }
}

output apiUrl string = ownAddress
output registryName string = registry.outputs.name
output vaultName string = vault.outputs.name
output storageName string = storage.outputs.name
output serviceBusName string = serviceBus.outputs.name
output postgresHost string = postgres.outputs.host
output workspaceName string = ml.outputs.name
output githubClientId string = empty(githubSubject) ? '' : github!.outputs.clientId
