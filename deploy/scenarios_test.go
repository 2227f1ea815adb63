package deploy

// scenario is one set of parameters of the two templates, and what follows from it.
type scenario struct {
	name         string
	env          string // whose parameter files are read
	ground, apps map[string]any
	billed       bool
	secrets      []string // that the vault holds for the orchestrator, and signInSecret for the API
	tokens       bool     // the orchestrator calls Azure ML as itself
}

func scenarios() []scenario {
	scoring := []string{"aml-endpoint-key"}
	token := map[string]any{"scoringByToken": true}
	cut := "https://cut.example.com/score"
	return []scenario{
		{name: "dev", env: "dev", secrets: scoring},
		{name: "prod", env: "prod", billed: true, secrets: scoring},
		{name: "prod, watched, from GitHub, behind private endpoints", env: "prod", billed: true, secrets: scoring, ground: map[string]any{
			"privateEndpoints": true, "watchApps": true, "watchEndpoint": "opal-sd-placement-prod", "alertWebhook": "https://pager.example.com/x",
			"githubSubject": "repo:owner@1/opal@2:environment:prod", "alertEmail": "you@example.com",
		}},
		{name: "the second deployment, with a revision that keeps its traffic", env: "prod", billed: true, secrets: scoring, apps: map[string]any{
			"stableApiRevision": "opal-web-api-prod--r1", "stableBillingRevision": "opal-billing-service-prod--r1", "revision": "r2",
			"customDomain": "api.example.com", "certificateId": "/certificate", "publicBaseUrl": "https://api.example.com",
		}},
		{name: "oidc", env: "prod", billed: true, secrets: scoring, apps: map[string]any{
			"authMode": "oidc", "authIssuer": "https://login.example.com", "authAudience": "opal", "authRoles": "leads=approve,studio=make", "authTenantClaim": "opal_tenant",
		}},
		{name: "sign-in of browsers", env: "prod", billed: true, secrets: append([]string{signInSecret}, scoring...), apps: map[string]any{
			"authMode": "oidc", "authIssuer": "https://login.example.com", "authAudience": "opal", "authClientId": "opal-console",
		}},
		{name: "traces", env: "prod", billed: true, secrets: scoring, ground: map[string]any{"traces": true}},
		{name: "no keys, for a trial", env: "dev", secrets: scoring, apps: map[string]any{"authMode": "none"}},
		{
			name: "the longest name that an environment may have", env: "prod", billed: true, secrets: scoring,
			ground: map[string]any{"environmentName": "prodwest", "suffix": "abcdef"}, apps: map[string]any{"environmentName": "prodwest", "suffix": "abcdef"},
		},
		{name: "the scoring key from the workflow, as in v0.2.1", env: "dev", apps: map[string]any{"scoringKey": "a-key"}},
		// every engine, with a key and as oneself
		{name: "scoring by token", env: "dev", tokens: true, ground: token, apps: map[string]any{"scoringKeyInVault": false}},
		{name: "remove.bg", env: "dev", secrets: []string{"aml-endpoint-key", "removebg-api-key"}, apps: map[string]any{"cutoutEngine": "removebg"}},
		{name: "Photoroom", env: "dev", secrets: []string{"aml-endpoint-key", "photoroom-api-key"}, apps: map[string]any{"cutoutEngine": "photoroom"}},
		{name: "own cut-out", env: "dev", secrets: []string{"aml-endpoint-key", "cutout-endpoint-key"}, apps: map[string]any{"cutoutEngine": "azureml", "cutoutUrl": cut}},
		{
			name: "own cut-out by token", env: "dev", secrets: scoring, tokens: true, ground: token,
			apps: map[string]any{"cutoutEngine": "azureml", "cutoutUrl": cut, "cutoutKeyInVault": false},
		},
		{name: "OpenAI", env: "prod", billed: true, secrets: []string{"place-endpoint-key"}, apps: map[string]any{
			"placeEngine": "openai", "placeUrl": "https://api.openai.com/v1/images/edits", "placeModel": "some-model", "placeQuality": "high",
		}},
		{name: "Azure AI Foundry by token", env: "dev", apps: map[string]any{
			"placeEngine": "openai", "placeUrl": "https://x.openai.azure.com/openai/v1/images/edits", "placeModel": "some-model", "placeKeyInVault": false,
		}},
	}
}

func (c scenario) environment() string {
	if name, ok := c.apps["environmentName"].(string); ok {
		return name
	}
	return c.env
}

func (c scenario) groundParams() map[string]any {
	held := []any{"auth-key-pepper"}
	if c.billed {
		held = append(held, "mollie-api-key")
	}
	for _, s := range c.secrets {
		held = append(held, s)
	}
	params := map[string]any{"vaultSecrets": held}
	for k, v := range c.ground {
		params[k] = v
	}
	return params
}

func (c scenario) appsParams() map[string]any {
	params := map[string]any{"image": someImage, "deployApps": true, "scoringUrl": "https://scoring.example.com/score"}
	for k, v := range c.apps {
		params[k] = v
	}
	return params
}
