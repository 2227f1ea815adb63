package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/tenant"
)

type presetsOutput struct {
	Body struct {
		Presets []channel.Preset `json:"presets"`
	}
}

type scenesOutput struct {
	Body struct {
		Scenes []string `json:"scenes"`
	}
}

func presetRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodGet, Path: "/v1/presets", ID: "listPresets", Summary: "What variants can be made for", Tag: tagCatalogue, Scope: tenant.Read},
		func(context.Context, *TenantQuery) (*presetsOutput, error) {
			out := &presetsOutput{}
			out.Body.Presets = append([]channel.Preset{}, s.Presets...)
			return out, nil
		})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/scenes", ID: "listScenes", Summary: "The scene types", Tag: tagCatalogue, Scope: tenant.Read},
		func(context.Context, *TenantQuery) (*scenesOutput, error) {
			out := &scenesOutput{}
			out.Body.Scenes = append([]string{}, s.Scenes...)
			return out, nil
		})
}
