// One role as a container app.
param name string
param location string
param tags object
param hostId string
param identityId string
@description('The identity that the scale rules count messages with. Empty: none do.')
param scalerIdentityId string = ''
param registryServer string
param image string
@description('The role and its flags.')
param args string[]
param cpu string
param memory string
param minReplicas int
param maxReplicas int
param revision string
@description('The revision that keeps the traffic. Empty: the new one gets it.')
param stableRevision string = ''
@description('True: reachable from outside, with two revisions side by side while one is tried. False: a worker.')
param external bool = false
@description('A domain of one\'s own, and its certificate\'s ID. Empty: none.')
param customDomain string = ''
param certificateId string = ''
param livenessPath string
@description('How long the platform waits between SIGTERM and SIGKILL.')
param drainSeconds int
param scale array
@description('Secrets of the vault: name and url.')
param secrets array = []
@description('The scoring endpoint\'s key where it is not in the vault. Empty: it is, or there is none.')
@secure()
param scoringKey string = ''
param env array

var port = 8080
var newRevision = '${name}--${revision}'
// Tried at 0 % beside the running revision, it leaves sweeps and deletions alone.
var candidate = !empty(stableRevision) && stableRevision != newRevision

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: union({ '${identityId}': {} }, empty(scalerIdentityId) ? {} : { '${scalerIdentityId}': {} })
  }
  properties: {
    environmentId: hostId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: external ? 'Multiple' : 'Single'
      maxInactiveRevisions: 10
      registries: [{ server: registryServer, identity: identityId }]
      secrets: concat(
        map(secrets, secret => { name: secret.name, keyVaultUrl: secret.url, identity: identityId }),
        empty(scoringKey) ? [] : [{ name: 'aml-endpoint-key', value: scoringKey }]
      )
      // The scaler's identity is for the platform, not for the code.
      identitySettings: empty(scalerIdentityId) ? [] : [{ identity: scalerIdentityId, lifecycle: 'None' }]
      ingress: external ? {
        external: true
        targetPort: port
        transport: 'auto'
        allowInsecure: false
        customDomains: empty(customDomain) ? [] : [
          empty(certificateId) ? { name: customDomain, bindingType: 'Disabled' } : { name: customDomain, bindingType: 'SniEnabled', certificateId: certificateId }
        ]
        traffic: candidate ? [
          { revisionName: stableRevision, weight: 100 }
          { revisionName: newRevision, weight: 0, label: 'candidate' }
        ] : [{ latestRevision: true, weight: 100 }]
      } : null
    }
    template: {
      revisionSuffix: revision
      terminationGracePeriodSeconds: drainSeconds
      containers: [
        {
          name: 'opal'
          image: image
          args: args
          env: concat(env, candidate ? [{ name: 'BACKGROUND', value: 'off' }] : [])
          resources: { cpu: json(cpu), memory: memory }
          volumeMounts: [{ volumeName: 'tmp', mountPath: '/tmp' }]
          probes: [
            { type: 'Startup', httpGet: { path: livenessPath, port: port }, periodSeconds: 2, failureThreshold: 30, timeoutSeconds: 2 }
            // Each look at the dependencies is traffic, which keeps a replica from being idle.
            { type: 'Liveness', httpGet: { path: livenessPath, port: port }, periodSeconds: 30, failureThreshold: 3, timeoutSeconds: 5 }
            { type: 'Readiness', httpGet: { path: '/readyz', port: port }, periodSeconds: 15, failureThreshold: 2, timeoutSeconds: 5 }
          ]
        }
      ]
      scale: { minReplicas: minReplicas, maxReplicas: maxReplicas, rules: scale }
      volumes: [{ name: 'tmp', storageType: 'EmptyDir' }]
    }
  }
}
