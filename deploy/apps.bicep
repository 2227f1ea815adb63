// The apps and jobs of OPAL on the ground that ground.bicep laid: what a push
// deploys. It makes container apps and jobs and nothing else; all that they stand
// on is looked up. First with `deployApps` false: only the jobs are brought to the
// image, so that the migration runs before the code that needs it.
targetScope = 'resourceGroup'

@description('The environment: dev, prod, …; as in ground.bicep.')
@minLength(2)
@maxLength(8)
param environmentName string

@description('As in ground.bicep.')
@minLength(3)
@maxLength(6)
param suffix string = take(uniqueString(resourceGroup().id), 6)

// As in ground.bicep.
param storageName string = 'opalst${environmentName}${suffix}'
param serviceBusName string = 'opal-bus-${environmentName}-${suffix}'
param postgresName string = 'opal-pg-${environmentName}-${suffix}'
param registryName string = 'opalacr${environmentName}${suffix}'
param vaultName string = 'opal-kv-${environmentName}-${suffix}'
param hostName string = 'opal-env-${environmentName}'

param location string = resourceGroup().location

@description('The image of all roles, by digest: registry/opal@sha256:…')
@minLength(71)
param image string

@description('False: the jobs are brought to the image, the apps are left as they are.')
param deployApps bool = false

@description('Names this deployment\'s revisions.')
@maxLength(16)
param revision string = 'initial'
@description('Names the workers\' revisions. The one that was tried stays when the API\'s is promoted under a name of its own.')
@maxLength(16)
param workerRevision string = revision

@description('The revision of the API that keeps the traffic while the new one is tried. Empty: the new one gets it.')
param stableApiRevision string = ''
@description('As stableApiRevision, of the billing service.')
param stableBillingRevision string = ''

@description('Where clients reach the API, such as https://api.example.com. Empty: the app\'s own address.')
param publicBaseUrl string = ''
@description('The API\'s own domain, such as api.example.com. It must be given at every deployment: one without it takes the domain away.')
param customDomain string = ''
@description('The ID of the domain\'s certificate in the environment. Empty: none yet, the domain is bound without TLS.')
param certificateId string = ''

@description('What makes the scenes: the scoring endpoint, or an images-edit endpoint of OpenAI or Azure AI Foundry.')
@allowed(['score', 'openai'])
param placeEngine string = 'score'
@description('For placeEngine openai: the whole URL, …/images/edits, at Azure with its api-version.')
param placeUrl string = ''
@description('For placeEngine openai: the model, or the name of its deployment.')
param placeModel string = ''
@description('For placeEngine openai: low, medium or high. Empty: the model\'s choice.')
param placeQuality string = ''
@description('For placeEngine openai. True: the key is the secret place-endpoint-key. False: the orchestrator\'s identity gets tokens, at Azure alone.')
param placeKeyInVault bool = true

@description('What cuts products out. removebg and photoroom take their key from the secret removebg-api-key or photoroom-api-key.')
@allowed(['auto', 'onnx', 'own', 'studio', 'azureml', 'removebg', 'photoroom'])
param cutoutEngine string = 'auto'
@description('For cutoutEngine azureml: the endpoint of a model that follows ml/contract.')
param cutoutUrl string = ''
@description('For cutoutEngine azureml. True: the key is the secret cutout-endpoint-key. False: the orchestrator\'s identity gets tokens.')
param cutoutKeyInVault bool = true

@description('For placeEngine score: the scoring endpoint, …/score.')
param scoringUrl string = ''

@description('The endpoint\'s key where it comes from the workflow\'s secrets, as v0.2.1 had it. Empty: the vault has it, or there is none.')
@secure()
param scoringKey string = ''

@description('True: the endpoint\'s key is the secret aml-endpoint-key. False: the orchestrator\'s identity gets tokens.')
param scoringKeyInVault bool = true

@description('none asks for no key, as v0.2.1 did: only where environmentName is dev, for a trial.')
@allowed(['api-key', 'oidc', 'none'])
param authMode string = 'api-key'
@description('For authMode oidc: the issuer\'s URL and the audience of its tokens.')
param authIssuer string = ''
param authAudience string = ''
@description('For authMode oidc: OPAL\'s name with the issuer, for the sign-in of browsers, whose secret the vault has as auth-client-secret. Empty: the console has no sign-in.')
param authClientId string = ''
@description('For authMode oidc: the claim of its tokens that names the tenant.')
param authTenantClaim string = 'tenant_id'
@description('For authMode oidc: what each value of the claim roles allows: leads=approve,studio=make.')
param authRoles string = ''

@allowed(['off', 'enforce'])
param billingMode string
@description('The seller as invoices print it: name, address, country (two letters), vatId.')
param billingSeller { name: string, address: string, country: string, vatId: string }
@description('The free credit of each tenant and calendar month, in hundredths of a credit.')
@minValue(0)
param monthlyGrant int = 0

