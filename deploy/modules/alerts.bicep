// What wakes somebody. Severity 0 and 1 also go to the webhook: they want
// somebody now. 2 and 3 wait for the morning. README.md, "Alerts", says what to
// do about each, and every alert names it.
param environmentName string
param location string
param tags object
@description('Empty: nobody is written to.')
param email string
@description('Empty: nobody is woken.')
param webhook string
param runbookUrl string
param workspaceId string
param insightsId string
param namespaceId string
param postgresId string
@description('How many connections the server leaves to users.')
param postgresConnections int
@description('True: the server saves up CPU credits, and can run out of them.')
param burstable bool
param vaultId string
@description('Empty: no scoring endpoint is watched.')
param endpointId string
@description('The container apps that are there; the first is the API. Empty: none yet.')
param apps string[]
@description('Asked from outside every five minutes. Empty: not yet.')
param readyUrl string
param monthlyBudget int
param budgetStart string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'opal-mail-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'opal'
    enabled: true
    emailReceivers: [{ name: 'on-call', emailAddress: email, useCommonAlertSchema: true }]
  }
}

resource pager 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(webhook)) {
  name: 'opal-pager-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'opal-now'
    enabled: true
    webhookReceivers: [{ name: 'pager', serviceUri: webhook, useCommonAlertSchema: true }]
  }
}

var mailTo = empty(email) ? [] : [people.id]
var wakeBy = empty(webhook) ? [] : [pager.id]

// Metric alerts. `split` makes one series of each value of a dimension, so that
// one queue's silence doesn't hide the other's noise.
var queues = { name: 'EntityName', operator: 'Include', values: ['jobs', 'exports'] }
var metrics = concat(
  [
    { name: 'dead-letters', severity: 1, scope: namespaceId, metric: 'DeadletteredMessages', aggregation: 'Maximum', operator: 'GreaterThan', threshold: 0, window: 'PT5M', every: 'PT5M', split: [queues], why: 'A message was given up.' }
    { name: 'backlog', severity: 2, scope: namespaceId, metric: 'ActiveMessages', aggregation: 'Minimum', operator: 'GreaterThan', threshold: 0, window: 'PT30M', every: 'PT5M', split: [queues], why: 'A queue was not empty for half an hour.' }
    { name: 'queue-refusals', severity: 2, scope: namespaceId, metric: 'ThrottledRequests', aggregation: 'Total', operator: 'GreaterThan', threshold: 0, window: 'PT15M', every: 'PT5M', split: [], why: 'Service Bus refused calls because there were too many.' }
    { name: 'database-down', severity: 0, scope: postgresId, metric: 'is_db_alive', aggregation: 'Maximum', operator: 'LessThan', threshold: 1, window: 'PT5M', every: 'PT1M', split: [], why: 'The database does not answer.' }
    { name: 'database-storage', severity: 2, scope: postgresId, metric: 'storage_percent', aggregation: 'Average', operator: 'GreaterThan', threshold: 85, window: 'PT15M', every: 'PT15M', split: [], why: 'The database is nearly full.' }
    { name: 'database-connections', severity: 1, scope: postgresId, metric: 'active_connections', aggregation: 'Maximum', operator: 'GreaterThan', threshold: postgresConnections * 8 / 10, window: 'PT15M', every: 'PT5M', split: [], why: 'Four fifths of the database\'s connections are taken.' }
    { name: 'database-cpu', severity: 2, scope: postgresId, metric: 'cpu_percent', aggregation: 'Average', operator: 'GreaterThan', threshold: 90, window: 'PT30M', every: 'PT5M', split: [], why: 'The database was busy for half an hour.' }
    { name: 'vault-denials', severity: 1, scope: vaultId, metric: 'ServiceApiResult', aggregation: 'Count', operator: 'GreaterThan', threshold: 0, window: 'PT15M', every: 'PT5M', split: [{ name: 'StatusCode', operator: 'Include', values: ['403'] }], why: 'The vault refused somebody a secret.' }
  ],
  burstable ? [
    { name: 'database-credits', severity: 2, scope: postgresId, metric: 'cpu_credits_remaining', aggregation: 'Average', operator: 'LessThan', threshold: 20, window: 'PT30M', every: 'PT15M', split: [], why: 'The small database has used up its saved CPU time, and gets slow.' }
  ] : [],
  empty(endpointId) ? [] : [
    { name: 'scoring-errors', severity: 2, scope: endpointId, metric: 'RequestsPerMinute', aggregation: 'Average', operator: 'GreaterThan', threshold: 1, window: 'PT15M', every: 'PT5M', split: [{ name: 'statusCodeClass', operator: 'Include', values: ['5xx'] }], why: 'The scoring endpoint answers with errors.' }
    { name: 'scoring-latency', severity: 3, scope: endpointId, metric: 'RequestLatency_P95', aggregation: 'Average', operator: 'GreaterThan', threshold: 120000, window: 'PT15M', every: 'PT5M', split: [], why: 'One scoring call in twenty takes over two minutes; at three it is cut off.' }
  ]
)

