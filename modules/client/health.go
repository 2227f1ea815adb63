package client

// Health is the state of a service and its dependencies.
type Health struct {
	Status       string                `json:"status" enum:"ok,degraded" doc:"degraded: a dependency does not answer" example:"ok"`
	Ready        bool                  `json:"ready" doc:"Whether it can take requests" example:"true"`
	Dependencies map[string]Dependency `json:"dependencies" doc:"By name: database, blobs, queue"`
}

// Dependency is the state of one dependency.
type Dependency struct {
	Status   string `json:"status" enum:"ok,down" example:"ok"`
	Critical bool   `json:"critical" doc:"Without it the service isn't ready" example:"true"`
	Millis   int64  `json:"ms" doc:"Milliseconds until it answered" example:"3"`
	Code     string `json:"code,omitempty" doc:"What the failed look said" example:"timeout"`
}
