// OPAL in one resource group. First without an image: everything but the apps.
// Then with one: the migration job and, when `deployApps` is set, the four apps.
// README.md beside this file says in which order, and what was not run.
targetScope = 'resourceGroup'

@description('The environment: dev, prod, …; part of every name.')
@minLength(2)
@maxLength(8)
param environmentName string

@description('What makes globally unique names unique; the same at every deployment.')
@minLength(3)
@maxLength(6)
param suffix string = take(uniqueString(resourceGroup().id), 6)

// Globally unique names. Set them to those of v0.2.1 to take its resources over.
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

param location string = resourceGroup().location

@description('The image of all roles, by digest: registry/opal@sha256:… Empty: no apps yet.')
param image string = ''

@description('False: the jobs are brought to the image, the apps are left as they are.')
param deployApps bool = false

@description('Names this deployment\'s revisions.')
@maxLength(16)
param revision string = 'initial'

@description('The revision of the API that keeps the traffic until the new one is promoted; empty on the first deployment.')
param stableApiRevision string = ''
@description('As stableApiRevision, of the billing service.')
param stableBillingRevision string = ''

@description('Where clients reach the API, such as https://api.example.com. Empty: the app\'s own address.')
param publicBaseUrl string = ''

@description('What makes the scenes: the scoring endpoint, or an images-edit endpoint of OpenAI or Azure AI Foundry.')
@allowed(['score', 'openai'])
param placeEngine string = 'score'
@description('For placeEngine openai: the whole URL, …/images/edits, at Azure with its api-version.')
param placeUrl string = ''
@description('For placeEngine openai: the model, or the name of its deployment.')
param placeModel string = 'gpt-image-1'
@description('For placeEngine openai: low, medium or high. Empty: the model\'s choice.')
param placeQuality string = ''
@description('For placeEngine openai. True: the key is the secret place-endpoint-key. False: the orchestrator\'s identity gets tokens, at Azure alone.')
param placeKeyInVault bool = true

@description('What cuts products out. removebg and photoroom take their key from the secret removebg-api-key or photoroom-api-key.')
@allowed(['studio', 'azureml', 'removebg', 'photoroom'])
param cutoutEngine string = 'studio'
@description('For cutoutEngine azureml: the endpoint of a model that follows ml/contract.')
param cutoutUrl string = ''
@description('For cutoutEngine azureml. True: the key is the secret cutout-endpoint-key. False: the orchestrator\'s identity gets tokens.')
param cutoutKeyInVault bool = true

@description('For placeEngine score: the scoring endpoint, …/score.')
param scoringUrl string = ''

@description('True: the endpoint\'s key is the secret aml-endpoint-key. False: the orchestrator\'s identity gets tokens.')
param scoringKeyInVault bool = true

@allowed(['api-key', 'oidc'])
param authMode string = 'api-key'
@description('For authMode oidc: the issuer\'s URL and the audience of its tokens.')
param authIssuer string = ''
param authAudience string = ''

@allowed(['off', 'enforce'])
param billingMode string
@description('The seller as invoices print it: name, address, country (two letters), vatId.')
param billingSeller object
@description('The free credit of each tenant and calendar month, in hundredths of a credit.')
@minValue(0)
param monthlyGrant int = 0

@description('Days that finished jobs and their pictures are kept, where a tenant has no rule of its own. 0: for good.')
@minValue(0)
param retentionDays int = 0
@description('The tenant whose admin keys deal with dead letters by the API. Empty: nobody does.')
param operatorTenant string = ''

@description('True: the database has no public address, and all lies in a virtual network. Fixed at the first deployment.')
param privateNetwork bool

@description('Where alerts go. Empty: they are shown in the portal alone.')
param alertEmail string = ''

param minApiReplicas int
param maxApiReplicas int
param maxWorkerReplicas int

@description('name, tier, storageGb, highAvailability, backupDays')
param postgresSku object
param storageRedundancy string
param logRetentionDays int

@description('Who administers the database besides the migration job: a group of Entra ID.')
param databaseAdminName string
param databaseAdminObjectId string

