// Small, and reachable without a network of its own.
using 'main.bicep'

param environmentName = 'dev'
param image = readEnvironmentVariable('OPAL_IMAGE', '')
param deployApps = readEnvironmentVariable('OPAL_DEPLOY_APPS', 'false') == 'true'
param revision = readEnvironmentVariable('OPAL_REVISION', 'initial')
param stableApiRevision = readEnvironmentVariable('OPAL_STABLE_API', '')
param stableBillingRevision = readEnvironmentVariable('OPAL_STABLE_BILLING', '')
param scoringUrl = readEnvironmentVariable('AML_ENDPOINT_URL', 'https://opal-sd-placement-dev.westeurope.inference.ml.azure.com/score')
param alertEmail = readEnvironmentVariable('OPAL_ALERT_EMAIL', '')
param databaseAdminName = readEnvironmentVariable('OPAL_DB_ADMIN_NAME')
param databaseAdminObjectId = readEnvironmentVariable('OPAL_DB_ADMIN_ID')

// Other engines: README.md, "Choosing engines".
param placeEngine = 'score'
param cutoutEngine = 'studio'

param billingMode = 'off'
param billingSeller = { name: 'OPAL dev', address: 'No invoices are sent from here', country: 'NL', vatId: '' }
param privateNetwork = false
// one stays: it also sends what was put off, and ends what was never uploaded
param minApiReplicas = 1
param maxApiReplicas = 2
param maxWorkerReplicas = 3
param postgresSku = { name: 'Standard_B1ms', tier: 'Burstable', storageGb: 32, highAvailability: false, backupDays: 7 }
param storageRedundancy = 'Standard_LRS'
param logRetentionDays = 30