resource metricAlert 'Microsoft.Insights/metricAlerts@2018-03-01' = [for m in metrics: {
  name: 'opal-${m.name}-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    description: '${m.why} README.md, "Alerts". ${runbookUrl}'
    severity: m.severity
    enabled: true
    scopes: [m.scope]
    evaluationFrequency: m.every
    windowSize: m.window
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: m.name
          criterionType: 'StaticThresholdCriterion'
          metricName: m.metric
          operator: m.operator
          threshold: m.threshold
          timeAggregation: m.aggregation
          dimensions: m.split
          // A service reports some metrics only once it has something to report.
          skipMetricValidation: true
        }
      ]
    }
    actions: map(concat(mailTo, m.severity < 2 ? wakeBy : []), id => { actionGroupId: id, webHookProperties: { runbook: runbookUrl } })
  }
}]

// The apps' own metrics: each app is a resource of its own.
resource noReplica 'Microsoft.Insights/metricAlerts@2018-03-01' = if (!empty(apps)) {
  name: 'opal-api-gone-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    description: 'No replica of the API runs. README.md, "Alerts". ${runbookUrl}'
    severity: 0
    enabled: true
    scopes: [empty(apps) ? '' : resourceId('Microsoft.App/containerApps', apps[0])]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        { name: 'replicas', criterionType: 'StaticThresholdCriterion', metricName: 'Replicas', operator: 'LessThan', threshold: 1, timeAggregation: 'Maximum', skipMetricValidation: true }
      ]
    }
    actions: map(concat(mailTo, wakeBy), id => { actionGroupId: id, webHookProperties: { runbook: runbookUrl } })
  }
}

resource restarts 'Microsoft.Insights/metricAlerts@2018-03-01' = [for app in apps: {
  name: 'opal-restarts-${app}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Replicas of ${app} start again and again. README.md, "Alerts". ${runbookUrl}'
    severity: 1
    enabled: true
    scopes: [resourceId('Microsoft.App/containerApps', app)]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT30M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        { name: 'restarts', criterionType: 'StaticThresholdCriterion', metricName: 'RestartCount', operator: 'GreaterThan', threshold: 3, timeAggregation: 'Maximum', skipMetricValidation: true }
      ]
    }
    actions: map(concat(mailTo, wakeBy), id => { actionGroupId: id, webHookProperties: { runbook: runbookUrl } })
  }
}]

