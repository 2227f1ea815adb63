// Small, and reachable without a network of its own.
using 'ground.bicep'

param environmentName = 'dev'
param publicBaseUrl = readEnvironmentVariable('OPAL_PUBLIC_BASE_URL', '')
param vaultSecrets = split(readEnvironmentVariable('OPAL_SECRETS', ''), ' ')
param watchApps = readEnvironmentVariable('OPAL_WATCH_APPS', 'false') == 'true'
param watchEndpoint = readEnvironmentVariable('OPAL_WATCH_ENDPOINT', '')
param traces = readEnvironmentVariable('OPAL_TRACES', 'false') == 'true'
param alertEmail = readEnvironmentVariable('OPAL_ALERT_EMAIL', '')
param runbookUrl = readEnvironmentVariable('OPAL_RUNBOOK_URL', '')
param databaseAdminName = readEnvironmentVariable('OPAL_DB_ADMIN_NAME')
param databaseAdminObjectId = readEnvironmentVariable('OPAL_DB_ADMIN_ID')
param githubSubject = readEnvironmentVariable('OPAL_GITHUB_SUBJECT', '')

param privateNetwork = false
param postgresSku = {
  name: 'Standard_B1ms'
  tier: 'Burstable'
  // it grows by itself and never shrinks: env.sh says how large it is by now
  storageGb: max(32, int(readEnvironmentVariable('OPAL_POSTGRES_GB', '0')))
  highAvailability: 'Disabled'
  backupDays: 7
  geoBackup: false
  connections: 35
}
param storageRedundancy = 'Standard_LRS'
param logRetentionDays = 30
param logQuotaGb = 1
// the first day of a month; the budget keeps the one that it was made with, and takes no other: env.sh looks
param budgetStart = readEnvironmentVariable('OPAL_BUDGET_START')
param monthlyBudget = 250
