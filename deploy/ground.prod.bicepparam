// In a virtual network, over several zones, with locks on what can't be made anew.
using 'ground.bicep'

param environmentName = 'prod'
param publicBaseUrl = readEnvironmentVariable('OPAL_PUBLIC_BASE_URL', '')
param vaultSecrets = split(readEnvironmentVariable('OPAL_SECRETS', ''), ' ')
param watchApps = readEnvironmentVariable('OPAL_WATCH_APPS', 'false') == 'true'
param watchEndpoint = readEnvironmentVariable('OPAL_WATCH_ENDPOINT', '')
param traces = readEnvironmentVariable('OPAL_TRACES', 'false') == 'true'
param alertEmail = readEnvironmentVariable('OPAL_ALERT_EMAIL')
param alertWebhook = readEnvironmentVariable('OPAL_ALERT_WEBHOOK', '')
param runbookUrl = readEnvironmentVariable('OPAL_RUNBOOK_URL', '')
param databaseAdminName = readEnvironmentVariable('OPAL_DB_ADMIN_NAME')
param databaseAdminObjectId = readEnvironmentVariable('OPAL_DB_ADMIN_ID')
param githubSubject = readEnvironmentVariable('OPAL_GITHUB_SUBJECT', '')

param privateNetwork = true
// about $25 a month for three endpoints and $30 for the larger registry; true where a policy asks for it
param privateEndpoints = false
// Where a region has no room for ZoneRedundant (West Europe often has not: preflight.sh asks), take SameZone.
// geoBackup is fixed when the server is made, and doubles what backups cost.
param postgresSku = {
  name: 'Standard_D2ds_v5'
  tier: 'GeneralPurpose'
  // it grows by itself and never shrinks: env.sh says how large it is by now
  storageGb: max(128, int(readEnvironmentVariable('OPAL_POSTGRES_GB', '0')))
  highAvailability: 'ZoneRedundant'
  backupDays: 35
  geoBackup: false
  connections: 844
}
param storageRedundancy = 'Standard_ZRS'
param registrySku = 'Standard'
param logRetentionDays = 90
// the first day of a month; the budget keeps the one that it was made with, and takes no other: env.sh looks
param budgetStart = readEnvironmentVariable('OPAL_BUDGET_START')
param monthlyBudget = 1500
param lockData = true
