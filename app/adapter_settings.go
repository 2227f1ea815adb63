package app

import (
	"strings"

	"github.com/opal-photo/opal/config"
	"github.com/opal-photo/opal/modules/api"
)

// settingsManual gives the API the rows of its page of settings.
func settingsManual() []api.SettingGroup {
	var groups []api.SettingGroup
	for _, one := range config.Settings() {
		title := strings.TrimSuffix(one.Group, ".")
		if n := len(groups); n == 0 || groups[n-1].Title != title {
			groups = append(groups, api.SettingGroup{Title: title})
		}
		g := &groups[len(groups)-1]
		g.Settings = append(g.Settings, api.SettingRow{Name: one.Name, Doc: one.Doc, Default: one.Default, Rule: one.Rule, Example: one.Example})
	}
	return groups
}
