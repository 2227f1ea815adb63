// Small; the sums of connections fit the smallest server.
using 'apps.bicep'

param environmentName = 'dev'
param image = readEnvironmentVariable('OPAL_IMAGE')
param deployApps = readEnvironmentVariable('OPAL_DEPLOY_APPS', 'false') == 'true'
param revision = readEnvironmentVariable('OPAL_REVISION', 'initial')
param workerRevision = readEnvironmentVariable('OPAL_WORKER_REVISION', readEnvironmentVariable('OPAL_REVISION', 'initial'))
param stableApiRevision = readEnvironmentVariable('OPAL_STABLE_API', '')
param stableBillingRevision = readEnvironmentVariable('OPAL_STABLE_BILLING', '')
param publicBaseUrl = readEnvironmentVariable('OPAL_PUBLIC_BASE_URL', '')
param scoringUrl = readEnvironmentVariable('AML_ENDPOINT_URL')
param scoringKey = readEnvironmentVariable('AML_ENDPOINT_KEY', '')

// none for a trial without keys, such as v0.2.1's "Test 1": README.md
param authMode = readEnvironmentVariable('OPAL_AUTH_MODE', 'api-key')

// Other engines: engines.md.
param placeEngine = 'score'
param cutoutEngine = 'auto'

param billingMode = 'off'
param billingSeller = { name: 'OPAL dev', address: 'No invoices are sent from here', country: 'NL', vatId: '' }
// one stays: it also sends what was put off, and ends what was never uploaded
param minApiReplicas = 1
param maxApiReplicas = 2
param maxBillingReplicas = 1
param maxWorkerReplicas = 2
param workerConcurrency = 1
param connections = { api: 3, billing: 2, worker: 2 }