// The orchestrator's keys to its engines: the setting, and the secret of the vault.
var engineKeys = concat(
  placeEngine == 'score' && scoringKeyInVault ? [{ setting: 'AML_ENDPOINT_KEY', secret: 'aml-endpoint-key' }] : [],
  placeEngine == 'openai' && placeKeyInVault ? [{ setting: 'PLACE_ENDPOINT_KEY', secret: 'place-endpoint-key' }] : [],
  cutoutEngine == 'azureml' && cutoutKeyInVault ? [{ setting: 'CUTOUT_ENDPOINT_KEY', secret: 'cutout-endpoint-key' }] : [],
  cutoutEngine == 'removebg' ? [{ setting: 'REMOVEBG_API_KEY', secret: 'removebg-api-key' }] : [],
  cutoutEngine == 'photoroom' ? [{ setting: 'PHOTOROOM_API_KEY', secret: 'photoroom-api-key' }] : []
)

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
  params: { environmentName: environmentName, location: location, tags: tags, retentionDays: logRetentionDays }
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

module host 'modules/host.bicep' = {
  name: 'host'
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    workspaceName: monitoring.outputs.workspaceName
    subnetId: privateNetwork ? network!.outputs.appsSubnetId : ''
  }
}

var ownAddress = 'https://${names.api}.${host.outputs.domain}'
var baseUrl = empty(publicBaseUrl) ? ownAddress : publicBaseUrl

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: storageName
    location: location
    tags: tags
    redundancy: storageRedundancy
    // the console's page sends photos straight to the account
    corsOrigins: [baseUrl]
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
    // With the jobs, so before the apps: roles take minutes to work.
    readers: empty(image) ? [] : concat(
      [
        { secret: 'auth-key-pepper', principal: identities.outputs.api.principalId }
        { secret: 'auth-key-pepper', principal: identities.outputs.operate.principalId }
      ],
      [{ secret: 'auth-key-pepper', principal: identities.outputs.billing.principalId }],
      map(engineKeys, key => { secret: key.secret, principal: identities.outputs.orchestrator.principalId }),
      billingMode == 'enforce' ? [
        { secret: 'mollie-api-key', principal: identities.outputs.billing.principalId }
        { secret: 'mollie-api-key', principal: identities.outputs.api.principalId }
      ] : []
    )
  }
}

module postgres 'modules/postgres.bicep' = {
  name: 'postgres'
  params: {
    name: postgresName
    location: location
    tags: tags
    sku: postgresSku
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
    environmentName: environmentName
    suffix: suffix
    location: location
    tags: tags
    vaultId: vault.outputs.id
    registryId: registry.outputs.id
    insightsId: monitoring.outputs.insightsId
    orchestrator: identities.outputs.orchestrator.principalId
    scoringByToken: (placeEngine == 'score' && !scoringKeyInVault) || (cutoutEngine == 'azureml' && !cutoutKeyInVault)
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    environmentName: environmentName
    location: location
    tags: tags
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    namespaceId: serviceBus.outputs.id
    postgresId: postgres.outputs.id
  }
}

