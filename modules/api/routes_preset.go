package api

import (
	"context"
	"net/http"

	"github.com/opal-photo/opal/modules/channel"
	"github.com/opal-photo/opal/modules/client"
	"github.com/opal-photo/opal/modules/tenant"
)

func presetRoutes(r *Routes) {
	s := r.s
	Add(r, Route{Method: http.MethodGet, Path: "/v1/presets", ID: "listPresets", Summary: "What variants can be made for", Tag: tagCatalogue, Scope: tenant.Read},
		func(context.Context, *TenantQuery) (*reply[client.PresetList], error) {
			return replyOf(client.PresetList{Presets: each(s.Presets, presetOf)}, nil)
		})
	Add(r, Route{Method: http.MethodGet, Path: "/v1/scenes", ID: "listScenes", Summary: "The scene types", Tag: tagCatalogue, Scope: tenant.Read},
		func(context.Context, *TenantQuery) (*reply[client.SceneList], error) {
			return replyOf(client.SceneList{Scenes: append([]string{}, s.Scenes...)}, nil)
		})
}

func presetOf(p channel.Preset) client.Preset {
	return client.Preset{
		Name: p.Name, Title: p.Title, Channel: p.Channel, Width: p.Width, Height: p.Height, Background: string(p.Background), Fill: p.Fill,
		Anchor: string(p.Anchor), SafeZone: p.SafeZone, Format: string(p.Format), Quality: p.Quality, Default: p.Default, Slot: p.Slot, Category: p.Category,
		Rules: each(p.Rules, ruleOf),
	}
}

func ruleOf(r channel.Rule) client.Rule {
	return client.Rule{Name: r.Name, Limit: r.Limit, Tolerance: r.Tolerance, Box: r.Box, AnyOf: r.AnyOf, Severity: string(r.Severity), Source: r.Source.Title, Address: r.Source.Address,
		Seen: r.Source.Seen, From: r.From, Until: r.Until, Advice: r.Advice}
}