@description('Days that finished jobs and their pictures are kept, where a tenant has no rule of its own. 0: forever.')
@minValue(0)
param retentionDays int = 0
@description('The tenant whose admin keys deal with dead letters by the API. Empty: nobody does.')
param operatorTenant string = ''

param minApiReplicas int
param maxApiReplicas int
param maxBillingReplicas int = 2
param maxWorkerReplicas int
@description('Items that one worker replica works on at once.')
param workerConcurrency int = 2
@description('api, billing, worker: how many connections to the database a replica holds at most. The size of the server bounds their sum: README.md.')
param connections { api: int, billing: int, worker: int } = { api: 10, billing: 5, worker: 5 }

// The orchestrator's keys to its engines: the setting, and the secret of the vault.
var engineKeys = concat(
  placeEngine == 'score' && scoringKeyInVault && empty(scoringKey) ? [{ setting: 'AML_ENDPOINT_KEY', secret: 'aml-endpoint-key' }] : [],
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

module known 'modules/known.bicep' = {
  name: 'known'
  params: {
    names: names
    hostName: hostName
    storageName: storageName
    serviceBusName: serviceBusName
    postgresName: postgresName
    registryName: registryName
    vaultName: vaultName
  }
}

var baseUrl = empty(publicBaseUrl) ? 'https://${names.api}.${known.outputs.domain}' : publicBaseUrl

// The settings, by group; each role has those that it reads. A role is a user of
// the database by its identity's name; a token is its password.
var commonEnv = [
  { name: 'ENV_NAME', value: environmentName }
  { name: 'LOG_LEVEL', value: 'info' }
  { name: 'DATABASE_AUTH', value: 'entra' }
]
var databaseAddress = '@${known.outputs.postgresHost}:5432/opal?sslmode=verify-full'
var storageEnv = [
  { name: 'STORAGE_ACCOUNT_NAME', value: storageName }
  { name: 'STORAGE_RAW_CONTAINER', value: 'raw' }
  { name: 'STORAGE_OUTPUTS_CONTAINER', value: 'outputs' }
  { name: 'STORAGE_EXPORTS_CONTAINER', value: 'exports' }
]
var queueEnv = [
  { name: 'SERVICEBUS_NAMESPACE', value: serviceBusName }
  { name: 'SERVICEBUS_JOBS_QUEUE', value: 'jobs' }
  { name: 'SERVICEBUS_EXPORTS_QUEUE', value: 'exports' }
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
  { name: 'WORKER_CONCURRENCY', value: string(workerConcurrency) }
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
  { name: 'AUTH_TENANT_CLAIM', value: authTenantClaim }
  { name: 'AUTH_ROLES', value: authRoles }
] : [])
// The sign-in of browsers, which is the API's alone.
var signsIn = authMode == 'oidc' && !empty(authClientId)
var signInEnv = concat([
  // the environment's ingress adds the caller's address
  { name: 'RATE_PROXIES', value: '1' }
], signsIn ? [
  { name: 'AUTH_CLIENT_ID', value: authClientId }
  { name: 'AUTH_CLIENT_SECRET', secretRef: 'auth-client-secret' }
] : [])
var signInSecrets = signsIn ? [{ name: 'auth-client-secret', url: '${known.outputs.vaultUri}secrets/auth-client-secret' }] : []

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

var pepperSecrets = [{ name: 'auth-key-pepper', url: '${known.outputs.vaultUri}secrets/auth-key-pepper' }]
var mollieSecrets = billingMode == 'enforce' ? [{ name: 'mollie-api-key', url: '${known.outputs.vaultUri}secrets/mollie-api-key' }] : []

module migrate 'modules/job.bicep' = {
  name: 'migrate'
  params: {
    name: names.migrate
    location: location
    tags: tags
    hostId: known.outputs.hostId
    identityId: known.outputs.migrate.id
    registryServer: known.outputs.registryServer
    image: image
    // it owns the tables, so it gives the others their rights; those who administer the server may look
    args: ['migrate', '--grant-to', join([names.api, names.orchestrator, names.export, names.billing, names.operate], ','), '--read-to', 'azure_pg_admin']
    env: concat(commonEnv, [
      { name: 'AZURE_CLIENT_ID', value: known.outputs.migrate.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.migrate}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: '3' }
    ])
  }
}

// For operators: doctor, queues, tenants and keys, inside the network and
// without anybody's own access.
module operate 'modules/job.bicep' = {
  name: 'operate'
  params: {
    name: names.operate
    location: location
    tags: tags
    hostId: known.outputs.hostId
    identityId: known.outputs.operate.id
    registryServer: known.outputs.registryServer
    image: image
    args: ['doctor']
    secrets: pepperSecrets
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, authEnv, [
      { name: 'AZURE_CLIENT_ID', value: known.outputs.operate.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.operate}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: '3' }
      // a model in the image wants more memory than a job has, and the engines' keys are the orchestrator's alone
      { name: 'CUTOUT_ENGINE', value: 'studio' }
    ])
  }
}