// The settings, by group; each role has those that it reads. A role is a user of
// the database by its identity's name; a token is its password.
var commonEnv = [
  { name: 'ENV_NAME', value: environmentName }
  { name: 'LOG_LEVEL', value: 'info' }
  { name: 'DATABASE_AUTH', value: 'entra' }
]
var databaseAddress = '@${postgres.outputs.host}:5432/${postgres.outputs.database}?sslmode=verify-full'
var storageEnv = [
  { name: 'STORAGE_ACCOUNT_NAME', value: storage.outputs.name }
  { name: 'STORAGE_RAW_CONTAINER', value: storage.outputs.containers.raw }
  { name: 'STORAGE_OUTPUTS_CONTAINER', value: storage.outputs.containers.outputs }
  { name: 'STORAGE_EXPORTS_CONTAINER', value: storage.outputs.containers.exports }
]
var queueEnv = [
  { name: 'SERVICEBUS_NAMESPACE', value: serviceBus.outputs.name }
  { name: 'SERVICEBUS_JOBS_QUEUE', value: serviceBus.outputs.queues.jobs }
  { name: 'SERVICEBUS_EXPORTS_QUEUE', value: serviceBus.outputs.queues.exports }
]
// Whether what is done is paid for: asked where jobs are made, and where they end.
var ledgerEnv = [
  { name: 'BILLING_MODE', value: billingMode }
  { name: 'BILLING_MONTHLY_GRANT', value: string(monthlyGrant) }
  { name: 'BILLING_SELLER_NAME', value: billingSeller.name }
  { name: 'BILLING_SELLER_ADDRESS', value: billingSeller.address }
  { name: 'BILLING_SELLER_COUNTRY', value: billingSeller.country }
  { name: 'BILLING_SELLER_VAT_ID', value: billingSeller.vatId }
]
var mollieEnv = billingMode == 'enforce' ? [{ name: 'MOLLIE_API_KEY', secretRef: 'mollie-api-key' }] : []
var workerEnv = [
  { name: 'WORKER_CONCURRENCY', value: '2' }
  { name: 'WORKER_DRAIN', value: '540s' }
]
var authEnv = concat([
  { name: 'PUBLIC_BASE_URL', value: baseUrl }
  { name: 'AUTH_MODE', value: authMode }
  { name: 'AUTH_KEY_PEPPER', secretRef: 'auth-key-pepper' }
  { name: 'AUTH_OPERATOR_TENANT', value: operatorTenant }
  { name: 'RETENTION_DAYS', value: string(retentionDays) }
], authMode == 'oidc' ? [
  { name: 'AUTH_ISSUER', value: authIssuer }
  { name: 'AUTH_AUDIENCE', value: authAudience }
] : [])

// The orchestrator's engines, and where they are.
var engineEnv = concat(
  [
    { name: 'PLACE_ENGINE', value: placeEngine }
    { name: 'CUTOUT_ENGINE', value: cutoutEngine }
  ],
  placeEngine == 'score' ? [{ name: 'AML_ENDPOINT_URL', value: scoringUrl }] : [
    { name: 'PLACE_ENDPOINT_URL', value: placeUrl }
    { name: 'PLACE_MODEL', value: placeModel }
    { name: 'PLACE_QUALITY', value: placeQuality }
  ],
  cutoutEngine == 'azureml' ? [{ name: 'CUTOUT_ENDPOINT_URL', value: cutoutUrl }] : []
)

var pepperSecrets = [{ name: 'auth-key-pepper', url: '${vault.outputs.uri}secrets/auth-key-pepper' }]
var mollieSecrets = billingMode == 'enforce' ? [{ name: 'mollie-api-key', url: '${vault.outputs.uri}secrets/mollie-api-key' }] : []
var withApps = !empty(image) && deployApps

module migrate 'modules/job.bicep' = if (!empty(image)) {
  name: 'migrate'
  params: {
    name: names.migrate
    location: location
    tags: tags
    hostId: host.outputs.id
    identityId: identities.outputs.migrate.id
    registryServer: registry.outputs.server
    image: image
    args: ['migrate']
    env: concat(commonEnv, [
      { name: 'AZURE_CLIENT_ID', value: identities.outputs.migrate.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.migrate}${databaseAddress}' }
    ])
  }
}

// For operators: doctor, queues, tenants and keys, inside the network and
// without anybody's own access.
module operate 'modules/job.bicep' = if (!empty(image)) {
  name: 'operate'
  params: {
    name: names.operate
    location: location
    tags: tags
    hostId: host.outputs.id
    identityId: identities.outputs.operate.id
    registryServer: registry.outputs.server
    image: image
    args: ['doctor']
    secrets: pepperSecrets
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, authEnv, [
      { name: 'AZURE_CLIENT_ID', value: identities.outputs.operate.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.operate}${databaseAddress}' }
    ])
  }
}