// From outside, by the name that clients use: DNS, certificate and ingress, too.
resource outside 'Microsoft.Insights/webtests@2022-06-15' = if (!empty(readyUrl)) {
  name: 'opal-ready-${environmentName}'
  location: location
  tags: union(tags, { 'hidden-link:${insightsId}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'opal-ready-${environmentName}'
    Name: 'OPAL is ready (${environmentName})'
    Enabled: true
    Kind: 'standard'
    Frequency: 300
    Timeout: 30
    RetryEnabled: true
    Locations: [{ Id: 'emea-nl-ams-azr' }, { Id: 'emea-gb-db3-azr' }, { Id: 'emea-fr-pra-edge' }]
    Request: { RequestUrl: readyUrl, HttpVerb: 'GET', ParseDependentRequests: false }
    ValidationRules: { ExpectedHttpStatusCode: 200, SSLCheck: true, SSLCertRemainingLifetimeCheck: 14 }
  }
}

resource notReady 'Microsoft.Insights/metricAlerts@2018-03-01' = if (!empty(readyUrl)) {
  name: 'opal-not-ready-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    description: 'From two places outside, the API is not ready or its certificate ends within 14 days. README.md, "Alerts". ${runbookUrl}'
    severity: 0
    enabled: true
    scopes: [outside.id, insightsId]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: outside.id
      componentId: insightsId
      failedLocationCount: 2
    }
    actions: map(concat(mailTo, wakeBy), id => { actionGroupId: id, webHookProperties: { runbook: runbookUrl } })
  }
}

// Alerts on log lines. The query ends in one number, which is compared, or in a
// number for each value of the dimension, which the mail then names.
var line = 'ContainerAppConsoleLogs | extend l = parse_json(Log) | extend level = tostring(l.level), message = tostring(l.message), code = tostring(l.code), service = tostring(l.service)'
var queries = [
  {
    name: 'errors'
    severity: 2
    query: '${line} | where level in ("error", "fatal") | summarize lines = count() by message, service'
    value: 'lines'
    split: ['message', 'service']
    operator: 'GreaterThan'
    threshold: 10
    window: 'PT15M'
    why: 'More than ten lines of level error with one message.'
  }
  {
    name: 'engine-refused'
    severity: 1
    query: '${line} | where code endswith "_unauthorized" or code endswith "_unpaid" | summarize lines = count() by code'
    value: 'lines'
    split: ['code']
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT15M'
    why: 'An engine refuses OPAL\'s key, or its account is empty: items wait.'
  }
  {
    name: 'engine-down'
    severity: 1
    query: '${line} | where message == "The item is tried again" and tobool(l.counted) == false | summarize lines = count() by code'
    value: 'lines'
    split: ['code']
    operator: 'GreaterThan'
    threshold: 20
    window: 'PT15M'
    why: 'An engine does not answer; the circuit breaker is open and items wait.'
  }
  {
    name: 'failed-items'
    severity: 2
    query: '${line} | where message startswith "Item failed" or message == "Item completed" | summarize failed = countif(message startswith "Item failed"), ended = count() | where ended >= 20 | project share = 100.0 * failed / ended'
    value: 'share'
    split: []
    operator: 'GreaterThan'
    threshold: 20
    window: 'PT1H'
    why: 'More than a fifth of an hour\'s items failed.'
  }
  {
    name: 'api-errors'
    severity: 1
    query: '${line} | where message == "HTTP request" and service == "web-api" | summarize bad = countif(toint(l.status) >= 500), calls = count() | where calls >= 20 | project share = 100.0 * bad / calls'
    value: 'share'
    split: []
    operator: 'GreaterThan'
    threshold: 5
    window: 'PT15M'
    why: 'More than one API call in twenty ended with 5xx.'
  }
  {
    name: 'api-latency'
    severity: 2
    query: '${line} | where message == "HTTP request" and service == "web-api" and tostring(l.route) !contains "events" and tostring(l.method) != "PUT" | summarize p95 = percentile(tolong(l.ms), 95), calls = count() | where calls >= 20'
    value: 'p95'
    split: []
    operator: 'GreaterThan'
    threshold: 2000
    window: 'PT15M'
    why: 'One API call in twenty takes over two seconds.'
  }
  {
    name: 'sweeps'
    severity: 2
    query: '${line} | where message in ("A sweep failed; trying again", "A sweep of the payments failed; trying again", "Sending messages failed; they stay in the outbox") | summarize lines = count() by message, service'
    value: 'lines'
    split: ['message', 'service']
    operator: 'GreaterThan'
    threshold: 20
    window: 'PT30M'
    why: 'What keeps jobs, payments or messages going fails over and over.'
  }
  {
    name: 'failed-jobs'
    severity: 1
    query: 'ContainerAppSystemLogs | where JobName startswith "opal-" | where Reason in ("BackoffLimitExceeded", "DeadlineExceeded", "ContainerBackOff") or Log has "has failed" | summarize lines = count() by JobName'
    value: 'lines'
    split: ['JobName']
    operator: 'GreaterThan'
    threshold: 0
    window: 'PT15M'
    why: 'A migration or an operator\'s command failed.'
  }
]

