// What GitHub's workflows sign in as: only from one environment of the
// repository, and only for what they do. They bring images and apps; database,
// pictures, secrets and rights are out of their reach.
param environmentName string
param location string
param tags object
param subject string
@description('The identities that apps run as.')
param identityNames string[]
param registryName string
param workspaceName string

var role = {
  reader: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'acdd72a7-3385-48ef-bd42-f606fba81ae7')
  apps: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '358470bc-b998-42bd-ab17-a7e34c199c0f')
  jobs: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4e3d2b60-56ae-4dc6-a233-09c8e5a82e68')
  identities: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
  push: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '8311e382-0749-4cb8-b61a-304f252e45ec')
  build: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'fb382eab-e894-4461-af04-94435c366c3f')
  endpoints: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f6c7c914-8db3-469d-8ca1-694a8f32e121')
  grant: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f58310d9-a9f6-439a-9e8d-f62e7b41a168')
}

// The one right that it may give: AcrPull, to a service, on the registry. A new
// scoring endpoint has an identity of its own.
var pull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var onlyPull = '((!(ActionMatches{\'Microsoft.Authorization/roleAssignments/write\'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${pull}} AND @Request[Microsoft.Authorization/roleAssignments:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {\'ServicePrincipal\'})) AND ((!(ActionMatches{\'Microsoft.Authorization/roleAssignments/delete\'})) OR (@Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {${pull}}))'

resource github 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'opal-github-${environmentName}'
  location: location
  tags: tags
}

resource credential 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2024-11-30' = {
  parent: github
  name: 'github'
  properties: {
    issuer: 'https://token.actions.githubusercontent.com'
    subject: subject
    audiences: ['api://AzureADTokenExchange']
  }
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

resource workspace 'Microsoft.MachineLearningServices/workspaces@2025-06-01' existing = {
  name: workspaceName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = [for name in identityNames: {
  name: name
}]

resource inGroup 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for id in [role.reader, role.apps, role.jobs]: {
  name: guid(resourceGroup().id, github.id, id)
  properties: { roleDefinitionId: id, principalId: github.properties.principalId, principalType: 'ServicePrincipal' }
}]

resource onIdentities 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, i) in identityNames: {
  name: guid(resourceGroup().id, name, github.id, role.identities)
  scope: identity[i]
  properties: { roleDefinitionId: role.identities, principalId: github.properties.principalId, principalType: 'ServicePrincipal' }
}]

resource onRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for id in [role.push, role.build]: {
  name: guid(registry.id, github.id, id)
  scope: registry
  properties: { roleDefinitionId: id, principalId: github.properties.principalId, principalType: 'ServicePrincipal' }
}]

resource grantOnRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, github.id, role.grant)
  scope: registry
  properties: {
    roleDefinitionId: role.grant
    principalId: github.properties.principalId
    principalType: 'ServicePrincipal'
    condition: onlyPull
    conditionVersion: '2.0'
  }
}

resource onWorkspace 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(workspace.id, github.id, role.endpoints)
  scope: workspace
  properties: { roleDefinitionId: role.endpoints, principalId: github.properties.principalId, principalType: 'ServicePrincipal' }
}

output clientId string = github.properties.clientId