module api 'modules/app.bicep' = if (deployApps) {
  name: 'web-api'
  params: {
    name: names.api
    location: location
    tags: tags
    hostId: known.outputs.hostId
    identityId: known.outputs.api.id
    registryServer: known.outputs.registryServer
    image: image
    args: ['serve-api', '--listen', ':8080']
    cpu: '1.0'
    memory: '2Gi'
    minReplicas: minApiReplicas
    maxReplicas: maxApiReplicas
    revision: revision
    stableRevision: stableApiRevision
    external: true
    customDomain: customDomain
    certificateId: certificateId
    livenessPath: '/healthz'
    drainSeconds: 90
    scale: [{ name: 'http', http: { metadata: { concurrentRequests: '50' } } }]
    secrets: concat(pepperSecrets, mollieSecrets, signInSecrets)
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, authEnv, signInEnv, mollieEnv, [
      { name: 'AZURE_CLIENT_ID', value: known.outputs.api.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.api}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: string(connections.api) }
      { name: 'RATE_LIMIT_PER_SECOND', value: '20' }
      { name: 'CUTOUT_ENGINE', value: cutoutEngine } // previews are cut out as pictures are
    ])
  }
}

module orchestrator 'modules/app.bicep' = if (deployApps) {
  name: 'orchestrator'
  params: {
    name: names.orchestrator
    location: location
    tags: tags
    hostId: known.outputs.hostId
    identityId: known.outputs.orchestrator.id
    scalerIdentityId: known.outputs.scaler.id
    registryServer: known.outputs.registryServer
    image: image
    args: ['orchestrate', '--listen', ':8080']
    cpu: '2.0'
    memory: '4Gi'
    minReplicas: 0
    maxReplicas: maxWorkerReplicas
    revision: workerRevision
    livenessPath: '/livez'
    drainSeconds: 600
    scale: [
      {
        name: 'jobs'
        custom: {
          type: 'azure-servicebus'
          metadata: { namespace: serviceBusName, queueName: 'jobs', messageCount: '4' }
          identity: known.outputs.scaler.id
        }
      }
    ]
    secrets: map(engineKeys, key => { name: key.secret, url: '${known.outputs.vaultUri}secrets/${key.secret}' })
    scoringKey: placeEngine == 'score' ? scoringKey : ''
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, workerEnv, placeEngine == 'score' && !empty(scoringKey) ? [
      { name: 'AML_ENDPOINT_KEY', secretRef: 'aml-endpoint-key' }
    ] : [], [
      { name: 'AZURE_CLIENT_ID', value: known.outputs.orchestrator.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.orchestrator}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: string(connections.worker) }
    ], engineEnv, map(engineKeys, key => { name: key.setting, secretRef: key.secret }))
  }
}

module exporter 'modules/app.bicep' = if (deployApps) {
  name: 'export-worker'
  params: {
    name: names.export
    location: location
    tags: tags
    hostId: known.outputs.hostId
    identityId: known.outputs.export.id
    scalerIdentityId: known.outputs.scaler.id
    registryServer: known.outputs.registryServer
    image: image
    args: ['export', '--listen', ':8080']
    cpu: '2.0'
    memory: '4Gi'
    minReplicas: 0
    maxReplicas: maxWorkerReplicas
    revision: workerRevision
    livenessPath: '/livez'
    drainSeconds: 600
    scale: [
      {
        name: 'exports'
        custom: {
          type: 'azure-servicebus'
          metadata: { namespace: serviceBusName, queueName: 'exports', messageCount: '4' }
          identity: known.outputs.scaler.id
        }
      }
    ]
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, workerEnv, [
      { name: 'AZURE_CLIENT_ID', value: known.outputs.export.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.export}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: string(connections.worker) }
    ])
  }
}

module billing 'modules/app.bicep' = if (deployApps) {
  name: 'billing-service'
  params: {
    name: names.billing
    location: location
    tags: tags
    hostId: known.outputs.hostId
    identityId: known.outputs.billing.id
    registryServer: known.outputs.registryServer
    image: image
    args: ['billing', '--listen', ':8080']
    cpu: '0.5'
    memory: '1Gi'
    minReplicas: 1
    maxReplicas: maxBillingReplicas
    revision: revision
    stableRevision: stableBillingRevision
    external: true
    livenessPath: '/healthz'
    drainSeconds: 90
    scale: [{ name: 'http', http: { metadata: { concurrentRequests: '20' } } }]
    secrets: concat(pepperSecrets, mollieSecrets)
    env: concat(commonEnv, storageEnv, queueEnv, ledgerEnv, authEnv, mollieEnv, [
      { name: 'AZURE_CLIENT_ID', value: known.outputs.billing.clientId }
      { name: 'DATABASE_URL', value: 'postgres://${names.billing}${databaseAddress}' }
      { name: 'DATABASE_MAX_CONNS', value: string(connections.billing) }
      { name: 'RATE_LIMIT_PER_SECOND', value: '20' }
    ])
  }
}

output apiUrl string = baseUrl
