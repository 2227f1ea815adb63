// Never scaled to nothing where users wait.
using 'apps.bicep'

param environmentName = 'prod'
param image = readEnvironmentVariable('OPAL_IMAGE')
param deployApps = readEnvironmentVariable('OPAL_DEPLOY_APPS', 'false') == 'true'
param revision = readEnvironmentVariable('OPAL_REVISION', 'initial')
param workerRevision = readEnvironmentVariable('OPAL_WORKER_REVISION', readEnvironmentVariable('OPAL_REVISION', 'initial'))
param stableApiRevision = readEnvironmentVariable('OPAL_STABLE_API', '')
param stableBillingRevision = readEnvironmentVariable('OPAL_STABLE_BILLING', '')
param publicBaseUrl = readEnvironmentVariable('OPAL_PUBLIC_BASE_URL', '')
param customDomain = readEnvironmentVariable('OPAL_CUSTOM_DOMAIN', '')
param certificateId = readEnvironmentVariable('OPAL_CERTIFICATE_ID', '')
param scoringUrl = readEnvironmentVariable('AML_ENDPOINT_URL')
param scoringKey = readEnvironmentVariable('AML_ENDPOINT_KEY', '')

// Other engines: engines.md.
param placeEngine = 'score'
param cutoutEngine = 'auto'

param billingMode = 'enforce'
// as invoices print it
param billingSeller = {
  name: readEnvironmentVariable('OPAL_SELLER_NAME')
  address: readEnvironmentVariable('OPAL_SELLER_ADDRESS')
  country: readEnvironmentVariable('OPAL_SELLER_COUNTRY', 'NL')
  vatId: readEnvironmentVariable('OPAL_SELLER_VAT_ID', '')
}
param minApiReplicas = 2
param maxApiReplicas = 10
param maxWorkerReplicas = 20
