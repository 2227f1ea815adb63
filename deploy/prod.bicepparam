// In a virtual network, over several zones, never scaled to nothing where users wait.
using 'main.bicep'

param environmentName = 'prod'
param image = readEnvironmentVariable('OPAL_IMAGE', '')
param deployApps = readEnvironmentVariable('OPAL_DEPLOY_APPS', 'false') == 'true'
param revision = readEnvironmentVariable('OPAL_REVISION', 'initial')
param stableApiRevision = readEnvironmentVariable('OPAL_STABLE_API', '')
param stableBillingRevision = readEnvironmentVariable('OPAL_STABLE_BILLING', '')
param publicBaseUrl = readEnvironmentVariable('OPAL_PUBLIC_BASE_URL', '')
param scoringUrl = readEnvironmentVariable('AML_ENDPOINT_URL')
param alertEmail = readEnvironmentVariable('OPAL_ALERT_EMAIL')
param databaseAdminName = readEnvironmentVariable('OPAL_DB_ADMIN_NAME')
param databaseAdminObjectId = readEnvironmentVariable('OPAL_DB_ADMIN_ID')

// Other engines: README.md, "Choosing engines".
param placeEngine = 'score'
param cutoutEngine = 'studio'

param billingMode = 'enforce'
// as invoices print it
param billingSeller = {
  name: readEnvironmentVariable('OPAL_SELLER_NAME')
  address: readEnvironmentVariable('OPAL_SELLER_ADDRESS')
  country: readEnvironmentVariable('OPAL_SELLER_COUNTRY', 'NL')
  vatId: readEnvironmentVariable('OPAL_SELLER_VAT_ID', '')
}
param privateNetwork = true
param minApiReplicas = 2
param maxApiReplicas = 10
param maxWorkerReplicas = 20
param postgresSku = { name: 'Standard_D2ds_v5', tier: 'GeneralPurpose', storageGb: 128, highAvailability: true, backupDays: 35 }
param storageRedundancy = 'Standard_ZRS'
param logRetentionDays = 90