module api 'modules/app.bicep' = if (withApps) {
  name: 'web-api'
  params: {
    name: names.api
    location: location
    tags: tags
    hostId: host.outputs.id
    identityId: identities.outputs.api.id
    registryServer: registry.outputs.server
    image: image
    args: ['serve-api', '--listen', ':8080']
    cpu: '1.0'
    memory: '2Gi'
    minReplicas: minApiReplicas
    maxReplicas: maxApiReplicas
    revision: revision
    stableRevision: stableApiRevision
    external: true
    livenessPath: '/healthz'
    drainSeconds: 90
    scale: [{ name: 'http', http: { metadata: { concurrentRequests: '50' } } }]
    secrets: concat(pepperSecrets, mollieSecrets)
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, authEnv, mollieEnv, [
      { name: 'AZURE_CLIENT_ID', value: identities.outputs.api.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.api}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: '10' }
      { name: 'RATE_LIMIT_PER_SECOND', value: '20' }
    ])
  }
}

module orchestrator 'modules/app.bicep' = if (withApps) {
  name: 'orchestrator'
  params: {
    name: names.orchestrator
    location: location
    tags: tags
    hostId: host.outputs.id
    identityId: identities.outputs.orchestrator.id
    scalerIdentityId: identities.outputs.scaler.id
    registryServer: registry.outputs.server
    image: image
    args: ['orchestrate', '--listen', ':8080']
    cpu: '2.0'
    memory: '4Gi'
    minReplicas: 0
    maxReplicas: maxWorkerReplicas
    revision: revision
    livenessPath: '/livez'
    drainSeconds: 600
    scale: [
      {
        name: 'jobs'
        custom: {
          type: 'azure-servicebus'
          metadata: { namespace: serviceBus.outputs.name, queueName: serviceBus.outputs.queues.jobs, messageCount: '4' }
          identity: identities.outputs.scaler.id
        }
      }
    ]
    secrets: map(engineKeys, key => { name: key.secret, url: '${vault.outputs.uri}secrets/${key.secret}' })
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, workerEnv, [
      { name: 'AZURE_CLIENT_ID', value: identities.outputs.orchestrator.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.orchestrator}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: '5' }
    ], engineEnv, map(engineKeys, key => { name: key.setting, secretRef: key.secret }))
  }
}

module exporter 'modules/app.bicep' = if (withApps) {
  name: 'export-worker'
  params: {
    name: names.export
    location: location
    tags: tags
    hostId: host.outputs.id
    identityId: identities.outputs.export.id
    scalerIdentityId: identities.outputs.scaler.id
    registryServer: registry.outputs.server
    image: image
    args: ['export', '--listen', ':8080']
    cpu: '2.0'
    memory: '4Gi'
    minReplicas: 0
    maxReplicas: maxWorkerReplicas
    revision: revision
    livenessPath: '/livez'
    drainSeconds: 600
    scale: [
      {
        name: 'exports'
        custom: {
          type: 'azure-servicebus'
          metadata: { namespace: serviceBus.outputs.name, queueName: serviceBus.outputs.queues.exports, messageCount: '4' }
          identity: identities.outputs.scaler.id
        }
      }
    ]
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, workerEnv, [
      { name: 'AZURE_CLIENT_ID', value: identities.outputs.export.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.export}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: '5' }
    ])
  }
}

module billing 'modules/app.bicep' = if (withApps) {
  name: 'billing-service'
  params: {
    name: names.billing
    location: location
    tags: tags
    hostId: host.outputs.id
    identityId: identities.outputs.billing.id
    registryServer: registry.outputs.server
    image: image
    args: ['billing', '--listen', ':8080']
    cpu: '0.5'
    memory: '1Gi'
    minReplicas: 1
    maxReplicas: 2
    revision: revision
    stableRevision: stableBillingRevision
    external: true
    livenessPath: '/healthz'
    drainSeconds: 90
    scale: [{ name: 'http', http: { metadata: { concurrentRequests: '20' } } }]
    secrets: concat(pepperSecrets, mollieSecrets)
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, authEnv, mollieEnv, [
      { name: 'AZURE_CLIENT_ID', value: identities.outputs.billing.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.billing}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: '5' }
    ])
  }
}

output apiUrl string = ownAddress
output registryServer string = registry.outputs.server
output registryName string = registry.outputs.name
output vaultName string = vault.outputs.name
output storageName string = storage.outputs.name
output serviceBusName string = serviceBus.outputs.name
output postgresHost string = postgres.outputs.host
output workspaceName string = ml.outputs.name