resource logAlert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for q in queries: {
  name: 'opal-${q.name}-${environmentName}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'OPAL: ${q.name} (${environmentName})'
    description: '${q.why} README.md, "Alerts". ${runbookUrl}'
    severity: q.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: q.window
    autoMitigate: true
    // The tables come into being with the first log lines, after these rules.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: q.query
          metricMeasureColumn: q.value
          timeAggregation: 'Maximum'
          dimensions: map(q.split, name => { name: name, operator: 'Include', values: ['*'] })
          operator: q.operator
          threshold: q.threshold
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: concat(mailTo, q.severity < 2 ? wakeBy : []), customProperties: { runbook: runbookUrl } }
  }
}]

// The questions that people ask the logs, under "Queries" in the workspace.
resource pack 'Microsoft.OperationalInsights/queryPacks@2025-02-01' = {
  name: 'opal-queries-${environmentName}'
  location: location
  tags: tags
  properties: {}
}

var saved = [
  { id: 'one request', title: 'One request through all roles', query: '${line} | where tostring(l.correlation_id) == "ID" | project TimeGenerated, service, level, message, l.job_id, l.item_id | order by TimeGenerated asc' }
  { id: 'one item', title: 'One item from upload to export', query: '${line} | where tostring(l.item_id) == "ID" | project TimeGenerated, service, level, message, code | order by TimeGenerated asc' }
  { id: 'failures', title: 'Failures by code and tenant', query: '${line} | where message startswith "Item failed" or message == "An export failed" | summarize n = count() by code, tenant = tostring(l.tenant_id) | order by n desc' }
  { id: 'slow calls', title: 'API calls by route: number, share of 5xx, p50, p95', query: '${line} | where message == "HTTP request" | summarize calls = count(), bad = countif(toint(l.status) >= 500), p50 = percentile(tolong(l.ms), 50), p95 = percentile(tolong(l.ms), 95) by route = tostring(l.route) | order by calls desc' }
  { id: 'errors', title: 'Warnings and errors by message', query: '${line} | where level in ("warn", "error", "fatal") | summarize n = count(), last = max(TimeGenerated), sample = take_any(Log) by service, message | order by n desc' }
  { id: 'platform', title: 'What the platform says of the apps', query: 'ContainerAppSystemLogs | where Type != "Normal" | project TimeGenerated, ContainerAppName, RevisionName, Reason, Log | order by TimeGenerated desc' }
]

resource savedQuery 'Microsoft.OperationalInsights/queryPacks/queries@2025-02-01' = [for s in saved: {
  parent: pack
  name: guid(resourceGroup().id, s.id)
  properties: { displayName: 'OPAL: ${s.title}', body: s.query, related: { categories: ['applications'] } }
}]

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = if (monthlyBudget > 0 && !empty(email)) {
  name: 'opal-budget-${environmentName}'
  properties: {
    category: 'Cost'
    amount: monthlyBudget
    timeGrain: 'Monthly'
    timePeriod: { startDate: budgetStart }
    notifications: {
      half: { enabled: true, operator: 'GreaterThan', threshold: 50, contactEmails: [email] }
      most: { enabled: true, operator: 'GreaterThan', threshold: 80, contactEmails: [email] }
      all: { enabled: true, operator: 'GreaterThan', threshold: 100, contactEmails: [email] }
      ahead: { enabled: true, operator: 'GreaterThan', threshold: 100, thresholdType: 'Forecasted', contactEmails: [email] }
    }
  }
}
