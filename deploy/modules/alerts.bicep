// What wakes somebody. README.md says what to do about each.
param environmentName string
param location string
param tags object
@description('Empty: nobody is written to.')
param email string
param workspaceId string
param namespaceId string
param postgresId string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: 'opal-alerts-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'opal'
    enabled: true
    emailReceivers: [{ name: 'on-call', emailAddress: email, useCommonAlertSchema: true }]
  }
}

var actions = empty(email) ? [] : [{ actionGroupId: people.id }]

resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'opal-dead-letters-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    description: 'A message could not be worked on. README.md, "Dead letters".'
    severity: 1
    enabled: true
    scopes: [namespaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        { name: 'dead', criterionType: 'StaticThresholdCriterion', metricName: 'DeadletteredMessages', operator: 'GreaterThan', threshold: 0, timeAggregation: 'Maximum' }
      ]
    }
    actions: actions
  }
}

resource backlog 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'opal-backlog-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    description: 'A queue was not empty for half an hour. README.md, "Alerts".'
    severity: 2
    enabled: true
    scopes: [namespaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT30M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        { name: 'waiting', criterionType: 'StaticThresholdCriterion', metricName: 'ActiveMessages', operator: 'GreaterThan', threshold: 0, timeAggregation: 'Minimum' }
      ]
    }
    actions: actions
  }
}

resource databaseStorage 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'opal-database-storage-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    description: 'The database is nearly full. README.md, "Alerts".'
    severity: 2
    enabled: true
    scopes: [postgresId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        { name: 'full', criterionType: 'StaticThresholdCriterion', metricName: 'storage_percent', operator: 'GreaterThan', threshold: 85, timeAggregation: 'Average' }
      ]
    }
    actions: actions
  }
}

resource errors 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'opal-errors-${environmentName}'
  location: location
  tags: tags
  properties: {
    displayName: 'OPAL logs errors'
    description: 'More than 10 error lines in 15 minutes. README.md, "Alerts".'
    severity: 2
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT15M'
    // The table comes into being with the first log line, after this rule.
    skipQueryValidation: true
    criteria: {
      allOf: [
        {
          query: 'ContainerAppConsoleLogs_CL | extend line = parse_json(Log_s) | where tostring(line.level) == "error"'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 10
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: empty(email) ? {} : { actionGroups: [people.id] }
  }
}
